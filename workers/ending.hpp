#pragma once
// How a connection ends: the reason that metrics count, and what its wire says to the client.

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::workers {

enum class EndReason : std::uint8_t {
  client_closed,      // a clean goodbye from the client
  client_vanished,    // end of stream or reset without one
  protocol_error,     // the client broke its protocol
  too_large,          // a message or header over its limit
  refused,            // the request was answered with an error
  handshake_timeout,  // no complete request in time
  heartbeat_timeout,  // no sign of life
  slow_client,        // its outbox was over a bound
  disconnected,       // by a Disconnect call; the application's close codes are folded into this one
  draining,           // by Drain or by shutdown
  shed,               // by a Shed call
  aged,               // as old as a connection may be
  expired,            // its token is good no more: it ran out or was revoked
  no_backend,         // nobody is there for what it sent
  over_rate,          // it sent faster than it may
  exhausted,          // a limit of ours was reached
  internal_error,     // our fault
  node_lost,          // its node is gone; others tell
  moved,              // its session goes on at another node
  missed_messages,    // some of what it was to have is lost, and its protocol has no other way to say so
};
inline constexpr std::array<std::string_view, 20> ending_names{"client_closed",
                                                               "client_vanished",
                                                               "protocol_error",
                                                               "too_large",
                                                               "refused",
                                                               "handshake_timeout",
                                                               "heartbeat_timeout",
                                                               "slow_client",
                                                               "disconnected",
                                                               "draining",
                                                               "shed",
                                                               "aged",
                                                               "expired",
                                                               "no_backend",
                                                               "over_rate",
                                                               "exhausted",
                                                               "internal_error",
                                                               "node_lost",
                                                               "moved",
                                                               "missed_messages"};

struct Ending {
  EndReason reason;
  std::uint16_t close_code = 1000;  // RFC 6455, 7.4.1; other wires map it
  std::string text;                 // told to the client; at most 123 bytes, UTF-8
  // After how long the client had best come back, where its wire can say so; 0: nothing is said of that.
  std::chrono::milliseconds returns_after{0};
};

// The client did nothing wrong and is welcome at once, here or elsewhere.
inline bool may_come_back(EndReason reason) {
  return reason == EndReason::draining || reason == EndReason::shed || reason == EndReason::aged;
}

inline std::string_view name_of(EndReason reason) { return ending_names[static_cast<std::size_t>(reason)]; }

}  // namespace sluice::workers
