#include "control/translator.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/control_character.hpp"
#include "base/json_scanner.hpp"
#include "base/labels.hpp"
#include "workers/event_names.hpp"

namespace sluice::control {

namespace {

// The first problem of several checks, which are run in turn until one finds something.
template <class... Checks>
Problem first_of(Checks&&... checks) {
  Problem problem;
  static_cast<void>(((problem = checks()).has_value() || ...));
  return problem;
}

std::string at(std::string_view field, int index) { return std::string(field) + "[" + std::to_string(index) + "]"; }

constexpr int attachments_max = 10;  // as Socket.IO's clients take

std::string depth_words() { return ", nested at most " + std::to_string(base::json_depth_max) + " deep"; }

Problem text(std::string_view field, const std::string& value, std::size_t bytes_max) {
  if (value.size() > bytes_max) return over_limit(base::Errc::too_large, std::string(field), {}, bytes_max, "bytes");
  if (base::has_control_character(value)) return misfit(std::string(field), "text without control characters");
  return {};
}

constexpr int patterns_max = 100;
constexpr std::size_t pattern_bytes_max = 256;

}  // namespace

bool are_patterns(const google::protobuf::RepeatedPtrField<std::string>& given) {
  return given.size() <= patterns_max && std::ranges::all_of(given, [](const std::string& one) {
           return !one.empty() && one.size() <= pattern_bytes_max && !base::has_control_character(one);
         });
}

Translator::Translator(workers::Namespaces& namespaces, TranslatorLimits limits)
    : namespaces_(namespaces), limits_(limits) {}

Problem Translator::message(const v1::PublishRequest& request, workers::Message& message) const {
  if (!request.has_target()) return misfit("target", "set");
  if (!request.has_payload()) return misfit("payload", "set");
  return first_of([&] { return target(request.target(), message.target); },
                  [&] { return payload(request.payload(), message); },
                  [&] { return delivery(request.options(), message); });
}

Problem Translator::payload(const v1::Payload& payload, workers::Message& message) const {
  if (!payload.event().empty()) message.event = payload.event();
  if (payload.attachments_size() > 0 && !payload.has_json() && !payload.has_arguments())
    return misfit("payload.attachments", "empty, unless json or arguments refer to them");
  if (auto problem = text("payload.event", message.event, workers::event_bytes_max)) return problem;
  if (workers::is_reserved_event(message.event))
    return misfit("payload.event", "a name that no wire reserves, unlike '" + message.event + "'");
  switch (payload.data_case()) {
    case v1::Payload::kText:
      message.kind = workers::DataKind::text;
      message.data = payload.text();
      return {};
    case v1::Payload::kBinary:
      message.kind = workers::DataKind::binary;
      message.data = payload.binary();
      return {};
    case v1::Payload::kJson:
      message.kind = workers::DataKind::json;
      message.data = payload.json();
      if (!base::is_json(message.data)) return misfit("payload.json", "one JSON value" + depth_words());
      return attachments("payload", payload, message);
    case v1::Payload::kArguments:
      return arguments("payload", payload, message);
    case v1::Payload::DATA_NOT_SET:
      break;
  }
  return misfit("payload", "set to text, binary, json or arguments");
}

Problem Translator::arguments(const std::string& field, const v1::Payload& payload, workers::Message& message) const {
  message.kind = workers::DataKind::arguments;
  message.data = payload.arguments();
  if (!base::json_elements(message.data)) return misfit(field + ".arguments", "one JSON array" + depth_words());
  return attachments(field, payload, message);
}

Problem Translator::attachments(const std::string& field, const v1::Payload& payload, workers::Message& message) const {
  if (payload.attachments_size() > attachments_max)
    return misfit(field + ".attachments", "at most " + std::to_string(attachments_max));
  for (const base::JsonPlaceholder& one : base::json_placeholders(message.data)) {
    if (payload.attachments_size() == 0) break;
    if (!one.number || *one.number >= static_cast<std::uint32_t>(payload.attachments_size()))
      return misfit(field + ".attachments", "as many as the placeholders name");
  }
  message.attachments.assign(payload.attachments().begin(), payload.attachments().end());
  return {};
}

Problem Translator::delivery(const v1::DeliveryOptions& options, workers::Message& message) const {
  const auto policy = options.slow_policy();
  if (policy < v1::SLOW_POLICY_UNSPECIFIED || policy > v1::SLOW_POLICY_CONFLATE)
    return misfit("options.slow_policy", "one of the policies that sluice.v1.SlowPolicy names");
  if (policy == v1::SLOW_POLICY_CONFLATE && options.conflation_key().empty())
    return misfit("options.conflation_key", "set, as the slow policy is to conflate by it");
  if (policy != v1::SLOW_POLICY_CONFLATE && policy != v1::SLOW_POLICY_UNSPECIFIED && !options.conflation_key().empty())
    return misfit("options.conflation_key", "empty, as the slow policy is not to conflate");
  if (options.conflation_key().size() > conflation_key_bytes_max)
    return over_limit(base::Errc::too_large, "options.conflation_key", {}, conflation_key_bytes_max, "bytes");
  message.stored = !options.volatile_();
  if (options.has_compress()) {
    message.deflation = options.compress() ? workers::Deflation::always : workers::Deflation::never;
  }
  if (policy != v1::SLOW_POLICY_UNSPECIFIED)
    message.slow_policy = static_cast<workers::SlowPolicy>(policy - v1::SLOW_POLICY_CLOSE);
  message.conflation_key = options.conflation_key();
  if (auto problem = idempotency_key(options.idempotency_key())) return inside("options.", *std::move(problem));
  return {};
}

Problem Translator::target(const v1::Target& target, workers::Target& out) const {
  using Kind = workers::RoomKey::Kind;
  const int names = target.rooms_size() + target.users_size() + target.connections_size() + target.except_rooms_size() +
                    target.except_users_size() + target.except_connections_size();
  if (static_cast<std::size_t>(names) > target_names_max)
    return over_limit(base::Errc::too_large, "target", {}, target_names_max, "names");
  const bool names_some = target.rooms_size() + target.users_size() + target.connections_size() > 0;
  if (target.everyone() && names_some)
    return misfit("target", "everyone alone, or rooms, users and connections without everyone");
  if (!target.everyone() && !names_some) return misfit("target", "set to rooms, users, connections or everyone");
  if (target.everyone()) out.rooms.push_back(workers::RoomKey::everyone());
  return first_of(
      [&] { return name_space("target.namespace", target.namespace_(), out.name_space); },
      [&] { return keys("target.rooms", target.rooms(), Kind::room, out.rooms); },
      [&] { return keys("target.users", target.users(), Kind::user, out.rooms); },
      [&] { return connections("target.connections", target.connections(), out.connections); },
      [&] { return keys("target.except_rooms", target.except_rooms(), Kind::room, out.except_rooms); },
      [&] { return keys("target.except_users", target.except_users(), Kind::user, out.except_rooms); },
      [&] { return connections("target.except_connections", target.except_connections(), out.except_connections); });
}

// Names that come twice are kept once, so that a target of one room stays one.
Problem Translator::keys(std::string_view field, const Names& names, workers::RoomKey::Kind kind,
                         std::vector<workers::RoomKey>& out) const {
  std::unordered_set<std::string_view> seen;
  for (int index = 0; index < names.size(); ++index) {
    const std::string& name = names[index];
    if (auto problem = room({}, name)) return inside(at(field, index), *std::move(problem));
    if (names.size() == 1 || seen.insert(name).second) out.push_back({kind, name});
  }
  return {};
}

Problem Translator::connections(std::string_view field, const Names& ids, std::vector<base::ConnectionId>& out) const {
  for (int index = 0; index < ids.size(); ++index) {
    base::ConnectionId id;
    if (auto problem = connection_id({}, ids[index], id)) return inside(at(field, index), *std::move(problem));
    if (std::ranges::find(out, id) == out.end()) out.push_back(id);
  }
  return {};
}

Problem Translator::connection_id(std::string_view field, const std::string& text, base::ConnectionId& out) const {
  const auto id = base::ConnectionId::parse(text);
  if (!id) return misfit(std::string(field), "a connection id as calls give it, such as 9f31c2d0-1-2a-7");
  out = *id;
  return {};
}

Problem Translator::room(std::string_view field, const std::string& name) const {
  if (name.empty()) return misfit(std::string(field), "a name that is not empty");
  if (name.size() > limits_.room_name_bytes_max)
    return over_limit(base::Errc::too_large, std::string(field), "room-name-bytes-max", limits_.room_name_bytes_max,
                      "bytes");
  return text(field, name, limits_.room_name_bytes_max);
}

Problem Translator::name_space(std::string_view field, const std::string& name, base::NamespaceId& out) const {
  const auto found = namespaces_.resolve(name.empty() ? "/" : std::string_view(name));
  if (found) {
    out = *found;
    return {};
  }
  if (found.error().code == base::Errc::exhausted)
    return over_limit(base::Errc::exhausted, std::string(field), "namespaces-max", namespaces_.size(), "namespaces");
  Failure failure =
      misfit(std::string(field), "a namespace that the gateway was given (--namespace, --namespace-pattern), or /");
  failure.code = base::Errc::not_found;
  return failure;
}

Problem Translator::changed_rooms(const Names& rooms, std::vector<workers::RoomKey>& out) const {
  if (rooms.empty()) return misfit("rooms", "at least one room");
  if (static_cast<std::size_t>(rooms.size()) > changed_rooms_max)
    return over_limit(base::Errc::too_large, "rooms", {}, changed_rooms_max, "rooms");
  return keys("rooms", rooms, workers::RoomKey::Kind::room, out);
}

Problem Translator::verdict(const v1::Verdict& request, workers::Verdict& out) const {
  if (request.has_allow()) {
    out.allows = true;
    if (!request.allow().user().empty()) {
      if (auto problem = room("allow.user", request.allow().user())) return problem;
      out.user = request.allow().user();
    }
    if (auto problem = keys("allow.rooms", request.allow().rooms(), workers::RoomKey::Kind::room, out.rooms))
      return problem;
    return allowance(request.allow(), out.allowance);
  }
  if (!request.has_refuse()) return misfit("answer", "set to allow or refuse");
  constexpr std::size_t message_bytes_max = 256, data_bytes_max = 4096;
  out.message = request.refuse().message().empty() ? "Not allowed" : request.refuse().message();
  out.data = request.refuse().data();
  if (out.data.size() > data_bytes_max)
    return over_limit(base::Errc::too_large, "refuse.data", {}, data_bytes_max, "bytes");
  if (!out.data.empty() && !base::is_json(out.data)) return misfit("refuse.data", "one JSON value" + depth_words());
  return text("refuse.message", out.message, message_bytes_max);
}

Problem Translator::allowance(const v1::Allow& request, workers::Allowance& out) const {
  for (const auto& [name, value] : request.labels()) out.labels.emplace_back(name, value);
  if (!base::are_labels(out.labels)) return misfit("allow.labels", std::string(base::labels_wanted));
  if (request.has_expires()) {
    // What is further than a clock can count is as good as for ever.
    constexpr std::int64_t seconds_max = 253'402'300'799, counted_max = 9'000'000'000;
    const std::int64_t seconds = request.expires().seconds();
    if (seconds < 0 || seconds > seconds_max) return misfit("allow.expires", "a time from 1970 to 9999");
    if (seconds < counted_max) out.good_until = std::chrono::system_clock::time_point(std::chrono::seconds(seconds));
  }
  const auto take = [](const char* field, const v1::Patterns& given,
                       std::optional<std::vector<std::string>>& patterns) -> Problem {
    if (!are_patterns(given.patterns())) return misfit(field, std::string(patterns_wanted));
    patterns.emplace(given.patterns().begin(), given.patterns().end());
    return {};
  };
  if (request.has_join()) {
    if (auto problem = take("allow.join", request.join(), out.join)) return problem;
  }
  return request.has_publish() ? take("allow.publish", request.publish(), out.publish) : Problem();
}

Problem Translator::ending(const v1::DisconnectRequest& request, workers::Ending& out) const {
  const std::uint32_t code = request.close_code() == 0 ? 1000 : request.close_code();
  constexpr std::array<std::uint32_t, 6> allowed{1000, 1001, 1008, 1011, 1012, 1013};
  if (std::ranges::find(allowed, code) == allowed.end() && (code < 3000 || code > 4999))
    return misfit("close_code", "1000, 1001, 1008, 1011, 1012, 1013 or 3000 to 4999");
  out = {workers::EndReason::disconnected, static_cast<std::uint16_t>(code), request.reason()};
  return reason(request.reason());
}

Problem Translator::reason(const std::string& value) const { return text("reason", value, close_reason_bytes_max); }

Problem Translator::filter(const v1::ListConnectionsRequest& request, workers::ConnectionFilter& out) const {
  if (!request.room().empty()) {
    if (auto problem = room("room", request.room())) return problem;
    out.room = workers::RoomKey::room(request.room());
  }
  if (!request.user().empty()) {
    if (auto problem = room("user", request.user())) return problem;
    out.user = request.user();
  }
  if (!request.namespace_().empty() || out.room || !out.user.empty()) {
    out.name_space.emplace();
    if (auto problem = name_space("namespace", request.namespace_(), *out.name_space)) return problem;
  }
  if (request.protocol() == v1::PROTOCOL_UNSPECIFIED) return {};
  const int protocol = request.protocol() - 1;
  if (protocol < 0 || static_cast<std::size_t>(protocol) >= workers::protocol_names.size())
    return misfit("protocol", "one of the protocols that sluice.v1.Protocol names");
  out.protocol = static_cast<workers::Protocol>(protocol);
  return {};
}

Problem Translator::position(std::string_view field, const std::string& text,
                             std::optional<base::Position>& out) const {
  if (text.empty()) return {};
  out = base::Position::parse(text);
  if (!out) return misfit(std::string(field), "a position as receipts give it, such as 00c0ffee00c0ffee-42");
  return {};
}

Problem Translator::page_size(std::string_view field, std::uint32_t given, std::size_t& out) const {
  if (given > limits_.list_page_max)
    return over_limit(base::Errc::too_large, std::string(field), "list-page-max", limits_.list_page_max, "items");
  out = given == 0 ? std::min(page_size_default, limits_.list_page_max) : given;
  return {};
}

Problem Translator::batch_size(std::size_t messages) const {
  if (messages == 0) return misfit("messages", "at least one message");
  if (messages > limits_.publish_batch_max)
    return over_limit(base::Errc::too_large, "messages", "publish-batch-max", limits_.publish_batch_max, "messages");
  return {};
}

Problem Translator::idempotency_key(const std::string& key) const {
  return text("idempotency_key", key, idempotency_key_bytes_max);
}

}  // namespace sluice::control
