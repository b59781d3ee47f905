#pragma once
// The calls that there are, as metrics and paths name them.

#include <array>
#include <cstdint>
#include <string_view>

#include "identity/callers.hpp"

namespace sluice::control {

enum class Method : std::uint8_t {
  publish,
  publish_batch,
  publish_stream,
  join_rooms,
  leave_rooms,
  disconnect,
  get_connection,
  list_connections,
  list_rooms,
  history,
  get_node,
  drain,
  subscribe_events,
  emit_with_ack,
  revoke_tokens,
  block_user,
  unblock_user,
  presence,
  list_nodes,
  watch_nodes,
  undrain,
  shed,
};
inline constexpr std::array<std::string_view, 22> method_names{
    "Publish",         "PublishBatch",    "PublishStream", "JoinRooms", "LeaveRooms",  "Disconnect",
    "GetConnection",   "ListConnections", "ListRooms",     "History",   "GetNode",     "Drain",
    "SubscribeEvents", "EmitWithAck",     "RevokeTokens",  "BlockUser", "UnblockUser", "Presence",
    "ListNodes",       "WatchNodes",      "Undrain",       "Shed"};

// What a caller needs for it.
inline identity::Scope scope_of(Method method) {
  using identity::Scope;
  switch (method) {
    case Method::publish:
    case Method::publish_batch:
    case Method::publish_stream:
    case Method::emit_with_ack:
      return Scope::publish;
    case Method::get_connection:
    case Method::list_connections:
    case Method::list_rooms:
    case Method::history:
    case Method::get_node:
    case Method::presence:
    case Method::list_nodes:
    case Method::watch_nodes:
      return Scope::read;
    case Method::subscribe_events:
      return Scope::backend;
    case Method::join_rooms:
    case Method::leave_rooms:
    case Method::disconnect:
    case Method::drain:
    case Method::undrain:
    case Method::shed:
    case Method::revoke_tokens:
    case Method::block_user:
    case Method::unblock_user:
      break;
  }
  return Scope::admin;
}

// gRPC's status codes by number: their names in metrics and in the Connect protocol are the same words.
inline constexpr std::array<std::string_view, 17> status_names{
    "ok",        "canceled",       "unknown",           "invalid_argument",   "deadline_exceeded",
    "not_found", "already_exists", "permission_denied", "resource_exhausted", "failed_precondition",
    "aborted",   "out_of_range",   "unimplemented",     "internal",           "unavailable",
    "data_loss", "unauthenticated"};

}  // namespace sluice::control
