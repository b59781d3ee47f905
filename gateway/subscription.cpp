#include "gateway/subscription.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "base/control_character.hpp"
#include "base/pattern.hpp"
#include "gateway/encodings.hpp"
#include "gateway/http_head.hpp"
#include "gateway/utf8.hpp"
#include "gateway/worker_context.hpp"

namespace sluice::gateway {
namespace {

using base::Errc;
using base::fail;

}  // namespace

workers::GapReason gap_reason(workers::Gap gap) {
  switch (gap) {
    case workers::Gap::none:
    case workers::Gap::evicted:
      return workers::GapReason::evicted;
    case workers::Gap::other_epoch:
      return workers::GapReason::other_epoch;
    case workers::Gap::future:
      return workers::GapReason::future;
  }
  return workers::GapReason::evicted;
}

base::Status check_name(const std::string& name, const Options& options) {
  if (name.empty()) return fail(Errc::bad_request, "a room's name is empty");
  if (name.size() > options.room_name_bytes_max) {
    return fail(Errc::bad_request,
                "a room's name is longer than " + std::to_string(options.room_name_bytes_max) + " bytes");
  }
  if (!is_utf8(name) || base::has_control_character(name)) {
    return fail(Errc::bad_request, "a room's name is not UTF-8 without control characters");
  }
  return base::ok();
}

SubscriptionRules rules_of(WorkerContext& context, const workers::Worker& worker, const Admission& admission) {
  return {context.options, context.namespaces, context.seals, worker.options().rooms_per_connection_max, admission};
}

base::Result<std::vector<workers::RoomKey>> read_room_names(const RequestTarget& target, const Options& options,
                                                            std::size_t rooms_max) {
  std::vector<workers::RoomKey> rooms;
  for (const auto& [name, value] : target.parameters) {
    if (name != "room") continue;
    if (const auto status = check_name(value, options); !status) return status.error();
    const auto key = workers::RoomKey::room(value);
    if (std::find(rooms.begin(), rooms.end(), key) != rooms.end()) continue;
    if (rooms.size() == rooms_max) {
      return fail(Errc::bad_request, "more rooms than " + std::to_string(rooms_max) + " are named");
    }
    rooms.push_back(key);
  }
  return rooms;
}

base::Status check_room(const std::string& name, const RoomRules& rules) {
  if (auto status = check_name(name, rules.options); !status) return status;
  if (rules.seals.is_socket_id(name)) return fail(Errc::forbidden, "a room was asked for that is a socket's own");
  const auto key = workers::RoomKey::room(name);
  if (name == default_room || std::ranges::find(rules.granted, key) != rules.granted.end()) return base::ok();
  if (rules.credentials != nullptr && rules.credentials->join) {
    const bool is_granted = base::matches_any_pattern(*rules.credentials->join, name);
    return is_granted ? base::ok() : fail(Errc::forbidden, "a room was asked for that the token does not grant");
  }
  if (rules.options.effective_client_rooms() != ClientRooms::granted) return base::ok();
  return fail(Errc::forbidden, "a room was asked for that was not granted; only lobby may be named");
}

base::Status check_rooms(const std::vector<workers::RoomKey>& rooms, const RoomRules& rules) {
  for (const workers::RoomKey& key : rooms) {
    if (auto status = check_room(key.name, rules); !status) return status;
  }
  return base::ok();
}

std::vector<workers::RoomKey> all_rooms(std::vector<workers::RoomKey> asked, const Admission& admission) {
  add_rooms(asked, admission.rooms);
  if (asked.empty()) asked.push_back(workers::RoomKey::room(std::string(default_room)));
  return asked;
}

workers::ConnectDetails read_details(const HttpHead& head, const RequestTarget& target, const Options& options) {
  static constexpr std::array<std::string_view, 15> own{"EIO",   "transport", "sid",  "t",        "b64",
                                                        "j",     "namespace", "room", "envelope", "since",
                                                        "token", "cursor",    "wait", "event",    "lastEventId"};
  workers::ConnectDetails details;
  for (const auto& parameter : target.parameters) {
    if (std::find(own.begin(), own.end(), parameter.first) == own.end()) details.parameters.push_back(parameter);
  }
  for (const std::string& name : options.backend_headers) {
    for (const auto& [field, value] : head.fields) {
      if (equals_ignoring_case(field, name)) details.headers.emplace_back(name, value);
    }
  }
  return details;
}

base::Result<std::vector<workers::RoomKey>> room_keys(const std::vector<std::string>& names, const Options& options) {
  std::vector<workers::RoomKey> keys;
  for (const std::string& name : names) {
    if (const auto status = check_name(name, options); !status) return status.error();
    add_rooms(keys, {workers::RoomKey::room(name)});
  }
  return keys;
}

base::Result<Subscription> make_subscription(SubscriptionWish wish, const SubscriptionRules& rules) {
  Subscription subscription;
  if (const auto status = check_rooms(wish.rooms, rules.rooms()); !status) return status.error();
  subscription.announcement.rooms = all_rooms(std::move(wish.rooms), rules.admission);
  if (subscription.announcement.rooms.size() > rules.rooms_max) {
    return fail(Errc::bad_request, "more rooms than " + std::to_string(rules.rooms_max) + " are named and granted");
  }
  subscription.announcement.since = wish.since;
  subscription.announcement.credentials = rules.admission.credentials;
  if (!rules.admission.user.empty()) {
    subscription.announcement.rooms.push_back(workers::RoomKey::user(rules.admission.user));
  }
  // The last check: it may bring the namespace into being.
  const auto name_space = rules.namespaces.resolve(wish.name_space);
  if (!name_space) return name_space.error();
  subscription.announcement.name_space = *name_space;
  return subscription;
}

base::Result<Subscription> read_subscription(const HttpHead& head, const RequestTarget& target,
                                             const SubscriptionRules& rules) {
  SubscriptionWish wish;
  auto rooms = read_room_names(target, rules.options, rules.rooms_max);
  if (!rooms) return rooms.error();
  wish.rooms = *std::move(rooms);
  bool is_enveloped = false;
  if (const std::string* const envelope = target.find("envelope")) {
    if (*envelope != "0" && *envelope != "1") return fail(Errc::bad_request, "envelope is neither 0 nor 1");
    is_enveloped = *envelope == "1";
  }
  if (const std::string* const since = target.find("since")) {
    wish.since = base::Position::parse(*since);
    if (!wish.since) return fail(Errc::bad_request, "since is not a position, such as 00c0ffee00c0ffee-42");
    is_enveloped = true;
  }
  if (const std::string* const name = target.find("namespace")) wish.name_space = *name;
  auto subscription = make_subscription(std::move(wish), rules);
  if (!subscription) return subscription;
  subscription->is_enveloped = is_enveloped;
  subscription->details = read_details(head, target, rules.options);
  return subscription;
}

void begin_subscription(workers::Worker& worker, workers::Connection& connection, Subscription subscription) {
  const workers::WireFormat format = subscription.announcement.format;
  workers::Announced announced = worker.announce(connection, std::move(subscription.announcement));
  worker.tell_connected(connection, std::move(subscription.details));
  if (!subscription.is_enveloped) return;
  std::string open;
  append_open(format, worker.id_of(connection).text(), announced.position.text(), open);
  worker.send(connection, open);
  if (announced.gap != workers::Gap::none) worker.tell_gap(connection, gap_reason(announced.gap));
  worker.replay(connection, std::move(announced.missed));
}

}  // namespace sluice::gateway
