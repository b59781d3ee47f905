#include "cluster/rfc3339.hpp"

#include <cstdint>

namespace sluice::cluster {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool is_at_end() const { return text_.empty(); }
  bool take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  // A number of exactly so many digits.
  bool take_number(int digits, int& number) {
    number = 0;
    for (; digits > 0; --digits) {
      if (text_.empty() || text_.front() < '0' || text_.front() > '9') return false;
      number = number * 10 + (text_.front() - '0');
      text_.remove_prefix(1);
    }
    return true;
  }
  // Of a second, in nanoseconds; further digits say nothing here.
  bool take_fraction(std::int64_t& nanoseconds) {
    std::int64_t unit = 100'000'000;
    int digit = 0;
    bool has_digit = false;
    for (nanoseconds = 0; take_number(1, digit); unit /= 10) {
      nanoseconds += digit * unit;
      has_digit = true;
    }
    return has_digit;
  }

 private:
  std::string_view text_;
};

}  // namespace

// RFC 3339, 5.6
std::optional<SystemTime> parse_rfc3339(std::string_view text) {
  Reader reader(text);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, offset_hour = 0, offset_minute = 0;
  std::int64_t nanoseconds = 0;
  const bool is_time = reader.take_number(4, year) && reader.take('-') && reader.take_number(2, month) &&
                       reader.take('-') && reader.take_number(2, day) && reader.take('T') &&
                       reader.take_number(2, hour) && reader.take(':') && reader.take_number(2, minute) &&
                       reader.take(':') && reader.take_number(2, second);
  if (!is_time || (reader.take('.') && !reader.take_fraction(nanoseconds))) return std::nullopt;
  if (!reader.take('Z')) {
    const bool is_east = reader.take('+');
    if (!is_east && !reader.take('-')) return std::nullopt;
    if (!reader.take_number(2, offset_hour) || !reader.take(':') || !reader.take_number(2, offset_minute)) {
      return std::nullopt;
    }
    if (is_east) {
      offset_hour = -offset_hour;
      offset_minute = -offset_minute;
    }
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!reader.is_at_end() || !date.ok() || year < 1970 || year > 2261 || hour > 23 || minute > 59 || second > 60) {
    return std::nullopt;
  }
  return SystemTime(std::chrono::sys_days(date)) + std::chrono::hours(hour + offset_hour) +
         std::chrono::minutes(minute + offset_minute) + std::chrono::seconds(second) +
         std::chrono::nanoseconds(nanoseconds);
}

}  // namespace sluice::cluster
