#pragma once
// What nodes say to each other when a session moves (proto/sluice/cluster/v1/moves.proto). Pure, but that a namespace
// may be made by its name.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "gateway/http_exchange.hpp"
#include "gateway/session_state.hpp"
#include "workers/namespaces.hpp"

namespace sluice::gateway::move_codec {

// What one side of a connection has answered to the other, where that waits for it.
struct MovedAnswer {
  base::ConnectionId connection;
  std::uint64_t number = 0;
  std::string arguments = {};
  std::vector<std::string> attachments = {};
};

struct Request {
  enum class Kind : std::uint8_t { begin, probed, take, end, arrived, acknowledged, answered };
  // What a connection was called, and what it is now.
  using Renamed = std::pair<base::ConnectionId, base::ConnectionId>;

  Kind kind = Kind::end;
  base::ConnectionId session;
  ExchangeId socket = {};             // without its node, which is the sender
  std::vector<Renamed> renamed = {};  // of arrived
  MovedAnswer answer = {};            // of acknowledged and answered
};

// What `begin` is answered with.
struct Begun {
  std::vector<NamespaceRooms> rooms;
};

std::string encode(const Request& request);
std::string encode(const Begun& begun, const workers::Namespaces& namespaces);
std::string encode(const SessionState& state, const workers::Namespaces& namespaces);

// Errc::bad_request says why `bytes` are none that this version understands; others, why there is no such namespace
// here.
base::Result<Request> decode_request(std::string_view bytes, std::uint32_t from);
base::Result<Begun> decode_begun(std::string_view bytes, workers::Namespaces& namespaces);
base::Result<SessionState> decode_state(std::string_view bytes, workers::Namespaces& namespaces);

}  // namespace sluice::gateway::move_codec
