#pragma once
// A message on its way to rooms: immutable once the sequencer has given it its place, and then shared by all workers.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace sluice::workers {

// Names one set of connections in a namespace. Users and everyone are implicit rooms: their keys have kinds of their
// own, so no name that a client sends can reach them.
struct RoomKey {
  enum class Kind : std::uint8_t { room, user, everyone };
  Kind kind = Kind::room;
  std::string name;  // empty for everyone

  static RoomKey room(std::string name) { return {Kind::room, std::move(name)}; }
  static RoomKey user(std::string name) { return {Kind::user, std::move(name)}; }
  static RoomKey everyone() { return {Kind::everyone, {}}; }
  bool operator==(const RoomKey&) const = default;
};

// Who hears a message: every connection in one of `rooms` or named in `connections`, once, unless it is in one of
// `except_rooms` or named in `except_connections`. All in one namespace.
struct Target {
  base::NamespaceId name_space;
  std::vector<RoomKey> rooms;
  std::vector<base::ConnectionId> connections;
  std::vector<RoomKey> except_rooms;
  std::vector<base::ConnectionId> except_connections;

  bool empty() const { return rooms.empty() && connections.empty(); }
  // True if the target is one room and nothing else: its match count is exact and its fan-out needs no marks.
  bool is_one_room() const {
    return rooms.size() == 1 && connections.empty() && except_rooms.empty() && except_connections.empty();
  }
  bool operator==(const Target&) const = default;
};

// What `data` is; decides how each wire carries it. `arguments` are a JSON array: those of a Socket.IO event that has
// not exactly one.
enum class DataKind : std::uint8_t { text, binary, json, arguments };

// What befalls a client whose outbox is full.
enum class SlowPolicy : std::uint8_t { close, drop_newest, drop_oldest, conflate };

// Whether it is deflated for clients whose connections can.
enum class Deflation : std::uint8_t { by_size, never, always };

struct Message {
  Target target;
  std::string event = "message";
  std::string data;  // UTF-8 if text, a valid JSON value if json
  DataKind kind = DataKind::text;
  // Bytes that JSON and arguments refer to by {"_placeholder":true,"num":N}.
  std::vector<std::string> attachments;
  bool stored = true;  // false: volatile; no position of its own, no history
  Deflation deflation = Deflation::by_size;
  std::optional<SlowPolicy> slow_policy;  // nothing: the node's default
  std::string conflation_key;             // required by SlowPolicy::conflate
  base::TimePoint accepted{};             // when the gateway took it

  // Written by the sequencer, under its lock, before any other thread sees the message.
  base::Position position;  // the last stored message's, if this one is volatile
  std::uint64_t place = 0;  // in the namespace's order, volatile ones counted too; from 1

  // What the message weighs in a mailbox, in bytes: its target's names may be more than its data.
  std::size_t bytes() const {
    std::size_t sum = sizeof(Message) + data.size() + event.size() + conflation_key.size() +
                      (target.connections.size() + target.except_connections.size()) * sizeof(base::ConnectionId);
    for (const std::string& attachment : attachments) sum += sizeof(std::string) + attachment.size();
    for (const auto* keys : {&target.rooms, &target.except_rooms}) {
      for (const RoomKey& key : *keys) sum += sizeof(RoomKey) + key.name.size();
    }
    return sum;
  }
};

inline constexpr std::string_view default_event = "message";

}  // namespace sluice::workers
