#include "gateway/commands.hpp"

#include <algorithm>
#include <utility>

#include "base/json_scanner.hpp"
#include "base/json_text.hpp"
#include "gateway/encodings.hpp"
#include "gateway/entrance.hpp"
#include "gateway/inbound.hpp"
#include "gateway/worker_context.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

using base::Errc;
using base::fail;
using workers::Connection;
using workers::RoomKey;
using workers::Worker;

namespace {

constexpr std::size_t asked_max = 1000;      // requests of one client that backends have not answered
constexpr std::size_t published_max = 1000;  // messages of one client whose places are not known yet

std::string quoted(std::string_view text) {
  std::string out;
  base::append_json_string(out, text);
  return out;
}

std::vector<RoomKey> keys_of(const std::vector<std::string>& names) {
  std::vector<RoomKey> keys;
  keys.reserve(names.size());
  for (const std::string& name : names) keys.push_back(RoomKey::room(name));
  return keys;
}

std::shared_ptr<workers::Message> message_of(const Connection& connection, ClientCommand command) {
  auto message = std::make_shared<workers::Message>();
  message->target.name_space = connection.name_space();
  message->target.rooms = keys_of(command.rooms);
  message->event = std::move(command.event);
  message->data = std::move(command.data);
  message->kind = command.data_kind;
  return message;
}

// The members of a reply that carries what a backend answered: arguments, one of which stands for itself.
std::string answer_members(const workers::Message& answer) {
  std::string text;
  const auto elements = base::json_elements(answer.data);
  if (elements && elements->size() == 1) {
    workers::Message one = answer;
    one.kind = workers::DataKind::json;
    one.data = std::string(elements->front());
    append_data(one, text);
  } else {
    append_data(answer, text);
  }
  return text.substr(1);
}

}  // namespace

void Commands::perform(Worker& worker, Connection& connection, std::optional<std::uint64_t> id, ClientCommand command) {
  const bool is_move = command.kind == ClientCommand::Kind::join || command.kind == ClientCommand::Kind::leave;
  if (is_move && worker.is_backend_behind(connection)) {
    postponed_ = std::make_unique<Postponed>(Postponed{id, std::move(command)});
    return worker.pause_reads(connection);
  }
  do_now(worker, connection, id, std::move(command), false);
}

void Commands::do_now(Worker& worker, Connection& connection, std::optional<std::uint64_t> id, ClientCommand command,
                      bool are_prepared) {
  switch (command.kind) {
    case ClientCommand::Kind::join:
      return join(worker, connection, id, std::move(command), are_prepared);
    case ClientCommand::Kind::leave:
      return leave(worker, connection, id, command);
    case ClientCommand::Kind::publish:
      return publish(worker, connection, id, std::move(command));
    case ClientCommand::Kind::request:
      return request(worker, connection, id, std::move(command));
    case ClientCommand::Kind::presence:
      return presence(worker, connection, id, command);
    case ClientCommand::Kind::token:
      return renew(worker, connection, id, std::move(command), are_prepared);
    case ClientCommand::Kind::connect:
    case ClientCommand::Kind::subscribe:  // with which a client begins: its wire's business
    case ClientCommand::Kind::nothing:
      return;
  }
}

RoomRules Commands::rules(Worker& worker, const Connection& connection) {
  return {context_.options, context_.seals, granted_, worker.credentials_of(connection)};
}

base::Result<std::vector<RoomKey>> Commands::joinable(Worker& worker, const Connection& connection,
                                                      const std::vector<std::string>& rooms) {
  std::vector<RoomKey> fresh = keys_of(rooms);
  if (const auto status = check_rooms(fresh, rules(worker, connection)); !status) return status.error();
  std::erase_if(fresh, [&](const RoomKey& key) { return worker.is_in(connection, key); });
  const std::size_t rooms_max = worker.options().rooms_per_connection_max;
  if (worker.named_room_count(connection) + fresh.size() > rooms_max) {
    return fail(Errc::too_many, "a connection may be in at most " + std::to_string(rooms_max) + " rooms");
  }
  return fresh;
}

