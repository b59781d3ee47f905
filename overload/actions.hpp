#pragma once
// What the node does about pressure, from the mildest to the harshest, which is the order in which they begin.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::overload {

enum class Action : std::uint8_t {
  pause_reads,       // of the clients that send most
  shorten_timeouts,  // of handshakes, idle connections and outboxes
  drop_volatile,     // messages, for clients that have others waiting
  refuse_clients,    // new ones
  close_outboxes,    // of the clients that read least
};
inline constexpr std::array<std::string_view, 5> action_names{"pause_reads", "shorten_timeouts", "drop_volatile",
                                                              "refuse_clients", "close_outboxes"};
inline constexpr std::size_t action_count = action_names.size();

inline std::string_view name_of(Action action) { return action_names[static_cast<std::size_t>(action)]; }

}  // namespace sluice::overload
