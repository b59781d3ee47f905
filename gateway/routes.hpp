#pragma once
// Routes: what the paths of the client port are for, and what each makes of a request whose head was read.

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gateway/admission.hpp"
#include "gateway/client_counts.hpp"
#include "gateway/http_exchange.hpp"
#include "gateway/subscription.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

struct HttpHead;
struct RequestTarget;
struct WorkerContext;

// The connection has another wire now.
struct Became {};
// The connection is to go on at another worker, beginning with this request.
struct HandOver {
  base::WorkerId to;
};
// A backend is to say first whether the client may come in; then the request is routed again, with an admission.
struct NeedsVerdict {
  workers::VerdictQuestion question;
  Admission admission;  // as far as the request itself says
};
// The messages of those rooms are to come to this node before the client joins them; then the request is routed again,
// with that admission, and prepared.
struct NeedsRooms {
  base::NamespaceId name_space;
  std::vector<workers::RoomKey> rooms;
  std::optional<base::Position> since;
  Admission admission;       // was counted (count_user)
  std::string headers = {};  // of an answer that says that it cannot be
};
// A handler takes the request's body and answers later; a reply answers at once.
using Routed = std::variant<std::unique_ptr<HttpHandler>, HttpReply, HandOver, Became, NeedsVerdict, NeedsRooms>;

// One request, and the connection on which it came. `admission` is null until the client was admitted; it is counted
// once the rooms `are_prepared`.
struct RouteParts {
  workers::Worker& worker;
  workers::Connection& connection;
  WorkerContext& context;
  const HttpHead& head;
  const RequestTarget& target;
  const Admission* admission = nullptr;
  bool are_prepared = false;
};
Routed route(const RouteParts& parts);

// As whom a client that is to be a member comes in, or what comes instead.
std::variant<Admission, Routed> admit(const RouteParts& parts, workers::Protocol protocol);
// Counts it as its user's, unless that was done.
base::Status count_once(const RouteParts& parts, Admission& admission);
// What comes before a client is announced; nothing if nothing does.
std::optional<NeedsRooms> needs_rooms(const RouteParts& parts, const Admission& admission,
                                      const workers::Announcement& announcement);

}  // namespace sluice::gateway