bool Commands::prepare(Worker& worker, Connection& connection, std::optional<std::uint64_t> id, ClientCommand& command,
                       const std::vector<RoomKey>& rooms) {
  const RoomsWish wish{connection.name_space(), rooms, command.since};
  const auto ready = gateway::prepare(
      context_, worker, connection, wish,
      [this](Worker& here, Connection& found, const base::Status& status) { take_prepared(here, found, status); });
  if (!ready) {
    postponed_ = std::make_unique<Postponed>(Postponed{id, std::move(command), true});
    worker.pause_reads(connection);
    return false;
  }
  if (!*ready) refuse(worker, connection, id, ready->error());
  return static_cast<bool>(*ready);
}

// What came behind it comes once reads resume.
void Commands::take_prepared(Worker& worker, Connection& connection, const base::Status& status) {
  // A lease that has ended goes before anything else.
  if (!postponed_ || !postponed_->is_preparing) return;
  const std::unique_ptr<Postponed> postponed = std::move(postponed_);
  if (!status) return refuse(worker, connection, postponed->id, status.error());
  do_now(worker, connection, postponed->id, std::move(postponed->command), true);
}

void Commands::join(Worker& worker, Connection& connection, std::optional<std::uint64_t> id, ClientCommand command,
                    bool are_prepared) {
  const auto fresh = joinable(worker, connection, command.rooms);
  if (!fresh) return refuse(worker, connection, id, fresh.error());
  if (!are_prepared && !prepare(worker, connection, id, command, *fresh)) return;
  workers::Announced joined = worker.join_since(connection, *fresh, command.since);
  std::string members = "\"position\":" + quoted(joined.position.text());
  if (joined.gap != workers::Gap::none) members += ",\"gap\":" + quoted(name_of(gap_reason(joined.gap)));
  reply(worker, connection, id, members);
  if (!id && joined.gap != workers::Gap::none) worker.tell_gap(connection, gap_reason(joined.gap));
  worker.replay(connection, std::move(joined.missed));
}

void Commands::leave(Worker& worker, Connection& connection, std::optional<std::uint64_t> id,
                     const ClientCommand& command) {
  worker.leave(connection, keys_of(command.rooms));
  reply(worker, connection, id, {});
}

base::Status Commands::check_addressed(Worker& worker, const Connection& connection, const std::string& room,
                                       bool is_spoken_to) {
  const auto* const credentials = worker.credentials_of(connection);
  if (is_spoken_to && credentials != nullptr && credentials->publish) {
    if (auto status = check_name(room, context_.options); !status) return status;
    return may_speak_to(worker, connection, room) ? base::ok()
                                                  : fail(Errc::forbidden, "the client may not speak to that room");
  }
  if (worker.is_in(connection, RoomKey::room(room))) return base::ok();
  return check_room(room, rules(worker, connection));
}

base::Status Commands::check_spoken_to(Worker& worker, const Connection& connection,
                                       const std::vector<std::string>& rooms) {
  for (const std::string& room : rooms) {
    if (auto status = check_addressed(worker, connection, room, true); !status) return status;
  }
  return base::ok();
}

