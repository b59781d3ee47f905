#include "gateway/udp_wire.hpp"

#include <algorithm>
#include <utility>

#include "base/json_text.hpp"
#include "gateway/encodings.hpp"
#include "gateway/entrance.hpp"
#include "gateway/udp_port.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

using base::Errc;
using base::fail;
using workers::Connection;
using workers::EndReason;
using workers::Worker;
using Kind = ClientCommand::Kind;

namespace {

// For who does not say for how long it subscribes.
constexpr std::chrono::seconds lease_usual{60};

std::string text_list(const std::vector<std::string>& texts) {
  std::string list = "[";
  for (const std::string& text : texts) {
    if (list.size() > 1) list += ',';
    base::append_json_string(list, text);
  }
  return list + ']';
}

}  // namespace

void UdpWire::on_start(Worker& worker, Connection& connection) { arm(worker, connection); }

void UdpWire::on_command(Worker& worker, Connection& connection, ClientCommand command, std::size_t bytes) {
  question_bytes_ = bytes;
  // No subscription comes here without its proof.
  is_proven_ = is_proven_ || command.kind == Kind::subscribe;
  worker.note_life(connection);
  if (!worker.count_received(connection, bytes)) return;
  arm(worker, connection);
  // While it is not known who it is, or where, what it says is for nobody. It may say it again.
  if (is_entering_ || subscribing_) return worker.drop_received(workers::DropReason::over_rate);
  const bool is_other_token = command.token && *command.token != token_;
  if (!admission_ || (is_other_token && !connection.is_announced())) {
    return enter_by(worker, connection, std::move(command));
  }
  if (is_other_token) {
    ClientCommand renewal;
    renewal.kind = Kind::token;
    token_ = *command.token;
    renewal.token = command.token;
    commands_->perform(worker, connection, std::nullopt, std::move(renewal));
    if (commands_->is_busy()) {
      next_ = std::make_unique<ClientCommand>(std::move(command));
      return;
    }
  }
  perform(worker, connection, std::move(command));
}

// --- coming in ---

void UdpWire::enter_by(Worker& worker, Connection& connection, ClientCommand command) {
  const Arrival arrival{workers::Protocol::udp, command.name_space.value_or("/"), command.token};
  is_entering_ = true;
  enter(context_, worker, connection, arrival,
        [this, command = std::move(command)](Worker& here, Connection& found, base::Result<Admission> admission) {
          take_admission(here, found, command, std::move(admission));
          return subscribing_ != nullptr;
        });
}

void UdpWire::take_admission(Worker& worker, Connection& connection, const ClientCommand& command,
                             base::Result<Admission> admission) {
  is_entering_ = false;
  if (!admission) {
    worker.metrics().handshakes_refused.add();
    refuse(worker, connection, admission.error());
    return worker.end(connection, {EndReason::refused, base::row_of(admission.error().code).close_code, {}});
  }
  token_ = command.token.value_or("");
  admission_ = std::make_unique<Admission>(*std::move(admission));
  // What it has said before may still be under way.
  if (commands_) {
    commands_->grant(admission_->rooms);
  } else {
    commands_ = std::make_unique<Commands>(context_, static_cast<Commands::Voice&>(*this), admission_->rooms);
  }
  if (admission_->credentials) worker.renew(connection, admission_->credentials);
  perform(worker, connection, command);
}

void UdpWire::perform(Worker& worker, Connection& connection, ClientCommand command) {
  if (!connection.is_open()) return;
  if (command.kind == Kind::subscribe) {
    subscribe(worker, connection, std::move(command), false);
  } else if (command.kind == Kind::leave) {
    leave(worker, connection, command);
  } else if (command.kind == Kind::publish) {
    // Who is in no room speaks to the default one.
    if (command.rooms.empty() && !connection.is_announced()) command.rooms.emplace_back(default_room);
    commands_->perform(worker, connection, std::nullopt, std::move(command));
  }
}

// --- subscribing ---

void UdpWire::subscribe(Worker& worker, Connection& connection, ClientCommand command, bool are_prepared) {
  if (command.rooms.empty()) command.rooms.emplace_back(default_room);
  auto announcement = announcement_of(worker, connection, command);
  if (!announcement) return refuse(worker, connection, announcement.error());
  if (!are_prepared && !prepare_rooms(worker, connection, command, *announcement)) return;
  const bool is_in = connection.is_announced();
  workers::Announced announced = is_in ? worker.join_since(connection, announcement->rooms, announcement->since)
                                       : worker.announce(connection, *std::move(announcement));
  if (!is_in) worker.tell_connected(connection, {});
  const auto seconds_max = std::chrono::duration_cast<std::chrono::seconds>(port_.options().udp_lease_seconds_max);
  const auto seconds = std::min(
      command.seconds ? std::chrono::seconds(*command.seconds) : std::chrono::seconds(lease_usual), seconds_max);
  for (const std::string& room : command.rooms) {
    const auto found = std::ranges::find(leases_, room, &Lease::room);
    Lease& lease = found != leases_.end() ? *found : leases_.emplace_back(Lease{room, {}});
    lease.until = worker.now() + seconds;
  }
  arm(worker, connection);
  std::string object = "{\"subscribed\":{\"rooms\":" + text_list(command.rooms) +
                       ",\"seconds\":" + std::to_string(seconds.count()) + ",\"position\":\"" +
                       announced.position.text() + "\"";
  if (announced.gap != workers::Gap::none) {
    object.append(",\"gap\":\"").append(name_of(gap_reason(announced.gap))).append("\"");
  }
  say(worker, connection, object + "}}");
  worker.replay(connection, std::move(announced.missed));
}

