#pragma once
// Commands: does what one client says by commands (docs/commands.md), whatever wire they came by. Belongs to the
// connection's wire.

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "gateway/client_command.hpp"
#include "gateway/subscription.hpp"
#include "workers/receipt.hpp"

namespace sluice::gateway {

// `{"reply":ID,"error":{"code":...,"message":...}}`, without `reply` if there is no id.
std::string error_object(const base::Error& error, std::optional<std::uint64_t> id = std::nullopt);

class Commands {
 public:
  // The wire, as far as its commands need it.
  class Voice {
   public:
    virtual ~Voice() = default;
    // Sends its client one JSON object.
    virtual void say(workers::Worker& worker, workers::Connection& connection, std::string_view object) = 0;
    // next_deadline() has come nearer.
    virtual void on_nearer_deadline(workers::Worker& worker, workers::Connection& connection) = 0;
    // A command was answered later than when it came, beside on_answer() and expire(): less may be awaited.
    virtual void on_late_reply(workers::Worker&, workers::Connection&) {}
  };

  // Both outlive this, which lives as long as the connection speaks that wire. `granted` are the rooms that the client
  // may ask for in any case.
  Commands(WorkerContext& context, Voice& voice, std::vector<workers::RoomKey> granted)
      : context_(context), voice_(voice), granted_(std::move(granted)) {}

  // Does a command of an announced connection, or of one that is not, if it is a publish; answers it if it has an id,
  // and in any case if it cannot be done. Whoever calls has counted it (Worker::count_received). It may pause the
  // connection's reads; then nothing more is to come until on_resume().
  void perform(workers::Worker& worker, workers::Connection& connection, std::optional<std::uint64_t> id,
               ClientCommand command);
  // Those of the rooms that the client is not in; an error if it may not be in them all.
  base::Result<std::vector<workers::RoomKey>> joinable(workers::Worker& worker, const workers::Connection& connection,
                                                       const std::vector<std::string>& rooms);
  // The rooms that the client may ask for in any case are others from now on.
  void grant(std::vector<workers::RoomKey> rooms) { granted_ = std::move(rooms); }
  // Answers what may not be done, or is no command.
  void refuse(workers::Worker& worker, workers::Connection& connection, std::optional<std::uint64_t> id,
              const base::Error& error);

  // As Wire has them.
  void on_resume(workers::Worker& worker, workers::Connection& connection);
  void on_answer(workers::Worker& worker, workers::Connection& connection, std::uint64_t ack_id,
                 const workers::Message& answer);
  // Whether a command waits that has to be done before any other.
  bool is_busy() const { return waiting_ != nullptr || postponed_ != nullptr; }
  // Whether a reply is still to come, be it in a while.
  bool owes_reply() const { return !asked_.empty() || published_ > 0; }
  // When a request has waited for its answer as long as it may; nothing if none waits. expire() is to be called then.
  std::optional<base::TimePoint> next_deadline() const;
  void expire(workers::Worker& worker, workers::Connection& connection);

 private:
  // A command whose message could not be taken yet.
  struct Waiting {
    std::optional<std::uint64_t> id;
    std::shared_ptr<workers::Message> message;
    std::optional<std::uint64_t> ack_id;  // it is a request
    bool is_for_backend;
  };
  // One that moves the client, of which backends are told who are behind, or whose rooms are prepared first.
  struct Postponed {
    std::optional<std::uint64_t> id;
    ClientCommand command;
    bool is_preparing = false;
  };
  // A request that backends have, in the order of their deadlines.
  struct Asked {
    std::uint64_t ack_id;
    std::optional<std::uint64_t> id;
    base::TimePoint until;
  };

  void do_now(workers::Worker& worker, workers::Connection& connection, std::optional<std::uint64_t> id,
              ClientCommand command, bool are_prepared);
  void join(workers::Worker& worker, workers::Connection& connection, std::optional<std::uint64_t> id,
            ClientCommand command, bool are_prepared);
  void leave(workers::Worker& worker, workers::Connection& connection, std::optional<std::uint64_t> id,
             const ClientCommand& command);
  void publish(workers::Worker& worker, workers::Connection& connection, std::optional<std::uint64_t> id,
               ClientCommand command);
  void request(workers::Worker& worker, workers::Connection& connection, std::optional<std::uint64_t> id,
               ClientCommand command);
  void presence(workers::Worker& worker, workers::Connection& connection, std::optional<std::uint64_t> id,
                const ClientCommand& command);
  void renew(workers::Worker& worker, workers::Connection& connection, std::optional<std::uint64_t> id,
             ClientCommand command, bool are_prepared);
  // False: the command, which joins those rooms, is done later, or cannot be done, which the client is told.
  bool prepare(workers::Worker& worker, workers::Connection& connection, std::optional<std::uint64_t> id,
               ClientCommand& command, const std::vector<workers::RoomKey>& rooms);
  void take_prepared(workers::Worker& worker, workers::Connection& connection, const base::Status& status);
  void hand_on(workers::Worker& worker, workers::Connection& connection, Waiting waiting);
  void publish_now(workers::Worker& worker, workers::Connection& connection, Waiting waiting);
  void take_receipt(workers::Worker& worker, workers::Connection& connection, std::optional<std::uint64_t> id,
                    const base::Result<workers::Receipt>& receipt);
  void hand_to_backend(workers::Worker& worker, workers::Connection& connection, Waiting waiting);

  RoomRules rules(workers::Worker& worker, const workers::Connection& connection);
  // Whether the client may speak to the room that the command names, or count its members.
  base::Status check_addressed(workers::Worker& worker, const workers::Connection& connection, const std::string& room,
                               bool is_spoken_to);
  // That for each room that a publish or a request names: the first refusal, if there is one.
  base::Status check_spoken_to(workers::Worker& worker, const workers::Connection& connection,
                               const std::vector<std::string>& rooms);
  // `members` are those of the reply's object `ok`, without braces. Nobody waits for the reply of a command without id.
  void reply(workers::Worker& worker, workers::Connection& connection, std::optional<std::uint64_t> id,
             const std::string& members);

  WorkerContext& context_;
  Voice& voice_;
  std::vector<workers::RoomKey> granted_;
  std::unique_ptr<Waiting> waiting_;
  std::unique_ptr<Postponed> postponed_;
  std::deque<Asked> asked_;
  std::size_t published_ = 0;  // messages whose places are not known yet
  std::uint64_t last_ack_id_ = 0;
};

}  // namespace sluice::gateway
