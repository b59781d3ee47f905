#pragma once
// Subscription: what a client's request asks for by its query: namespace, rooms, how messages look, where to resume
// from. The same on every wire that begins with a request.

#include <string_view>

#include "base/result.hpp"
#include "gateway/admission.hpp"
#include "gateway/options.hpp"
#include "gateway/request_target.hpp"
#include "gateway/sealed_id.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

struct HttpHead;
struct WorkerContext;

// The room of those that name none.
inline constexpr std::string_view default_room = "lobby";

struct Subscription {
  workers::Announcement announcement;  // its format is the wire's to fill in
  workers::ConnectDetails details;
  bool is_enveloped = false;
};

// Which rooms a client may ask for. All outlive the asking.
struct RoomRules {
  const Options& options;
  const Seals& seals;
  const std::vector<workers::RoomKey>& granted;  // in any case
  const workers::Credentials* credentials;       // null: none
};

// What a request is read against. All outlive the reading.
struct SubscriptionRules {
  const Options& options;
  workers::Namespaces& namespaces;
  const Seals& seals;
  std::size_t rooms_max;
  const Admission& admission;

  RoomRules rooms() const { return {options, seals, admission.rooms, admission.credentials.get()}; }
};
SubscriptionRules rules_of(WorkerContext& context, const workers::Worker& worker, const Admission& admission);

// Whether that can be the name of a room or a user.
base::Status check_name(const std::string& name, const Options& options);

// What a client asks to be a member of.
struct SubscriptionWish {
  std::vector<workers::RoomKey> rooms;  // those that it names, no key twice
  std::string name_space = "/";
  std::optional<base::Position> since;
};
// The subscription of a client that was let in, as far as it may have it. Its details are the caller's to fill in.
base::Result<Subscription> make_subscription(SubscriptionWish wish, const SubscriptionRules& rules);
// Named rooms as a wish has them. Errc::bad_request if one can be none.
base::Result<std::vector<workers::RoomKey>> room_keys(const std::vector<std::string>& names, const Options& options);

// `room` (repeatable), `namespace`, `envelope` and `since` of the query; others are nobody's business here.
base::Result<Subscription> read_subscription(const HttpHead& head, const RequestTarget& target,
                                             const SubscriptionRules& rules);

// Makes the connection, whose wire speaks already, a member, and tells an enveloped client where it stands and what it
// missed.
void begin_subscription(workers::Worker& worker, workers::Connection& connection, Subscription subscription);

// The rooms that are asked for, as far as they can be rooms at all.
base::Result<std::vector<workers::RoomKey>> read_room_names(const RequestTarget& target, const Options& options,
                                                            std::size_t rooms_max);
// Whether a client may ask for it, or for them.
base::Status check_room(const std::string& name, const RoomRules& rules);
base::Status check_rooms(const std::vector<workers::RoomKey>& rooms, const RoomRules& rules);
// Those, and those that come with the admission; the default one if there are none.
std::vector<workers::RoomKey> all_rooms(std::vector<workers::RoomKey> asked, const Admission& admission);

// As notices and replies tell of it.
workers::GapReason gap_reason(workers::Gap gap);

// What backends are told of a request.
workers::ConnectDetails read_details(const HttpHead& head, const RequestTarget& target, const Options& options);

}  // namespace sluice::gateway
