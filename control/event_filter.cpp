#include "control/event_filter.hpp"

#include <algorithm>
#include <utility>

#include "base/pattern.hpp"

namespace sluice::control {
namespace {

bool matches_any(const std::vector<std::string>& patterns, std::string_view name) {
  return std::ranges::any_of(patterns,
                             [name](const std::string& pattern) { return base::matches_pattern(pattern, name); });
}

// Kinds of which rooms are a part that may be asked for.
bool is_about_rooms(workers::ClientEvent::Kind kind) {
  using Kind = workers::ClientEvent::Kind;
  return kind == Kind::message || kind == Kind::joined || kind == Kind::left || kind == Kind::room_occupied ||
         kind == Kind::room_vacated;
}

}  // namespace

EventFilter::EventFilter(workers::KindSet kinds, Patterns patterns, NameOf name_of)
    : kinds_(kinds), patterns_(std::move(patterns)), name_of_(std::move(name_of)) {}

bool EventFilter::passes(const workers::ClientEvent& event) const {
  using Kind = workers::ClientEvent::Kind;
  if ((kinds_ & workers::kind_bit(event.kind)) == 0) return false;
  if (event.kind == Kind::draining) return true;
  if (!patterns_.namespaces.empty() && !matches_any(patterns_.namespaces, name_of_(event.name_space))) return false;
  if (event.kind == Kind::message && !patterns_.events.empty() && !matches_any(patterns_.events, event.message->event))
    return false;
  if (patterns_.rooms.empty() || !is_about_rooms(event.kind)) return true;
  return std::ranges::any_of(event.rooms,
                             [this](const std::string& room) { return matches_any(patterns_.rooms, room); });
}

}  // namespace sluice::control