base::Result<workers::Announcement> UdpWire::announcement_of(Worker& worker, const Connection& connection,
                                                             const ClientCommand& command) {
  if (connection.is_announced()) {
    if (command.name_space && *command.name_space != context_.namespaces.name_of(connection.name_space())) {
      return fail(Errc::bad_request, "an address is in one namespace; leave, or let the lease end, to be in another");
    }
    auto fresh = commands_->joinable(worker, connection, command.rooms);
    if (!fresh) return fresh.error();
    return workers::Announcement{connection.name_space(), line_objects, *std::move(fresh), command.since};
  }
  auto rooms = room_keys(command.rooms, context_.options);
  if (!rooms) return rooms.error();
  SubscriptionWish wish{*std::move(rooms), command.name_space.value_or("/"), command.since};
  auto subscription = make_subscription(std::move(wish), rules_of(context_, worker, *admission_));
  if (!subscription) return subscription.error();
  subscription->announcement.format = line_objects;
  return std::move(subscription->announcement);
}

bool UdpWire::prepare_rooms(Worker& worker, Connection& connection, ClientCommand& command,
                            const workers::Announcement& announcement) {
  const RoomsWish wish{announcement.name_space, announcement.rooms, announcement.since};
  const auto ready = prepare(
      context_, worker, connection, wish,
      [this](Worker& here, Connection& found, const base::Status& status) { take_prepared(here, found, status); });
  if (!ready) {
    subscribing_ = std::make_unique<ClientCommand>(std::move(command));
    return false;
  }
  if (!*ready) refuse(worker, connection, ready->error());
  return static_cast<bool>(*ready);
}

void UdpWire::take_prepared(Worker& worker, Connection& connection, base::Status status) {
  const std::unique_ptr<ClientCommand> command = std::move(subscribing_);
  if (status && !connection.is_announced()) status = context_.authenticator.still_holds(*admission_);
  if (!status) return refuse(worker, connection, status.error());
  subscribe(worker, connection, std::move(*command), true);
}

void UdpWire::leave(Worker& worker, Connection& connection, const ClientCommand& command) {
  if (!connection.is_announced()) return;
  commands_->perform(worker, connection, std::nullopt, command);
  std::erase_if(
      leases_, [&](const Lease& lease) { return std::ranges::find(command.rooms, lease.room) != command.rooms.end(); });
  if (leases_.empty()) worker.end(connection, {EndReason::client_closed, 1000, "every room was left"});
}

void UdpWire::arm(Worker& worker, Connection& connection) const {
  base::TimePoint at = worker.now() + port_.options().udp_linger_seconds;
  if (!leases_.empty()) at = std::ranges::min_element(leases_, {}, &Lease::until)->until;
  worker.arm(connection, at);
}

void UdpWire::on_deadline(Worker& worker, Connection& connection) {
  ClientCommand ended;
  ended.kind = Kind::leave;
  for (const Lease& lease : leases_) {
    if (lease.until <= worker.now()) ended.rooms.push_back(lease.room);
  }
  // A sender that has not subscribed has nothing to lose, and no reason to hear of it; one that is about to, has.
  if (subscribing_ && ended.rooms.size() == leases_.size()) {
    return worker.arm(connection, worker.now() + Preparations::patience_usual);
  }
  if (leases_.empty()) return worker.abandon(connection, EndReason::client_closed);
  if (ended.rooms.size() == leases_.size()) {
    return worker.end(connection, {EndReason::heartbeat_timeout, 1001, "the lease has ended"});
  }
  if (!ended.rooms.empty()) leave(worker, connection, ended);
  arm(worker, connection);
}

// --- the rest ---

void UdpWire::on_resume(Worker& worker, Connection& connection) {
  if (commands_) commands_->on_resume(worker, connection);
  if (!next_ || commands_->is_busy()) return;
  const std::unique_ptr<ClientCommand> next = std::move(next_);
  perform(worker, connection, std::move(*next));
}

void UdpWire::refuse(Worker& worker, Connection& connection, const base::Error& error) {
  say(worker, connection, error_object(error));
}

void UdpWire::say(Worker& worker, Connection& connection, std::string_view object) {
  // Whoever gives a stranger's address for its own must not get that stranger more than it sent.
  if (!is_proven_ && object.size() > question_bytes_) return worker.metrics().udp.answers_withheld.add();
  std::string line;
  append_line(object, line);
  worker.send(connection, line);
}

void UdpWire::on_ending(Worker& worker, Connection& connection, const workers::Ending& ending) {
  if (!is_proven_ || ending.text.empty()) return;
  say(worker, connection, end_notice(ending));
}

void UdpWire::on_gone(Worker& worker, Connection& connection) {
  port_.forget(peer_);
  // A backend that heard what it published keeps nobody for it.
  worker.forget_verdict(worker.id_of(connection));
}

}  // namespace sluice::gateway
