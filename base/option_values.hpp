#pragma once
// Texts to values and back, for every type that an option may have.

#include <array>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/address.hpp"
#include "base/option.hpp"

namespace sluice::base {

// Parses digits alone, or, for the unit "bytes", digits with KiB, MiB, GiB or TiB; nothing if it's neither or
// overflows.
std::optional<std::uint64_t> parse_whole(std::string_view text, std::string_view unit);
// Parses a decimal fraction without exponent, not negative.
std::optional<double> parse_decimal(std::string_view text);
// Parses a decimal number of `unit` ("seconds" or "milliseconds"), or one with ms, s, m or h; gives milliseconds.
std::optional<double> parse_milliseconds(std::string_view text, std::string_view unit);
std::optional<bool> parse_boolean(std::string_view text);

std::string text_of_whole(std::uint64_t value, std::string_view unit);
// Gives the shortest decimal form, without an exponent.
std::string text_of_decimal(double value);
// Says which numbers `info` allows, `max` being the type's own limit: "a whole number from 0 to 256".
std::string expected_number(std::string_view what, const OptionInfo& info, double max);
// Gives how many milliseconds one `unit` has.
double milliseconds_in(std::string_view unit);

// How a type is parsed, printed and named; one specialisation per type below.
template <class T>
struct OptionValue;

template <>
struct OptionValue<bool> {
  static constexpr OptionKind kind = OptionKind::boolean;
  static std::optional<bool> parse(std::string_view text, const OptionInfo&) { return parse_boolean(text); }
  static std::string text(bool value, const OptionInfo&) { return value ? "true" : "false"; }
  static std::string expected(const OptionInfo&) { return "true or false"; }
};

template <std::unsigned_integral T>
struct OptionValue<T> {
  static constexpr OptionKind kind = OptionKind::number;
  static std::optional<T> parse(std::string_view text, const OptionInfo& info) {
    const auto value = parse_whole(text, info.unit);
    if (!value || *value > std::numeric_limits<T>::max()) return std::nullopt;
    const auto number = static_cast<double>(*value);
    return number < info.min || number > info.max ? std::nullopt : std::optional{static_cast<T>(*value)};
  }
  static std::string text(T value, const OptionInfo& info) { return text_of_whole(value, info.unit); }
  static std::string expected(const OptionInfo& info) {
    return expected_number(info.unit == "bytes" ? "size" : "whole number", info,
                           static_cast<double>(std::numeric_limits<T>::max()));
  }
};

template <>
struct OptionValue<double> {
  static constexpr OptionKind kind = OptionKind::number;
  static std::optional<double> parse(std::string_view text, const OptionInfo& info) {
    const auto value = parse_decimal(text);
    return !value || *value < info.min || *value > info.max ? std::nullopt : value;
  }
  static std::string text(double value, const OptionInfo&) { return text_of_decimal(value); }
  static std::string expected(const OptionInfo& info) {
    return expected_number("number", info, std::numeric_limits<double>::infinity());
  }
};

// The unit is in the option's name; what the member cannot hold exactly (half a second in std::chrono::seconds) is no
// value.
template <class Rep, class Period>
struct OptionValue<std::chrono::duration<Rep, Period>> {
  using T = std::chrono::duration<Rep, Period>;
  static constexpr OptionKind kind = OptionKind::duration;
  static constexpr double period_milliseconds = 1000.0 * Period::num / Period::den;

  static std::optional<T> parse(std::string_view text, const OptionInfo& info) {
    const auto milliseconds = parse_milliseconds(text, info.unit);
    if (!milliseconds) return std::nullopt;
    const double number = *milliseconds / milliseconds_in(info.unit);
    if (number < info.min || number > info.max) return std::nullopt;
    const double count = *milliseconds / period_milliseconds;
    const double whole = std::round(count);
    const double off = count - whole;
    return off > 1e-6 || off < -1e-6 ? std::nullopt : std::optional{T{static_cast<Rep>(whole)}};
  }
  static std::string text(T value, const OptionInfo& info) {
    return text_of_decimal(static_cast<double>(value.count()) * period_milliseconds / milliseconds_in(info.unit));
  }
  static std::string expected(const OptionInfo& info) {
    const bool takes_fractions = period_milliseconds < milliseconds_in(info.unit);
    return expected_number(takes_fractions ? "number" : "whole number", info, std::numeric_limits<double>::infinity());
  }
};

template <>
struct OptionValue<std::string> {
  static constexpr OptionKind kind = OptionKind::text;
  static std::optional<std::string> parse(std::string_view text, const OptionInfo& info) {
    if (info.misfit != nullptr && !info.misfit(text).empty()) return std::nullopt;
    return std::string(text);
  }
  static std::string text(const std::string& value, const OptionInfo&) { return value; }
  static std::string expected(const OptionInfo&) { return "text"; }
};

template <>
struct OptionValue<Address> {
  static constexpr OptionKind kind = OptionKind::address;
  static std::optional<Address> parse(std::string_view text, const OptionInfo&) {
    auto address = Address::parse(text);
    return address ? std::optional{*address} : std::nullopt;
  }
  static std::string text(const Address& value, const OptionInfo&) { return value.text(); }
  static std::string expected(const OptionInfo&) { return std::string(Address::expected); }
};

// Parses one value, or says why it is none: "'abc' is not a whole number from 0 to 256".
template <class T>
Result<T> parse_option(const std::string& text, const OptionInfo& info) {
  if (auto value = OptionValue<T>::parse(text, info)) return *std::move(value);
  std::string expected = OptionValue<T>::expected(info);
  if (info.misfit != nullptr && !info.misfit(text).empty()) expected = info.misfit(text);
  return fail(Errc::bad_request, (info.is_secret ? "what is given" : "'" + text + "'") + " is not " + expected);
}

// Parses the name of an enumerator, `names` being in the enum's order; gives its place.
Result<std::size_t> parse_choice(const std::string& text, std::span<const std::string_view> names);

}  // namespace sluice::base
