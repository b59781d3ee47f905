#include "gateway/line_wire.hpp"

#include <algorithm>
#include <utility>

#include "gateway/encodings.hpp"
#include "gateway/entrance.hpp"
#include "gateway/utf8.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

using base::Errc;
using base::fail;
using workers::Connection;
using workers::EndReason;
using workers::Worker;
using Kind = ClientCommand::Kind;

void LineWire::on_start(Worker& worker, Connection& connection) {
  worker.arm(connection, worker.now() + worker.shortened(context_.options.handshake_seconds_max));
}

std::size_t LineWire::on_bytes(Worker& worker, Connection& connection, std::span<char> bytes) {
  const std::size_t line_bytes_max = context_.options.message_bytes_max;
  std::string_view rest(bytes.data(), bytes.size());
  while (connection.is_open() && !connection.are_reads_paused()) {
    const auto line = lines_.next(rest, line_bytes_max);
    if (!line) break;
    on_line(worker, connection, *line);
  }
  if (lines_.is_too_long() && connection.is_open()) {
    end_with(worker, connection, EndReason::too_large,
             fail(Errc::too_large, "a line is longer than " + std::to_string(line_bytes_max) + " bytes"));
  }
  return bytes.size() - rest.size();
}

void LineWire::on_line(Worker& worker, Connection& connection, std::string_view line) {
  // As after a whole line of a person's.
  if (line.empty()) return;
  auto [id, command] = is_utf8(line) ? read_command(line, Dialect::lines)
                                     : ReadCommand{std::nullopt, fail(Errc::bad_request, "a line is UTF-8")};
  if (!commands_) {
    // Whoever does not even begin as it should speaks something else.
    if (!command) return end_with(worker, connection, EndReason::protocol_error, command.error(), id);
    return begin(worker, connection, {id, *std::move(command)});
  }
  if (command && command->kind == Kind::nothing) return;
  if (!worker.count_received(connection, line.size())) {
    command = fail(Errc::too_many, "commands come faster than they may");
  }
  if (command && command->kind == Kind::connect) {
    command = fail(Errc::bad_request, "connect is for the first line; the client is in already");
  }
  if (!command) return commands_->refuse(worker, connection, id, command.error());
  commands_->perform(worker, connection, id, *std::move(command));
}

// --- coming in ---

void LineWire::begin(Worker& worker, Connection& connection, Beginning beginning) {
  Arrival arrival{workers::Protocol::tcp};
  if (beginning.command.kind == Kind::connect) {
    arrival.name_space = beginning.command.name_space.value_or("/");
    arrival.token = beginning.command.token;
  }
  beginning_ = std::make_unique<Beginning>(std::move(beginning));
  worker.disarm(connection);
  enter(context_, worker, connection, arrival,
        [this](Worker& here, Connection& found, base::Result<Admission> admission) {
          return take_admission(here, found, std::move(admission));
        });
  // What comes behind it is for a client that is in.
  if (beginning_ && connection.is_open()) worker.pause_reads(connection);
}

bool LineWire::take_admission(Worker& worker, Connection& connection, base::Result<Admission> admission) {
  auto subscription = admission ? subscription_of(worker, beginning_->command, *admission)
                                : base::Result<Subscription>(admission.error());
  if (!subscription) {
    come_in(worker, connection, subscription.error());
    return false;
  }
  beginning_->admission = *std::move(admission);
  beginning_->subscription = *std::move(subscription);
  const workers::Announcement& wish = beginning_->subscription.announcement;
  const auto ready = prepare(context_, worker, connection, {wish.name_space, wish.rooms, wish.since},
                             [this](Worker& here, Connection& found, const base::Status& status) {
                               const auto& authenticator = context_.authenticator;
                               come_in(here, found, status ? authenticator.still_holds(beginning_->admission) : status);
                             });
  if (ready) come_in(worker, connection, *ready);
  return !ready;
}

