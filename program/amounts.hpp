#pragma once
// Times and sizes as people read them at a glance.

#include <chrono>
#include <cstdint>
#include <string>

namespace sluice::program {

// "850ms", "12.3s", "3m05s", "2h10m", "4d03h".
std::string duration_text(std::chrono::milliseconds duration);
// "0", "812", "1.2KiB", "64.0MiB".
std::string bytes_text(std::uint64_t bytes);

}  // namespace sluice::program
