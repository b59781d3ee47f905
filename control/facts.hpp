#pragma once
// What control tells about the node that it is part of, and does not choose itself.

#include <chrono>
#include <cstddef>
#include <string>

namespace sluice::control {

struct Facts {
  std::string version;
  std::string node;  // its name; never empty
  std::chrono::system_clock::time_point started;
  std::size_t room_name_bytes_max = 256;         // the clients' rule for room names holds for calls too
  std::chrono::milliseconds drain_over{10'000};  // when Drain does not say
};

}  // namespace sluice::control