void Commands::publish(Worker& worker, Connection& connection, std::optional<std::uint64_t> id, ClientCommand command) {
  if (const auto status = check_spoken_to(worker, connection, command.rooms); !status) {
    return refuse(worker, connection, id, status.error());
  }
  Waiting waiting{id, message_of(connection, std::move(command)), std::nullopt, false};
  switch (context_.options.client_messages) {
    case ClientMessages::backend:
      waiting.is_for_backend = true;
      return hand_on(worker, connection, std::move(waiting));
    case ClientMessages::relay:
      if (waiting.message->target.rooms.empty()) waiting.message->target.rooms = relay_rooms(worker, connection);
      if (!waiting.message->target.rooms.empty()) return hand_on(worker, connection, std::move(waiting));
      return refuse(worker, connection, id, fail(Errc::forbidden, "the client is in no room that it may speak to"));
    case ClientMessages::echo:
      // Who has not joined anything hears nothing.
      if (!connection.is_announced()) return worker.drop_received(workers::DropReason::policy);
      waiting.message->accepted = worker.now();
      worker.deliver_to(connection, waiting.message);
      return reply(worker, connection, id, {});
    case ClientMessages::drop:
      worker.drop_received(workers::DropReason::policy);
      return refuse(worker, connection, id, fail(Errc::forbidden, "clients' messages are not taken here"));
  }
}

void Commands::request(Worker& worker, Connection& connection, std::optional<std::uint64_t> id, ClientCommand command) {
  if (const auto status = check_spoken_to(worker, connection, command.rooms); !status) {
    return refuse(worker, connection, id, status.error());
  }
  if (asked_.size() >= asked_max) {
    return refuse(worker, connection, id, fail(Errc::too_many, "1,000 requests wait for answers"));
  }
  hand_on(worker, connection, {id, message_of(connection, std::move(command)), ++last_ack_id_, true});
}

void Commands::hand_on(Worker& worker, Connection& connection, Waiting waiting) {
  if (waiting.is_for_backend) return hand_to_backend(worker, connection, std::move(waiting));
  publish_now(worker, connection, std::move(waiting));
}

void Commands::publish_now(Worker& worker, Connection& connection, Waiting waiting) {
  const auto hold = [&] {
    waiting_ = std::make_unique<Waiting>(std::move(waiting));
    worker.pause_reads(connection);
  };
  if (published_ >= published_max) return hold();
  Worker::OnReceipt later;
  if (worker.has_shared_broker()) {
    later = [this, slot = connection.slot(), generation = connection.generation(), id = waiting.id](
                Worker& here, const base::Result<workers::Receipt>& receipt) {
      Connection* const found = here.find_open(slot, generation);
      if (found == nullptr) return;
      here.run_for(*found, [&] {
        --published_;
        take_receipt(here, *found, id, receipt);
        voice_.on_late_reply(here, *found);
      });
    };
  }
  const auto receipt = worker.publish(waiting.message, std::move(later));
  if (!receipt) {
    ++published_;
  } else if (!*receipt && receipt->error().code == Errc::exhausted) {
    hold();
  } else {
    take_receipt(worker, connection, waiting.id, *receipt);
  }
}

void Commands::take_receipt(Worker& worker, Connection& connection, std::optional<std::uint64_t> id,
                            const base::Result<workers::Receipt>& receipt) {
  if (receipt) return reply(worker, connection, id, "\"position\":" + quoted(receipt->position.text()));
  note_loss(worker, receipt.error());
  refuse(worker, connection, id, receipt.error());
}

void Commands::hand_to_backend(Worker& worker, Connection& connection, Waiting waiting) {
  switch (worker.tell_message(connection, waiting.message, waiting.ack_id)) {
    case workers::Backend::Offer::full:
      waiting_ = std::make_unique<Waiting>(std::move(waiting));
      return worker.pause_reads(connection);
    case workers::Backend::Offer::absent:
    case workers::Backend::Offer::refused:
      worker.drop_received(workers::DropReason::no_backend);
      return refuse(worker, connection, waiting.id, fail(Errc::unavailable, "no backend is there for it"));
    case workers::Backend::Offer::taken:
      break;
  }
  if (!waiting.ack_id) return reply(worker, connection, waiting.id, {});
  const bool is_first = asked_.empty();
  asked_.push_back({*waiting.ack_id, waiting.id, worker.now() + context_.options.request_seconds_max});
  if (is_first) voice_.on_nearer_deadline(worker, connection);
}

