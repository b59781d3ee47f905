#pragma once
// PageToken: where the next page of a list begins. Opaque to callers; a token of another start, another list or other
// filters is refused instead of giving a page that looks right. Any node of a cluster understands it, so a number of a
// list keeps its meaning.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::control {

struct PageToken {
  enum class List : std::uint8_t { connections = 1, rooms = 2, members = 3, rooms_by_name = 4 };
  List list = List::connections;
  std::uint32_t incarnation = 0;  // of the node that goes on
  std::uint32_t filters = 0;      // fingerprint_of() what the list was filtered by
  std::uint16_t worker = 0;       // connections and members only
  std::uint32_t from = 0;         // the slot, or the place of the room, where the page begins
  std::string after = {};         // rooms by name only: the last one's

  std::string text() const;
  // Nothing unless `text` is exactly what text() gives.
  static std::optional<PageToken> parse(std::string_view text);
  bool operator==(const PageToken&) const = default;
};

// FNV-1a, 32 bits: the same in every process.
std::uint32_t fingerprint_of(std::string_view bytes);

}  // namespace sluice::control
