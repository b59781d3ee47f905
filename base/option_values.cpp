#include "base/option_values.hpp"

#include <algorithm>
#include <charconv>

namespace sluice::base {
namespace {

struct Suffix {
  std::string_view text;
  std::uint64_t bytes;
};
constexpr std::array<Suffix, 4> size_suffixes{
    {{"TiB", 1ULL << 40}, {"GiB", 1ULL << 30}, {"MiB", 1ULL << 20}, {"KiB", 1ULL << 10}}};

struct TimeSuffix {
  std::string_view text;
  double milliseconds;
};
// "ms" comes before "s", which it ends with.
constexpr std::array<TimeSuffix, 4> time_suffixes{{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string text_of_limit(double limit, std::string_view unit) {
  return unit == "bytes" ? text_of_whole(static_cast<std::uint64_t>(limit), unit) : text_of_decimal(limit);
}

}  // namespace

std::optional<std::uint64_t> parse_whole(std::string_view text, std::string_view unit) {
  std::uint64_t factor = 1;
  for (const Suffix& suffix : size_suffixes) {
    if (unit != "bytes" || !text.ends_with(suffix.text)) continue;
    factor = suffix.bytes;
    text.remove_suffix(suffix.text.size());
    break;
  }
  std::uint64_t value = 0;
  if (!is_digits(text)) return std::nullopt;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{}) return std::nullopt;
  if (__builtin_mul_overflow(value, factor, &value)) return std::nullopt;
  return value;
}

std::optional<double> parse_decimal(std::string_view text) {
  const auto point = text.find('.');
  if (!is_digits(text.substr(0, point))) return std::nullopt;
  if (point != std::string_view::npos && !is_digits(text.substr(point + 1))) return std::nullopt;
  double value = 0;
  const auto error = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed).ec;
  return error == std::errc{} ? std::optional{value} : std::nullopt;
}

std::optional<double> parse_milliseconds(std::string_view text, std::string_view unit) {
  double factor = milliseconds_in(unit);
  for (const TimeSuffix& suffix : time_suffixes) {
    if (!text.ends_with(suffix.text)) continue;
    factor = suffix.milliseconds;
    text.remove_suffix(suffix.text.size());
    break;
  }
  const auto number = parse_decimal(text);
  // More than a thousand years is a slip of the keyboard, and would overflow.
  return number && *number * factor < 1e14 ? std::optional{*number * factor} : std::nullopt;
}

std::optional<bool> parse_boolean(std::string_view text) {
  if (text == "true" || text == "1" || text == "yes") return true;
  if (text == "false" || text == "0" || text == "no") return false;
  return std::nullopt;
}

std::string text_of_whole(std::uint64_t value, std::string_view unit) {
  for (const Suffix& suffix : size_suffixes) {
    if (unit == "bytes" && value != 0 && value % suffix.bytes == 0) {
      return std::to_string(value / suffix.bytes).append(suffix.text);
    }
  }
  return std::to_string(value);
}

std::string text_of_decimal(double value) {
  std::array<char, 400> digits;
  const auto [end, error] =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed);
  return {digits.data(), end};
}

std::string expected_number(std::string_view what, const OptionInfo& info, double max) {
  std::string text = "a ";
  text.append(what);
  const double limit = std::min(info.max, max);
  // A limit that is only the type's own tells nobody anything.
  if (limit < 9e15) {
    text += " from " + text_of_limit(info.min, info.unit) + " to " + text_of_limit(limit, info.unit);
  } else {
    text += " of at least " + text_of_limit(info.min, info.unit);
  }
  if (info.unit == "bytes") text += ", such as 65536 or 64KiB";
  return text;
}

double milliseconds_in(std::string_view unit) { return unit == "milliseconds" ? 1 : 1000; }

Result<std::size_t> parse_choice(const std::string& text, std::span<const std::string_view> names) {
  std::string expected;
  for (std::size_t at = 0; at < names.size(); ++at) {
    if (names[at] == text) return at;
    if (at > 0) expected += at + 1 == names.size() ? " or " : ", ";
    expected += names[at];
  }
  return fail(Errc::bad_request, "'" + text + "' is not " + expected);
}

}  // namespace sluice::base
