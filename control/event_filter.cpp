#include "control/event_filter.hpp"

#include <algorithm>
#include <utility>

#include "base/pattern.hpp"

namespace sluice::control {
namespace {

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
  const auto name = [&]() -> std::string_view {
    if (!event.asked_name_space.empty()) return event.asked_name_space;
    return name_of_(event.name_space);
  };
  if (!patterns_.namespaces.empty() && !base::matches_any_pattern(patterns_.namespaces, name())) return false;
  if (event.kind == Kind::message && !patterns_.events.empty() &&
      !base::matches_any_pattern(patterns_.events, event.message->event))
    return false;
  if (patterns_.rooms.empty() || !is_about_rooms(event.kind)) return true;
  return std::ranges::any_of(
      event.rooms, [this](const std::string& room) { return base::matches_any_pattern(patterns_.rooms, room); });
}

}  // namespace sluice::control
