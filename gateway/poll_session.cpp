#include "gateway/poll_session.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "gateway/encodings.hpp"
#include "gateway/entrance.hpp"
#include "gateway/http_answer.hpp"
#include "gateway/session_requests.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

using workers::Connection;
using workers::RoomKey;
using workers::Worker;

namespace {
// An answer has more only if its first message is longer.
constexpr std::size_t answer_bytes_max = 1'048'576;
}  // namespace

// Stands in the socket's place, and takes all at once.
class PollSession::Sink final : public workers::Transport {
 public:
  Sink(Worker& worker, PollSession& session, const base::Address& remote)
      : worker_(worker), session_(session), remote_(remote) {}

  Progress read(int, std::span<char>) override { return {State::blocked, 0, 0}; }
  Progress write(int, std::span<const iovec> pieces) override {
    std::size_t bytes = 0;
    // One piece is whole frames, unless a frame is larger than what is offered at once.
    const std::unique_ptr<std::string> begun = std::move(begun_);
    std::string all = begun ? std::move(*begun) : std::string();
    for (const iovec& piece : pieces) {
      all.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
      bytes += piece.iov_len;
    }
    std::string_view rest = all;
    while (polled::take(rest)) continue;
    if (!rest.empty()) begun_ = std::make_unique<std::string>(rest);
    session_.take(worker_, std::string_view(all).substr(0, all.size() - rest.size()));
    return {State::open, bytes, 0};
  }
  bool has_pending() const override { return false; }
  Progress end(int) override { return {}; }
  std::optional<base::Address> remote_address() const override { return remote_; }
  std::string_view failure() const override { return {}; }

 private:
  Worker& worker_;
  PollSession& session_;
  const base::Address remote_;
  std::unique_ptr<std::string> begun_;  // a piece whose end is still to come
};

HttpReply PollSession::gone_reply(std::optional<base::Position> since, bool names_rooms) {
  if (since && names_rooms) return elsewhere_reply(since->text());
  return http_reply({410,
                     base::fail(base::Errc::not_found,
                                "the cursor's client is gone, as it was away for too long or its node ended; ask again "
                                "with its rooms and the cursor's position, which is what stands before the point"),
                     {}});
}

HttpReply PollSession::elsewhere_reply(const std::string& cursor, std::chrono::milliseconds after) {
  std::string body = "{\"cursor\":\"" + cursor + "\",\"messages\":[],\"gap\":false";
  if (after.count() > 0) body += ",\"retry_ms\":" + std::to_string(after.count());
  return {200, "application/json", std::move(body) + "}\n"};
}

std::optional<base::ConnectionId> PollSession::open(Worker& worker, WorkerContext& context, const base::Address& remote,
                                                    Subscription subscription, const Ask& ask) {
  auto wire = std::make_unique<PollSession>(context);
  PollSession& session = *wire;
  auto sink = std::make_unique<Sink>(worker, session, remote);
  Connection* const connection = worker.open_session(std::move(wire), std::move(sink));
  if (connection == nullptr) return std::nullopt;
  const base::ConnectionId id = worker.id_of(*connection);
  worker.run_for(*connection, [&] {
    session.self_ = id;
    worker.unblock(*connection);
    subscription.announcement.format = poll_objects;
    subscription.announcement.since = ask.since;
    const workers::Announced announced = worker.announce(*connection, std::move(subscription.announcement));
    worker.tell_connected(*connection, std::move(subscription.details));
    session.answer_missed(worker, *connection, ask, announced);
  });
  return id;
}

void PollSession::on_poll(Worker& worker, Connection& connection, const Ask& ask) {
  if (!connection.is_open()) {
    return gateway::answer(context_, worker, ask.id,
                           ask.names_rooms && ask.since ? elsewhere_reply(ask.since->text())
                                                        : unavailable_reply("the connection is ending; ask again"));
  }
  worker.note_life(connection);
  // The one before was given up by whoever asked, or will be.
  if (const auto before = std::exchange(held_, std::nullopt)) answer(worker, before->id, before->since, {});
  const base::Position since = ask.since.value_or(worker.sequencer(connection.name_space()).position());
  forget_kept(since);
  if (worker.has_shared_broker() && !is_prepared(worker, connection, ask, since)) return;
  answer_missed(worker, connection, ask, missed_since(worker, connection, since));
}

