#pragma once
// ClientCommand: what a client of the sub-protocol `sluice.v1.json` asks for (docs/commands.md). Pure.

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

struct ClientCommand {
  enum class Kind : std::uint8_t { join, leave, publish, request, presence, token };
  Kind kind = Kind::join;
  std::vector<std::string> rooms;             // join, leave, presence: those named; publish, request: one or none
  std::optional<base::Position> since;        // join
  std::string event{workers::default_event};  // publish, request: what is said
  std::string data;
  workers::DataKind data_kind = workers::DataKind::json;
  std::string token;
};

struct ReadCommand {
  std::optional<std::uint64_t> id;  // nothing: it has none that could be read
  base::Result<ClientCommand> command;
};
// `text` is UTF-8. Errc::bad_request says what was wrong and what is wanted.
ReadCommand read_command(std::string_view text);

}  // namespace sluice::gateway