void Commands::on_resume(Worker& worker, Connection& connection) {
  if (const std::unique_ptr<Waiting> waiting = std::move(waiting_)) hand_on(worker, connection, std::move(*waiting));
  if (postponed_ && postponed_->is_preparing) return worker.pause_reads(connection);
  if (const std::unique_ptr<Postponed> postponed = std::move(postponed_)) {
    perform(worker, connection, postponed->id, std::move(postponed->command));
  }
}

void Commands::on_answer(Worker& worker, Connection& connection, std::uint64_t ack_id, const workers::Message& answer) {
  const auto asked = std::ranges::find(asked_, ack_id, &Asked::ack_id);
  if (asked == asked_.end()) return;
  const std::optional<std::uint64_t> id = asked->id;
  asked_.erase(asked);
  reply(worker, connection, id, answer_members(answer));
}

std::optional<base::TimePoint> Commands::next_deadline() const {
  return asked_.empty() ? std::nullopt : std::optional(asked_.front().until);
}

void Commands::expire(Worker& worker, Connection& connection) {
  while (!asked_.empty() && asked_.front().until <= worker.now()) {
    refuse(worker, connection, asked_.front().id, fail(Errc::timed_out, "no backend has answered in time"));
    asked_.pop_front();
  }
}

void Commands::presence(Worker& worker, Connection& connection, std::optional<std::uint64_t> id,
                        const ClientCommand& command) {
  std::string members = "\"members\":{";
  for (const std::string& room : command.rooms) {
    if (const auto status = check_addressed(worker, connection, room, false); !status) {
      return refuse(worker, connection, id, status.error());
    }
    if (members.back() != '{') members += ',';
    const std::uint64_t count = worker.sequencer(connection.name_space()).members(RoomKey::room(room));
    members += quoted(room) + ':' + std::to_string(count);
  }
  reply(worker, connection, id, members + '}');
}

void Commands::renew(Worker& worker, Connection& connection, std::optional<std::uint64_t> id, ClientCommand command,
                     bool are_prepared) {
  const auto admission =
      context_.authenticator.renewed(*command.token, worker.credentials_of(connection), worker.user_of(connection));
  if (!admission) return refuse(worker, connection, id, admission.error());
  std::vector<RoomKey> fresh = admission->rooms;
  std::erase_if(fresh, [&](const RoomKey& key) { return worker.is_in(connection, key); });
  if (worker.named_room_count(connection) + fresh.size() > worker.options().rooms_per_connection_max) {
    return refuse(worker, connection, id,
                  fail(Errc::too_many, "the token's rooms are more than a connection may be in"));
  }
  if (!are_prepared && !prepare(worker, connection, id, command, fresh)) return;
  std::string members;
  if (const auto& until = admission->credentials->good_until) {
    members = "\"expires\":" + std::to_string(std::chrono::system_clock::to_time_t(*until));
  }
  worker.renew(connection, admission->credentials);
  granted_ = admission->rooms;
  worker.join(connection, granted_);
  reply(worker, connection, id, members);
}

void Commands::reply(Worker& worker, Connection& connection, std::optional<std::uint64_t> id,
                     const std::string& members) {
  if (!id) return;
  voice_.say(worker, connection, "{\"reply\":" + std::to_string(*id) + ",\"ok\":{" + members + "}}");
}

void Commands::refuse(Worker& worker, Connection& connection, std::optional<std::uint64_t> id,
                      const base::Error& error) {
  voice_.say(worker, connection, error_object(error, id));
}

std::string error_object(const base::Error& error, std::optional<std::uint64_t> id) {
  const std::string reply = id ? "\"reply\":" + std::to_string(*id) + "," : std::string();
  return "{" + reply + "\"error\":{\"code\":" + quoted(base::row_of(error.code).name) +
         ",\"message\":" + quoted(error.detail) + "}}";
}

}  // namespace sluice::gateway