bool PollSession::is_prepared(Worker& worker, Connection& connection, const Ask& ask, base::Position since) {
  std::vector<RoomKey> rooms;
  worker.for_each_room(connection, [&rooms](const RoomKey& key, std::uint64_t) { rooms.push_back(key); });
  held_ = Held{ask.id, since, true, ask.names_rooms};
  const auto ready = prepare(context_, worker, connection, {connection.name_space(), rooms, since},
                             [this, ask](Worker& here, Connection& found, const base::Status& status) {
                               take_prepared(here, found, ask, status);
                             });
  if (!ready) {
    // Longer than that takes.
    worker.arm(connection, worker.now() + 2 * Preparations::patience_usual);
    return false;
  }
  if (*ready) held_.reset();
  if (!*ready) take_prepared(worker, connection, ask, *ready);
  return static_cast<bool>(*ready);
}

void PollSession::take_prepared(Worker& worker, Connection& connection, const Ask& ask, const base::Status& status) {
  // Whoever asked may have gone, or asked anew.
  if (!held_ || !(held_->id == ask.id)) return;
  const base::Position since = std::exchange(held_, std::nullopt)->since;
  if (status) return answer_missed(worker, connection, ask, missed_since(worker, connection, since));
  gateway::answer(context_, worker, ask.id, scattered_unavailable_reply(status.error().detail, self_.slot));
  linger(worker, connection);
}

// What the history has for the connection. A message that a room had before the connection was in it is not for it.
workers::Announced PollSession::missed_since(Worker& worker, const Connection& connection, base::Position since) const {
  std::vector<RoomKey> keys;
  std::vector<std::uint64_t> places;
  worker.for_each_room(connection, [&](const RoomKey& key, std::uint64_t joined_place) {
    keys.push_back(key);
    places.push_back(joined_place);
  });
  auto& sequencer = worker.sequencer(connection.name_space());
  workers::Replay replay = sequencer.replay(keys, since);
  // All of a history that has begun meanwhile is new to it.
  const bool is_anew = replay.gap == workers::Gap::other_epoch && worker.has_shared_broker();
  if (is_anew) replay = {sequencer.replay(keys, {sequencer.position().epoch, 0}).messages, workers::Gap::other_epoch};
  // Those that it missed before it was opened came with its opening, or may be asked for again.
  const std::uint64_t first = *std::ranges::min_element(places);
  std::erase_if(replay.messages, [&](const auto& message) {
    if (message->place <= first) return false;
    return std::ranges::none_of(message->target.rooms, [&](const RoomKey& key) {
      const auto found = std::ranges::find(keys, key);
      return found != keys.end() && places[static_cast<std::size_t>(found - keys.begin())] < message->place;
    });
  });
  const bool is_lost = replay.gap == workers::Gap::other_epoch || replay.gap == workers::Gap::future;
  return {is_lost ? sequencer.position() : since, replay.gap, std::move(replay.messages)};
}

void PollSession::answer_missed(Worker& worker, Connection& connection, const Ask& ask,
                                const workers::Announced& announced) {
  static const Kept nothing;
  const Kept& kept = kept_ ? *kept_ : nothing;
  base::Position cursor = announced.position;
  std::string objects, piece;
  const auto add = [&objects](std::string_view object) { objects.append(objects.empty() ? "" : ",").append(object); };
  // The next request has the rest: the cursor says where this one stopped.
  const auto is_full = [&objects] { return objects.size() >= answer_bytes_max; };
  // In one order.
  auto next = kept.messages.begin();
  const auto add_kept_before = [&](std::uint64_t offset) {
    for (; next != kept.messages.end() && !is_full() && next->position.offset < offset; ++next) {
      add(next->object);
      if (next->position.epoch == cursor.epoch && next->position.offset > cursor.offset) cursor = next->position;
    }
  };
  for (const auto& message : announced.missed) {
    add_kept_before(message->position.offset);
    if (is_full()) break;
    cursor = message->position;
    if (worker.delivery().is_excepted(connection, message->target)) continue;
    piece.clear();
    append_message(context_, poll_objects, nullptr, *message, worker.delivery().shown_room(connection, *message),
                   piece);
    std::string_view rest = piece;
    add(polled::take(rest)->text);
  }
  add_kept_before(std::numeric_limits<std::uint64_t>::max());
  std::string_view gap;
  if (announced.gap != workers::Gap::none) gap = name_of(gap_reason(announced.gap));
  if (kept.lost && gap.empty() && !is_full()) {
    gap = name_of(workers::GapReason::dropped);
    if (kept.lost->epoch == cursor.epoch && kept.lost->offset > cursor.offset) cursor = *kept.lost;
  }
  if (objects.empty() && gap.empty() && ask.wait.count() > 0) return hold(worker, connection, ask, cursor);
  answer(worker, ask.id, cursor, objects, gap);
  linger(worker, connection);
}

