#pragma once
// ClientCommand: what a client asks for that says commands: in WebSocket messages of the sub-protocol `sluice.v1.json`
// (docs/commands.md), in lines over TCP, in datagrams (docs/sockets.md). Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "workers/message.hpp"

namespace sluice::gateway {

// Rooms that one command may name.
inline constexpr std::size_t command_rooms_max = 100;

// Where it was said, which decides what may be.
enum class Dialect : std::uint8_t { websocket, lines, datagrams };

struct ClientCommand {
  // `nothing` is an empty object: a sign of life.
  enum class Kind : std::uint8_t { join, leave, publish, request, presence, token, connect, subscribe, nothing };
  Kind kind = Kind::nothing;
  // join, leave, presence, connect, subscribe: those named, of which there may be none for the last two; publish,
  // request: one or none.
  std::vector<std::string> rooms;
  std::optional<base::Position> since;        // join, connect, subscribe
  std::string event{workers::default_event};  // publish, request: what is said
  std::string data;
  workers::DataKind data_kind = workers::DataKind::json;
  std::optional<std::string> token;       // connect, token, and any datagram's
  std::optional<std::string> name_space;  // connect, subscribe
  std::optional<std::uint32_t> seconds;   // subscribe: for how long
  std::string proof;                      // subscribe: what a challenge had; empty: none
};

struct ReadCommand {
  std::optional<std::uint64_t> id;  // nothing: it has none, or none that could be read
  base::Result<ClientCommand> command;
};
// `text` is UTF-8. Errc::bad_request says what was wrong and what is wanted. A WebSocket's commands have an id, those
// of lines may have one (a request and a question for presence need it), a datagram's have none.
ReadCommand read_command(std::string_view text, Dialect dialect);

}  // namespace sluice::gateway
