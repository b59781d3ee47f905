#pragma once
// Which events each kind that a backend may ask for has (sluice.v1.EventKind).

#include <array>
#include <utility>

#include "sluice/v1/backends.pb.h"
#include "workers/backend.hpp"

namespace sluice::control {

constexpr workers::KindSet bits_of(std::initializer_list<workers::ClientEvent::Kind> kinds) {
  workers::KindSet bits = 0;
  for (const auto kind : kinds) bits |= workers::kind_bit(kind);
  return bits;
}

inline constexpr auto event_kinds = [] {
  using Kind = workers::ClientEvent::Kind;
  return std::array<std::pair<v1::EventKind, workers::KindSet>, 7>{{
      {v1::EVENT_KIND_CONNECTIONS, bits_of({Kind::connected, Kind::disconnected})},
      {v1::EVENT_KIND_MESSAGES, bits_of({Kind::message})},
      {v1::EVENT_KIND_MEMBERSHIPS, bits_of({Kind::joined, Kind::left})},
      {v1::EVENT_KIND_ACKNOWLEDGEMENTS, bits_of({Kind::acknowledged})},
      {v1::EVENT_KIND_DROPS, bits_of({Kind::dropped})},
      {v1::EVENT_KIND_ROOMS, bits_of({Kind::room_occupied, Kind::room_vacated})},
      {v1::EVENT_KIND_DRAINING, bits_of({Kind::draining})},
  }};
}();

// Of a kind by its number; none if it is not known here.
inline workers::KindSet kinds_of(int number) {
  for (const auto& [kind, bits] : event_kinds) {
    if (kind == number) return bits;
  }
  return 0;
}

}  // namespace sluice::control