bool PollSession::keep(const polled::Piece& piece) {
  constexpr std::size_t kept_bytes_max = 65'536;
  if (piece.is_gap || !piece.is_stored || piece.is_in_history) return true;
  if (!kept_) kept_ = std::make_unique<Kept>();
  if (kept_->bytes + piece.text.size() > kept_bytes_max) return false;
  kept_->bytes += piece.text.size();
  kept_->messages.push_back({piece.position, std::string(piece.text)});
  return true;
}

void PollSession::forget_kept(base::Position since) {
  if (!kept_) return;
  const auto is_had = [&since](const base::Position& position) {
    return position.epoch == since.epoch && position.offset <= since.offset;
  };
  std::erase_if(kept_->messages, [&](const Kept::Message& message) {
    if (!is_had(message.position)) return false;
    kept_->bytes -= message.object.size();
    return true;
  });
  if (kept_->lost && is_had(*kept_->lost)) kept_->lost.reset();
  if (kept_->messages.empty() && !kept_->lost) kept_.reset();
}

void PollSession::hold(Worker& worker, Connection& connection, const Ask& ask, base::Position since) {
  held_ = Held{ask.id, since, false, ask.names_rooms};
  worker.arm(connection, worker.now() + ask.wait);
}

void PollSession::linger(Worker& worker, Connection& connection) {
  worker.arm(connection, worker.now() + context_.options.poll_linger_seconds);
}

// Whole pieces have come. Without a request that waits for them they are the history's business, as far as it has
// them.
void PollSession::take(Worker& worker, std::string_view bytes) {
  if (!held_ || held_->is_preparing) {
    while (const auto piece = polled::take(bytes)) {
      if (!keep(*piece)) kept_->lost = piece->position;
    }
    return;
  }
  std::string objects;
  std::string_view gap;
  base::Position cursor = held_->since;
  while (const auto piece = polled::take(bytes)) {
    if (piece->is_gap) gap = name_of(workers::GapReason::dropped);
    // What an answer had already, by the history, is still on its way here now and then.
    const bool is_known = piece->is_in_history && piece->position.offset <= cursor.offset;
    if (piece->is_gap || is_known) continue;
    // What has no room is in this answer at least.
    static_cast<void>(keep(*piece));
    if (piece->is_stored) cursor = piece->position;
    if (!objects.empty()) objects += ',';
    objects += piece->text;
  }
  if (objects.empty() && gap.empty()) return;
  answer(worker, std::exchange(held_, std::nullopt)->id, cursor, objects, gap);
  Connection* const connection = worker.find_open(self_.slot, self_.generation);
  if (connection != nullptr) linger(worker, *connection);
}

void PollSession::answer(Worker& worker, const ExchangeId& id, base::Position cursor, std::string_view objects,
                         std::string_view gap) const {
  std::string body = "{\"cursor\":\"" + cursor.text() + '.' +
                     context_.seals.seal(Seals::Purpose::poll_session, self_, {}) + "\",\"messages\":[";
  body.append(objects).append(gap.empty() ? "],\"gap\":false" : "],\"gap\":true,\"reason\":\"");
  if (!gap.empty()) body.append(gap).append("\"");
  gateway::answer(context_, worker, id, {200, "application/json", std::move(body) + "}\n"});
}

void PollSession::on_request_gone(Worker& worker, Connection& connection, const ExchangeId& id) {
  if (!held_ || !(held_->id == id) || !connection.is_open()) return;
  held_.reset();
  linger(worker, connection);
}

void PollSession::on_deadline(Worker& worker, Connection& connection) {
  if (const auto held = std::exchange(held_, std::nullopt)) {
    answer(worker, held->id, held->since, {});
    return linger(worker, connection);
  }
  worker.end(connection, {workers::EndReason::heartbeat_timeout, 1001, "no poll came"});
}

void PollSession::refuse_held(Worker& worker, const HttpReply& reply) {
  const auto held = std::exchange(held_, std::nullopt);
  if (!held) return;
  gateway::answer(context_, worker, held->id, reply);
}

void PollSession::on_ending(Worker& worker, Connection&, const workers::Ending& ending) {
  const std::string why = ending.text.empty() ? "the connection was ended" : ending.text;
  const bool may_go_on = held_ && held_->names_rooms && may_come_back(ending.reason);
  if (may_go_on) return refuse_held(worker, elsewhere_reply(held_->since.text(), ending.returns_after));
  refuse_held(worker, may_come_back(ending.reason)
                          ? unavailable_reply(why, retry_after_seconds(ending))
                          : http_reply(HttpError{403, base::fail(base::Errc::forbidden, why)}));
}

void PollSession::on_gone(Worker& worker, Connection&) {
  refuse_held(worker, unavailable_reply("the connection has ended; ask again"));
}

}  // namespace sluice::gateway
