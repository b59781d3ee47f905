#include "gateway/client_command.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/control_character.hpp"
#include "base/json_scanner.hpp"
#include "gateway/base64.hpp"
#include "workers/event_names.hpp"

namespace sluice::gateway {
namespace {

using base::Errc;
using base::fail;
using Kind = ClientCommand::Kind;
using Members = std::vector<base::JsonMember>;

constexpr std::array<std::string_view, 6> kind_names{"join", "leave", "publish", "request", "presence", "token"};
constexpr std::uint64_t id_max = (std::uint64_t{1} << 53) - 1;  // what JSON numbers carry everywhere

base::Error bad(std::string why) { return fail(Errc::bad_request, std::move(why)); }

// As much of a client's text as a sentence about it bears.
std::string shown(std::string_view written) { return std::string(written.substr(0, 64)); }

std::string_view unquoted(std::string_view written) { return written.substr(1, written.size() - 2); }

std::string_view find(const Members& members, std::string_view name) {
  const auto found = std::ranges::find_if(members, [&](const auto& one) { return unquoted(one.name) == name; });
  return found == members.end() ? std::string_view{} : found->value;
}

bool is_text(std::string_view value) { return value.starts_with('"'); }

// A member that is not known is a mistake that would else go unnoticed.
base::Status check_members(std::string_view what, const Members& members,
                           std::initializer_list<std::string_view> known) {
  for (const base::JsonMember& member : members) {
    if (std::ranges::find(known, unquoted(member.name)) != known.end()) continue;
    return bad(std::string(what) + " has a member that is not known: " + shown(member.name));
  }
  return base::ok();
}

base::Status read_rooms(std::string_view what, std::string_view value, ClientCommand& command) {
  const auto elements = base::json_elements(value);
  const bool are_texts = elements && !elements->empty() && elements->size() <= command_rooms_max &&
                         std::ranges::all_of(*elements, is_text);
  if (!are_texts) {
    return bad(std::string(what) + " needs rooms: a list of 1 to " + std::to_string(command_rooms_max) + " names");
  }
  for (const std::string_view element : *elements) {
    std::string name = base::json_string(element);
    if (std::ranges::find(command.rooms, name) == command.rooms.end()) command.rooms.push_back(std::move(name));
  }
  return base::ok();
}

base::Status read_join(const Members& members, ClientCommand& command) {
  if (auto status = check_members("join", members, {"rooms", "since"}); !status) return status;
  if (const std::string_view since = find(members, "since"); !since.empty()) {
    if (is_text(since)) command.since = base::Position::parse(base::json_string(since));
    if (!command.since) return bad("since is not a position, such as 00c0ffee00c0ffee-42");
  }
  return read_rooms("join", find(members, "rooms"), command);
}

base::Status read_data(std::string_view data, std::string_view encoding, ClientCommand& command) {
  if (!encoding.empty()) {
    if (encoding != "\"base64\"") return bad("encoding is not base64");
    if (!is_text(data)) return bad("with encoding, data is a text in base64");
    command.data_kind = workers::DataKind::binary;
    return append_decoded_base64(command.data, base::json_string(data)) ? base::ok() : bad("data is not base64");
  }
  command.data_kind = is_text(data) ? workers::DataKind::text : workers::DataKind::json;
  command.data = is_text(data) ? base::json_string(data) : std::string(data);
  return base::ok();
}

base::Status read_message(std::string_view what, const Members& members, ClientCommand& command) {
  if (auto status = check_members(what, members, {"room", "event", "data", "encoding"}); !status) return status;
  if (const std::string_view room = find(members, "room"); !room.empty()) {
    if (!is_text(room)) return bad("room is not a name");
    command.rooms.push_back(base::json_string(room));
  }
  if (const std::string_view event = find(members, "event"); !event.empty()) {
    if (is_text(event)) command.event = base::json_string(event);
    const bool is_fit = is_text(event) && !command.event.empty() && command.event.size() <= workers::event_bytes_max &&
                        !base::has_control_character(command.event);
    if (!is_fit) return bad("event is not a name of 1 to 255 bytes without control characters");
    if (workers::is_reserved_event(command.event)) return bad("event is a name that is reserved: " + command.event);
  }
  const std::string_view data = find(members, "data");
  if (data.empty()) return bad(std::string(what) + " needs data: any JSON value");
  return read_data(data, find(members, "encoding"), command);
}

base::Status read_body(std::string_view value, ClientCommand& command) {
  const std::string_view what = kind_names[static_cast<std::size_t>(command.kind)];
  if (command.kind == Kind::token) {
    if (!is_text(value)) return bad("token is not a text");
    command.token = base::json_string(value);
    return base::ok();
  }
  const auto members = base::json_members(value);
  if (!members) return bad(std::string(what) + " is not an object");
  switch (command.kind) {
    case Kind::join:
      return read_join(*members, command);
    case Kind::leave:
    case Kind::presence:
      if (auto status = check_members(what, *members, {"rooms"}); !status) return status;
      return read_rooms(what, find(*members, "rooms"), command);
    case Kind::publish:
    case Kind::request:
      return read_message(what, *members, command);
    case Kind::token:
      break;
  }
  return base::ok();
}

std::optional<std::uint64_t> read_id(std::string_view value) {
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), id);
  const bool is_whole = error == std::errc() && end == value.data() + value.size() && id <= id_max;
  return is_whole ? std::optional(id) : std::nullopt;
}

}  // namespace

ReadCommand read_command(std::string_view text) {
  const auto members = base::json_members(text);
  if (!members) return {std::nullopt, bad("a command is one JSON object")};
  const auto id = read_id(find(*members, "id"));
  if (!id) return {std::nullopt, bad("a command needs an id: a whole number from 0 to 2^53 - 1")};
  ClientCommand command;
  std::string_view body;
  for (const base::JsonMember& member : *members) {
    const std::string_view name = unquoted(member.name);
    if (name == "id") continue;
    const auto kind = std::ranges::find(kind_names, name);
    if (kind == kind_names.end()) {
      return {id, bad("there is no command " + shown(member.name) +
                      "; there are join, leave, publish, request, presence and token")};
    }
    if (!body.empty()) return {id, bad("a command is one of join, leave, publish, request, presence and token")};
    command.kind = static_cast<Kind>(kind - kind_names.begin());
    body = member.value;
  }
  if (body.empty()) return {id, bad("a command is one of join, leave, publish, request, presence and token")};
  if (auto status = read_body(body, command); !status) return {id, status.error()};
  return {id, std::move(command)};
}

}  // namespace sluice::gateway
