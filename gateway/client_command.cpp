#include "gateway/client_command.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>

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

constexpr std::array<std::string_view, 8> kind_names{"join",     "leave", "publish", "request",
                                                     "presence", "token", "connect", "subscribe"};

// What each dialect knows, as sentences name it.
struct Vocabulary {
  std::vector<Kind> kinds;
  std::string_view list;
};
const Vocabulary& vocabulary_of(Dialect dialect) {
  static const std::array<Vocabulary, 3> all{{
      {{Kind::join, Kind::leave, Kind::publish, Kind::request, Kind::presence, Kind::token},
       "join, leave, publish, request, presence and token"},
      {{Kind::connect, Kind::join, Kind::leave, Kind::publish, Kind::request, Kind::presence, Kind::token},
       "connect, join, leave, publish, request, presence and token"},
      {{Kind::subscribe, Kind::leave, Kind::publish}, "subscribe, leave and publish"},
  }};
  return all[static_cast<std::size_t>(dialect)];
}
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
  const auto elements = is_text(value) ? std::optional(std::vector{value}) : base::json_elements(value);
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

base::Status read_since(const Members& members, ClientCommand& command) {
  const std::string_view since = find(members, "since");
  if (since.empty()) return base::ok();
  if (is_text(since)) command.since = base::Position::parse(base::json_string(since));
  return command.since ? base::ok() : bad("since is not a position, such as 00c0ffee00c0ffee-42");
}

base::Status read_join(const Members& members, ClientCommand& command) {
  if (auto status = check_members("join", members, {"rooms", "since"}); !status) return status;
  if (auto status = read_since(members, command); !status) return status;
  return read_rooms("join", find(members, "rooms"), command);
}

// A text by that name, if there is one.
base::Status read_text(const Members& members, std::string_view name, std::optional<std::string>& text) {
  const std::string_view value = find(members, name);
  if (value.empty()) return base::ok();
  if (!is_text(value)) return bad(std::string(name) + " is not a text");
  text = base::json_string(value);
  return base::ok();
}

// What a client asks for that begins: as whom, where, in which rooms, from where on.
base::Status read_beginning(std::string_view what, const Members& members, ClientCommand& command) {
  if (auto status = read_since(members, command); !status) return status;
  if (auto status = read_text(members, "token", command.token); !status) return status;
  if (auto status = read_text(members, "namespace", command.name_space); !status) return status;
  const std::string_view room = find(members, "room"), rooms = find(members, "rooms");
  if (!room.empty() && !rooms.empty()) return bad(std::string(what) + " has room and rooms; one of them is enough");
  if (!room.empty() && !is_text(room)) return bad("room is not a name");
  if (room.empty() && rooms.empty()) return base::ok();
  return read_rooms(what, room.empty() ? rooms : room, command);
}

base::Status read_subscribe(const Members& members, ClientCommand& command) {
  if (auto status =
          check_members("subscribe", members, {"room", "rooms", "since", "token", "namespace", "seconds", "proof"});
      !status) {
    return status;
  }
  std::optional<std::string> proof;
  if (auto status = read_text(members, "proof", proof); !status) return status;
  if (proof) command.proof = *std::move(proof);
  if (const std::string_view seconds = find(members, "seconds"); !seconds.empty()) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(seconds.data(), seconds.data() + seconds.size(), number);
    if (error != std::errc() || end != seconds.data() + seconds.size() || number == 0) {
      return bad("seconds is not a whole number from 1 on");
    }
    command.seconds = number;
  }
  return read_beginning("subscribe", members, command);
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

base::Status read_message(std::string_view what, const Members& members, Dialect dialect, ClientCommand& command) {
  if (dialect == Dialect::datagrams) {
    if (auto status = check_members(what, members, {"room", "event", "data", "encoding", "token"}); !status) {
      return status;
    }
  } else if (auto status = check_members(what, members, {"room", "event", "data", "encoding"}); !status) {
    return status;
  }
  if (auto status = read_text(members, "token", command.token); !status) return status;
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

base::Status read_body(std::string_view value, Dialect dialect, ClientCommand& command) {
  const std::string_view what = kind_names[static_cast<std::size_t>(command.kind)];
  if (command.kind == Kind::token) {
    if (!is_text(value)) return bad("token is not a text");
    command.token = base::json_string(value);
    return base::ok();
  }
  // Rooms alone: {"join":"a"}, {"leave":["a","b"]}
  const bool is_rooms_alone = is_text(value) || value.starts_with('[');
  if (is_rooms_alone && (command.kind == Kind::join || command.kind == Kind::leave)) {
    return read_rooms(what, value, command);
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
      return read_message(what, *members, dialect, command);
    case Kind::connect:
      if (auto status = check_members(what, *members, {"room", "rooms", "since", "token", "namespace"}); !status) {
        return status;
      }
      return read_beginning(what, *members, command);
    case Kind::subscribe:
      return read_subscribe(*members, command);
    case Kind::token:
    case Kind::nothing:
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

ReadCommand read_command(std::string_view text, Dialect dialect) {
  const auto members = base::json_members(text);
  if (!members) return {std::nullopt, bad("a command is one JSON object")};
  const std::string_view given_id = find(*members, "id");
  const auto id = read_id(given_id);
  if (!id && (dialect == Dialect::websocket || !given_id.empty())) {
    return {std::nullopt, bad("a command needs an id: a whole number from 0 to 2^53 - 1")};
  }
  const Vocabulary& vocabulary = vocabulary_of(dialect);
  const auto none_or_several = [&] { return bad("a command is one of " + std::string(vocabulary.list)); };
  ClientCommand command;
  std::string_view body;
  for (const base::JsonMember& member : *members) {
    const std::string_view name = unquoted(member.name);
    if (name == "id") continue;
    const auto kind = static_cast<Kind>(std::ranges::find(kind_names, name) - kind_names.begin());
    if (std::ranges::find(vocabulary.kinds, kind) == vocabulary.kinds.end()) {
      return {id, bad("there is no command " + shown(member.name) + "; there are " + std::string(vocabulary.list))};
    }
    if (!body.empty()) return {id, none_or_several()};
    command.kind = kind;
    body = member.value;
  }
  if (body.empty() && dialect != Dialect::websocket && !id) return {id, std::move(command)};
  if (body.empty()) return {id, none_or_several()};
  if (auto status = read_body(body, dialect, command); !status) return {id, status.error()};
  if (!id && (command.kind == Kind::request || command.kind == Kind::presence)) {
    return {id, bad(std::string(kind_names[static_cast<std::size_t>(command.kind)]) + " needs an id, for its answer")};
  }
  return {id, std::move(command)};
}

}  // namespace sluice::gateway
