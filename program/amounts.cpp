#include "program/amounts.hpp"

#include <array>
#include <cstdio>

namespace sluice::program {
namespace {

template <class... Values>
std::string formatted(const char* format, Values... values) {
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

}  // namespace

std::string duration_text(std::chrono::milliseconds duration) {
  const auto milliseconds = static_cast<long long>(duration.count());
  const long long seconds = milliseconds / 1000, minutes = seconds / 60, hours = minutes / 60;
  if (milliseconds < 1000) return formatted("%lldms", milliseconds);
  if (minutes == 0) return formatted("%lld.%llds", seconds, milliseconds % 1000 / 100);
  if (hours == 0) return formatted("%lldm%02llds", minutes, seconds % 60);
  if (hours < 24) return formatted("%lldh%02lldm", hours, minutes % 60);
  return formatted("%lldd%02lldh", hours / 24, hours % 24);
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array units{"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return std::to_string(bytes);
  double amount = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  // 1023.95 would be printed as 1024.0.
  while (amount >= 1023.95 && unit + 1 < units.size()) {
    amount /= 1024;
    ++unit;
  }
  return formatted("%.1f%s", amount, units[unit]);
}

}  // namespace sluice::program
