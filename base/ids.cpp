#include "base/ids.hpp"

#include <array>
#include <charconv>

namespace sluice::base {
namespace {

void append_number(std::string& text, std::uint64_t value, int radix) {
  std::array<char, 20> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value, radix);
  text.append(digits.data(), end);
}

// Appends `value` in hexadecimal, filled with zeros up to `width`.
void append_hexadecimal(std::string& text, std::uint64_t value, std::size_t width) {
  std::string digits;
  append_number(digits, value, 16);
  text.append(width - digits.size(), '0').append(digits);
}

// Takes `field` whole: lower-case digits, no sign, no leading zeros but for those of a fixed `width`.
template <class Number>
bool parse_field(std::string_view field, int radix, std::size_t width, Number& out) {
  if (field.empty() || (width != 0 && field.size() != width)) return false;
  if (width == 0 && field.size() > 1 && field.front() == '0') return false;
  if (field.find_first_of("ABCDEF") != std::string_view::npos) return false;
  const char* const end = field.data() + field.size();
  const auto [rest, error] = std::from_chars(field.data(), end, out, radix);
  return error == std::errc{} && rest == end;
}

// Cuts `text` at its first '-': what is before it, leaving what is behind it; nothing if there is none.
std::optional<std::string_view> cut_field(std::string_view& text) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto field = text.substr(0, dash);
  text.remove_prefix(dash + 1);
  return field;
}

}  // namespace

std::string incarnation_text(std::uint32_t incarnation) {
  std::string text;
  append_hexadecimal(text, incarnation, 8);
  return text;
}

std::optional<std::uint32_t> parse_incarnation(std::string_view text) {
  std::uint32_t incarnation = 0;
  return parse_field(text, 16, 8, incarnation) ? std::optional{incarnation} : std::nullopt;
}

std::string ConnectionId::text() const {
  std::string text = incarnation_text(incarnation);
  for (const std::uint32_t part : {std::uint32_t{worker_id.value}, slot, generation}) {
    text += '-';
    append_number(text, part, 16);
  }
  return text;
}

std::optional<ConnectionId> ConnectionId::parse(std::string_view text) {
  const auto incarnation = cut_field(text);
  const auto worker = cut_field(text);
  const auto slot = cut_field(text);
  if (!incarnation || !worker || !slot) return std::nullopt;
  ConnectionId id;
  const bool is_id = parse_field(*incarnation, 16, 8, id.incarnation) &&
                     parse_field(*worker, 16, 0, id.worker_id.value) && parse_field(*slot, 16, 0, id.slot) &&
                     parse_field(text, 16, 0, id.generation);
  return is_id ? std::optional{id} : std::nullopt;
}

std::string Position::text() const {
  std::string text;
  append_hexadecimal(text, epoch, 16);
  text += '-';
  append_number(text, offset, 10);
  return text;
}

std::optional<Position> Position::parse(std::string_view text) {
  const auto epoch = cut_field(text);
  if (!epoch) return std::nullopt;
  Position position;
  const bool is_position = parse_field(*epoch, 16, 16, position.epoch) && parse_field(text, 10, 0, position.offset);
  return is_position ? std::optional{position} : std::nullopt;
}

}  // namespace sluice::base
