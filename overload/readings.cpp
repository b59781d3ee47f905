#include "overload/readings.hpp"

#include <charconv>

namespace sluice::overload {
namespace {

std::string_view without_blanks_behind(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return text;
}

// Calls each(line) until it gives true.
template <class Each>
void for_each_line(std::string_view text, Each&& each) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (each(text.substr(0, end))) return;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

bool is_in_list(std::string_view list, std::string_view word) {
  while (true) {
    const std::size_t comma = list.find(',');
    if (list.substr(0, comma) == word) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace

std::optional<std::uint64_t> whole_number(std::string_view text) {
  text = without_blanks_behind(text);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> named_number(std::string_view text, std::string_view name) {
  std::optional<std::uint64_t> number;
  for_each_line(text, [&](std::string_view line) {
    if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ' ') return false;
    number = whole_number(line.substr(name.size() + 1));
    return true;
  });
  return number;
}

std::optional<std::uint64_t> resident_pages(std::string_view statm) {
  const std::size_t begin = statm.find(' ');
  if (begin == std::string_view::npos) return std::nullopt;
  const std::string_view rest = statm.substr(begin + 1);
  return whole_number(rest.substr(0, rest.find(' ')));
}

CgroupPlaces cgroup_places(std::string_view text) {
  CgroupPlaces places;
  // ID:CONTROLLERS:PATH; version 2 has the id 0 and no controllers (cgroups(7)).
  for_each_line(text, [&](std::string_view line) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string_view::npos) return false;
    const std::string_view controllers = line.substr(first + 1, second - first - 1), path = line.substr(second + 1);
    if (line.starts_with("0::")) places.unified = path;
    if (is_in_list(controllers, "memory")) places.memory = path;
    return false;
  });
  return places;
}

}  // namespace sluice::overload
