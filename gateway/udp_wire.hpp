#pragma once
// UdpWire: one client that speaks datagrams from one address, for as long as it has subscribed, or for a moment after
// it has published.

#include <memory>
#include <string>
#include <vector>

#include "gateway/commands.hpp"
#include "gateway/udp_peer.hpp"
#include "gateway/worker_context.hpp"
#include "workers/wire.hpp"

namespace sluice::gateway {

class UdpPort;

class UdpWire final : public workers::Wire, private Commands::Voice {
 public:
  // `context` and `port` outlive this.
  UdpWire(WorkerContext& context, UdpPort& port, const UdpPeer& peer) : context_(context), port_(port), peer_(peer) {}

  // A datagram of so many bytes came. While no subscription has come, which it does with its proof alone, answers are
  // at most as long.
  void on_command(workers::Worker& worker, workers::Connection& connection, ClientCommand command, std::size_t bytes);

  workers::Protocol protocol() const override { return workers::Protocol::udp; }
  void on_start(workers::Worker& worker, workers::Connection& connection) override;
  std::size_t on_bytes(workers::Worker&, workers::Connection&, std::span<char> bytes) override { return bytes.size(); }
  void on_resume(workers::Worker& worker, workers::Connection& connection) override;
  void on_end_of_stream(workers::Worker&, workers::Connection&) override {}
  void on_deadline(workers::Worker& worker, workers::Connection& connection) override;
  void on_ending(workers::Worker& worker, workers::Connection& connection, const workers::Ending& ending) override;
  void on_gone(workers::Worker& worker, workers::Connection& connection) override;

 private:
  struct Lease {
    std::string room;
    base::TimePoint until;
  };

  void enter_by(workers::Worker& worker, workers::Connection& connection, ClientCommand command);
  void take_admission(workers::Worker& worker, workers::Connection& connection, const ClientCommand& command,
                      base::Result<Admission> admission);
  void perform(workers::Worker& worker, workers::Connection& connection, ClientCommand command);
  void subscribe(workers::Worker& worker, workers::Connection& connection, ClientCommand command, bool are_prepared);
  // Of one that is in already: the rooms that it joins.
  base::Result<workers::Announcement> announcement_of(workers::Worker& worker, const workers::Connection& connection,
                                                      const ClientCommand& command);
  // False: the subscription comes later, or not at all, which the client is told.
  bool prepare_rooms(workers::Worker& worker, workers::Connection& connection, ClientCommand& command,
                     const workers::Announcement& announcement);
  void take_prepared(workers::Worker& worker, workers::Connection& connection, base::Status status);
  void leave(workers::Worker& worker, workers::Connection& connection, const ClientCommand& command);
  void arm(workers::Worker& worker, workers::Connection& connection) const;
  void refuse(workers::Worker& worker, workers::Connection& connection, const base::Error& error);

  void say(workers::Worker& worker, workers::Connection& connection, std::string_view object) override;
  void on_nearer_deadline(workers::Worker&, workers::Connection&) override {}

  WorkerContext& context_;
  UdpPort& port_;
  const UdpPeer peer_;
  std::string token_;                     // that it came in with; empty: none
  std::unique_ptr<Admission> admission_;  // once it is in
  std::unique_ptr<Commands> commands_;    // likewise
  std::vector<Lease> leases_;
  std::size_t question_bytes_ = 0;              // of its last datagram
  std::unique_ptr<ClientCommand> subscribing_;  // whose rooms are prepared
  std::unique_ptr<ClientCommand> next_;         // came with a token whose rooms are
  bool is_entering_ = false;                    // a backend is asked whether it may come in
  bool is_proven_ = false;                      // the address is the client's own
};

}  // namespace sluice::gateway