void LineWire::come_in(Worker& worker, Connection& connection, const base::Status& status) {
  const std::unique_ptr<Beginning> beginning = std::move(beginning_);
  if (!status) return end_with(worker, connection, EndReason::refused, status.error(), beginning->id);
  commands_ =
      std::make_unique<Commands>(context_, static_cast<Commands::Voice&>(*this), std::move(beginning->admission.rooms));
  begin_subscription(worker, connection, std::move(beginning->subscription));
  arm(worker, connection);
  const Kind kind = beginning->command.kind;
  const bool is_done = kind == Kind::connect || kind == Kind::join || kind == Kind::nothing;
  if (!is_done && worker.count_received(connection, beginning->command.data.size())) {
    return commands_->perform(worker, connection, beginning->id, std::move(beginning->command));
  }
  if (beginning->id) say(worker, connection, "{\"reply\":" + std::to_string(*beginning->id) + ",\"ok\":{}}");
}

base::Result<Subscription> LineWire::subscription_of(Worker& worker, const ClientCommand& command,
                                                     const Admission& admission) const {
  SubscriptionWish wish;
  // Who begins by joining is in those rooms, everyone else in the default one.
  if (command.kind == Kind::connect || command.kind == Kind::join) {
    auto rooms = room_keys(command.rooms, context_.options);
    if (!rooms) return rooms.error();
    wish.rooms = *std::move(rooms);
    wish.since = command.since;
    wish.name_space = command.name_space.value_or("/");
  }
  auto subscription = make_subscription(std::move(wish), rules_of(context_, worker, admission));
  if (!subscription) return subscription;
  subscription->announcement.format = line_objects;
  subscription->is_enveloped = true;
  return subscription;
}

// --- while it is there ---

void LineWire::on_resume(Worker& worker, Connection& connection) {
  if (beginning_) return worker.pause_reads(connection);
  if (commands_) commands_->on_resume(worker, connection);
}

void LineWire::on_answer(Worker& worker, Connection& connection, std::uint64_t ack_id, const workers::Message& answer) {
  if (commands_) commands_->on_answer(worker, connection, ack_id, answer);
  end_if_answered(worker, connection);
}

void LineWire::arm(Worker& worker, Connection& connection) const {
  const base::TimePoint at = worker.now() + context_.options.ping_interval_seconds;
  worker.arm(connection, commands_ ? std::min(at, commands_->next_deadline().value_or(at)) : at);
}

// An empty object now and then: a client sees that the gateway lives, and one that is gone is noticed by what waits for
// it. Not everything that can read lines can answer them, so nothing is expected back.
void LineWire::on_deadline(Worker& worker, Connection& connection) {
  if (!commands_) {
    return end_with(worker, connection, EndReason::handshake_timeout,
                    fail(Errc::timed_out, "no line came; the first one may be {}"));
  }
  const auto asked = commands_->next_deadline();
  commands_->expire(worker, connection);
  if (!asked || *asked > worker.now()) say(worker, connection, "{}");
  arm(worker, connection);
  end_if_answered(worker, connection);
}

void LineWire::say(Worker& worker, Connection& connection, std::string_view object) {
  std::string line;
  append_line(object, line);
  worker.send(connection, line);
}

void LineWire::on_nearer_deadline(Worker& worker, Connection& connection) { arm(worker, connection); }

// --- endings ---

void LineWire::end_with(Worker& worker, Connection& connection, EndReason reason, const base::Error& error,
                        std::optional<std::uint64_t> id) {
  if (reason == EndReason::protocol_error) worker.metrics().protocol_errors.add();
  if (reason == EndReason::refused) worker.metrics().handshakes_refused.add();
  say(worker, connection, error_object(error, id));
  is_told_why_ = true;
  worker.end(connection, {reason, base::row_of(error.code).close_code, {}});
}

void LineWire::on_end_of_stream(Worker& worker, Connection& connection) {
  // A line that was begun is none. Whoever said all it had to say may still wait for a reply.
  has_ended_ = true;
  end_if_answered(worker, connection);
}

void LineWire::end_if_answered(Worker& worker, Connection& connection) const {
  if (!has_ended_ || (commands_ && commands_->owes_reply())) return;
  worker.end(connection, {EndReason::client_closed, 1000, {}});
  worker.close_after_flush(connection);
}

void LineWire::on_ending(Worker& worker, Connection& connection, const workers::Ending& ending) {
  if (is_told_why_ || ending.reason == EndReason::client_closed) return;
  say(worker, connection, end_notice(ending));
}

}  // namespace sluice::gateway
