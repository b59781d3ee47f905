#pragma once
// What nodes of a cluster ask each other for, by the kind under which workers::Peers carries it. The words are part of
// what nodes of different versions agree on.

#include <string_view>

namespace sluice::control::share_kinds {

inline constexpr std::string_view join_rooms = "join_rooms", leave_rooms = "leave_rooms", disconnect = "disconnect";
inline constexpr std::string_view get_connection = "get_connection", list_connections = "list_connections";
inline constexpr std::string_view list_rooms = "list_rooms";
inline constexpr std::string_view presence_count = "presence_count", presence_page = "presence_page";
inline constexpr std::string_view emit = "emit", emit_acknowledged = "emit_acknowledged";
inline constexpr std::string_view access_change = "access_change";
inline constexpr std::string_view reply = "backend_reply", verdict = "backend_verdict", ask = "backend_ask";
inline constexpr std::string_view get_node = "get_node", drain = "drain", undrain = "undrain", shed = "shed";

}  // namespace sluice::control::share_kinds
