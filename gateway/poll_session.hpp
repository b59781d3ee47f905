#pragma once
// PollSession: a client that asks again and again (GET /poll), as one connection over all its requests. What it gets is
// the history after its cursor; while a request is held, what comes meanwhile. It has no socket: its transport hands
// each message to the request that waits, or to nobody, as the history has it.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/http_exchange.hpp"
#include "gateway/polled.hpp"
#include "gateway/subscription.hpp"
#include "gateway/worker_context.hpp"
#include "workers/transport.hpp"
#include "workers/wire.hpp"

namespace sluice::gateway {

class PollSession final : public workers::Wire {
 public:
  // One request: from where, and how long it may be held.
  struct Ask {
    ExchangeId id;
    std::optional<base::Position> since;  // nothing: from now
    std::chrono::milliseconds wait{0};
    bool names_rooms = false;  // else they are known where its client is, and nowhere else
  };
  // What is answered to a poll whose client is gone: it goes on by its position, if that says enough.
  static HttpReply gone_reply(std::optional<base::Position> since, bool names_rooms);
  // It goes on at another node by `cursor`, and had best come back `after` that; 0: nothing is said of that.
  static HttpReply elsewhere_reply(const std::string& cursor, std::chrono::milliseconds after = {});
  // Opens one on this worker and gives it its first request. Nothing if there are as many connections as may be.
  static std::optional<base::ConnectionId> open(workers::Worker& worker, WorkerContext& context,
                                                const base::Address& remote, Subscription subscription, const Ask& ask);

  explicit PollSession(WorkerContext& context) : context_(context) {}

  void on_poll(workers::Worker& worker, workers::Connection& connection, const Ask& ask);
  // Whoever asked is gone.
  void on_request_gone(workers::Worker& worker, workers::Connection& connection, const ExchangeId& id);

  workers::Protocol protocol() const override { return workers::Protocol::poll; }
  std::size_t on_bytes(workers::Worker&, workers::Connection&, std::span<char> bytes) override { return bytes.size(); }
  void on_end_of_stream(workers::Worker&, workers::Connection&) override {}
  void on_deadline(workers::Worker& worker, workers::Connection& connection) override;
  void on_ending(workers::Worker& worker, workers::Connection& connection, const workers::Ending& ending) override;
  void on_gone(workers::Worker& worker, workers::Connection& connection) override;

 private:
  class Sink;
  // The request that waits.
  struct Held {
    ExchangeId id;
    base::Position since;
    bool is_preparing = false;  // it is not known yet what it has missed
    bool names_rooms = false;
  };

  // False: what the rooms had after `since` is still to come here, or cannot be had; then the request is held, or
  // answered.
  bool is_prepared(workers::Worker& worker, workers::Connection& connection, const Ask& ask, base::Position since);
  void take_prepared(workers::Worker& worker, workers::Connection& connection, const Ask& ask,
                     const base::Status& status);
  void take(workers::Worker& worker, std::string_view bytes);
  void answer_missed(workers::Worker& worker, workers::Connection& connection, const Ask& ask,
                     const workers::Announced& announced);
  workers::Announced missed_since(workers::Worker& worker, const workers::Connection& connection,
                                  base::Position since) const;
  void hold(workers::Worker& worker, workers::Connection& connection, const Ask& ask, base::Position since);
  void linger(workers::Worker& worker, workers::Connection& connection);
  // `objects` have a comma between each two.
  void answer(workers::Worker& worker, const ExchangeId& id, base::Position cursor, std::string_view objects,
              std::string_view gap = {}) const;
  void refuse_held(workers::Worker& worker, const HttpReply& reply);

  // What no history has: it was said to this client alone. It is kept until the client asks from behind it: the answer
  // that had it may not have arrived.
  struct Kept {
    struct Message {
      base::Position position;
      std::string object;
    };
    std::vector<Message> messages;
    std::size_t bytes = 0;
    std::optional<base::Position> lost;  // the newest that was more than may be kept, and was in no answer
  };
  // False if there is no room for it.
  bool keep(const polled::Piece& piece);
  void forget_kept(base::Position since);

  WorkerContext& context_;
  std::optional<Held> held_;
  std::unique_ptr<Kept> kept_;  // owned only while there is something
  base::ConnectionId self_;
};

// A held poll is a connection and a session: both together are to fit into 1,000 bytes.
static_assert(sizeof(PollSession) <= 96, "a polling client's own state");

}  // namespace sluice::gateway
