#pragma once
// LineWire: one client over plain TCP or TLS: a JSON object a line, both ways (docs/sockets.md).

#include <memory>
#include <string>
#include <string_view>

#include "gateway/commands.hpp"
#include "gateway/line_buffer.hpp"
#include "gateway/worker_context.hpp"
#include "workers/wire.hpp"

namespace sluice::gateway {

class LineWire final : public workers::Wire, private Commands::Voice {
 public:
  // `context` outlives this.
  explicit LineWire(WorkerContext& context) : context_(context) {}

  workers::Protocol protocol() const override { return workers::Protocol::tcp; }
  void on_start(workers::Worker& worker, workers::Connection& connection) override;
  std::size_t on_bytes(workers::Worker& worker, workers::Connection& connection, std::span<char> bytes) override;
  void on_resume(workers::Worker& worker, workers::Connection& connection) override;
  void on_end_of_stream(workers::Worker& worker, workers::Connection& connection) override;
  void on_deadline(workers::Worker& worker, workers::Connection& connection) override;
  void on_answer(workers::Worker& worker, workers::Connection& connection, std::uint64_t ack_id,
                 const workers::Message& answer) override;
  void on_ending(workers::Worker& worker, workers::Connection& connection, const workers::Ending& ending) override;

 private:
  // The first line that says anything, which waits until its client is in.
  struct Beginning {
    std::optional<std::uint64_t> id;
    ClientCommand command;
    // Once the client was let in, while its rooms are prepared.
    Admission admission = {};
    Subscription subscription = {};
  };

  void on_line(workers::Worker& worker, workers::Connection& connection, std::string_view line);
  void begin(workers::Worker& worker, workers::Connection& connection, Beginning beginning);
  // True: its rooms are still to be prepared.
  bool take_admission(workers::Worker& worker, workers::Connection& connection, base::Result<Admission> admission);
  void come_in(workers::Worker& worker, workers::Connection& connection, const base::Status& status);
  base::Result<Subscription> subscription_of(workers::Worker& worker, const ClientCommand& command,
                                             const Admission& admission) const;
  void end_with(workers::Worker& worker, workers::Connection& connection, workers::EndReason reason,
                const base::Error& error, std::optional<std::uint64_t> id = std::nullopt);
  // Its client will say no more: then it goes once all that it asked is answered.
  void end_if_answered(workers::Worker& worker, workers::Connection& connection) const;
  void arm(workers::Worker& worker, workers::Connection& connection) const;

  void say(workers::Worker& worker, workers::Connection& connection, std::string_view object) override;
  void on_nearer_deadline(workers::Worker& worker, workers::Connection& connection) override;
  void on_late_reply(workers::Worker& worker, workers::Connection& connection) override {
    end_if_answered(worker, connection);
  }

  WorkerContext& context_;
  LineBuffer lines_;
  std::unique_ptr<Beginning> beginning_;  // while it is not known whether the client may come in
  std::unique_ptr<Commands> commands_;    // once it is in
  bool is_told_why_ = false;              // it ends
  bool has_ended_ = false;                // the client's stream
};

}  // namespace sluice::gateway
