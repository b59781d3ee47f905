#pragma once
// CommandWire: a WebSocket client of the sub-protocol `sluice.v1.json`: it gets messages in envelopes, like others, and
// says commands, each of which is answered once (docs/commands.md).

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/admission.hpp"
#include "gateway/client_command.hpp"
#include "gateway/subscription.hpp"
#include "gateway/websocket_wire.hpp"

namespace sluice::gateway {

class CommandWire final : public WebSocketWire {
 public:
  // `granted` are the rooms that the client may ask for in any case.
  CommandWire(WorkerContext& context, workers::WireFormat format, const std::optional<DeflateTerms>& deflate,
              std::vector<workers::RoomKey> granted);

  void on_resume(workers::Worker& worker, workers::Connection& connection) override;
  void on_deadline(workers::Worker& worker, workers::Connection& connection) override;
  void on_answer(workers::Worker& worker, workers::Connection& connection, std::uint64_t ack_id,
                 const workers::Message& answer) override;

 private:
  // A command whose message could not be taken yet.
  struct Waiting {
    std::uint64_t id;
    std::shared_ptr<workers::Message> message;
    std::optional<std::uint64_t> ack_id;  // it is a request
    bool is_for_backend;
  };
  // One that moves the client, of which backends are told who are behind.
  struct Postponed {
    std::uint64_t id;
    ClientCommand command;
  };
  // A request that backends have, in the order of their deadlines.
  struct Asked {
    std::uint64_t ack_id, id;
    base::TimePoint until;
  };

  void on_message(workers::Worker& worker, workers::Connection& connection, workers::DataKind kind,
                  std::string_view payload) override;
  std::optional<base::TimePoint> own_deadline() const override;

  void perform(workers::Worker& worker, workers::Connection& connection, std::uint64_t id, ClientCommand command);
  void join(workers::Worker& worker, workers::Connection& connection, std::uint64_t id, const ClientCommand& command);
  void leave(workers::Worker& worker, workers::Connection& connection, std::uint64_t id, const ClientCommand& command);
  void publish(workers::Worker& worker, workers::Connection& connection, std::uint64_t id, ClientCommand command);
  void request(workers::Worker& worker, workers::Connection& connection, std::uint64_t id, ClientCommand command);
  void presence(workers::Worker& worker, workers::Connection& connection, std::uint64_t id,
                const ClientCommand& command);
  void renew(workers::Worker& worker, workers::Connection& connection, std::uint64_t id, const ClientCommand& command);
  void hand_on(workers::Worker& worker, workers::Connection& connection, Waiting waiting);
  void hand_to_backend(workers::Worker& worker, workers::Connection& connection, Waiting waiting);

  RoomRules rules(workers::Worker& worker, const workers::Connection& connection);
  // Whether the client may speak to the room that the command names, or count its members.
  base::Status check_addressed(workers::Worker& worker, const workers::Connection& connection, const std::string& room,
                               bool is_spoken_to);
  // That for each room that a publish or a request names: the first refusal, if there is one.
  base::Status check_spoken_to(workers::Worker& worker, const workers::Connection& connection,
                               const std::vector<std::string>& rooms);
  // `members` are those of the reply's object `ok`, without braces.
  void reply(workers::Worker& worker, workers::Connection& connection, std::uint64_t id, const std::string& members);
  void refuse(workers::Worker& worker, workers::Connection& connection, std::optional<std::uint64_t> id,
              const base::Error& error);

  std::vector<workers::RoomKey> granted_;
  std::unique_ptr<Waiting> waiting_;
  std::unique_ptr<Postponed> postponed_;
  std::deque<Asked> asked_;
  std::uint64_t last_ack_id_ = 0;
};

}  // namespace sluice::gateway
