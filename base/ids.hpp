#pragma once
// Ids are types: no two of them can be mixed up, and only the id itself knows its text form.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::base {

// A worker's place in its pool, from 0.
struct WorkerId {
  std::uint16_t value = 0;
  auto operator<=>(const WorkerId&) const = default;
};

// A namespace's place in the node's list, from 0, which is "/".
struct NamespaceId {
  std::uint16_t value = 0;
  auto operator<=>(const NamespaceId&) const = default;
};

// One start of a node, in the text form that its connections' ids begin with: 8 lower-case hexadecimal digits.
std::string incarnation_text(std::uint32_t incarnation);
std::optional<std::uint32_t> parse_incarnation(std::string_view text);

// Names one connection of one incarnation of one node; never reused, so a stale id hits nobody.
// Text form: incarnation (8 hexadecimal digits), worker, slot, generation, joined by '-', the last three in hexadecimal
// without leading zeros: "9f31c2d0-1-2a-7".
struct ConnectionId {
  std::uint32_t incarnation = 0;
  WorkerId worker_id;
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;

  WorkerId worker() const { return worker_id; }
  std::string text() const;
  // Parses the text form exactly; nothing for anything else.
  static std::optional<ConnectionId> parse(std::string_view text);
  auto operator<=>(const ConnectionId&) const = default;
};

// The place of a stored message in its namespace's order: offsets (from 1) compare only inside one epoch.
// Text form: 16 lower-case hexadecimal digits, '-', the offset in decimal. Offset 0 is before every message.
struct Position {
  std::uint64_t epoch = 0;
  std::uint64_t offset = 0;

  std::string text() const;
  static std::optional<Position> parse(std::string_view text);
  bool operator==(const Position&) const = default;
};

}  // namespace sluice::base
