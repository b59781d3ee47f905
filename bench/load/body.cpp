#include "bench/load/body.hpp"

#include <array>
#include <random>

namespace sluice::bench {

namespace {

// Quotes of a made-up market: names that repeat and numbers that do not, so it deflates about as well as what
// applications send. Always the same for a size.
std::string quotes(std::size_t bytes) {
  constexpr std::array names{"ACME", "GLOBEX", "INITECH", "UMBRELLA", "HOOLI", "STARK", "WAYNE", "TYRELL"};
  std::minstd_rand random(7);
  std::string text;
  while (text.size() < bytes) {
    text += R"({"symbol":")" + std::string(names[random() % names.size()]) + R"(","price":)" +
            std::to_string(random() % 1'000'000) + R"(,"quantity":)" + std::to_string(random() % 10'000) +
            R"(,"side":")" + (random() % 2 != 0 ? "buy" : "sell") + R"("},)";
  }
  text.resize(bytes);
  return text;
}

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

}  // namespace

Body::Body(std::size_t size, bool json) {
  if (!json) {
    after_.assign(size - digits, 'x');
    return;
  }
  before_ = R"({"at":")";
  const std::string middle = R"(","quotes":[)", end = R"({}],"cut":0})";
  const std::size_t fixed = before_.size() + digits + middle.size() + end.size();
  std::string filler = size > fixed ? quotes(size - fixed) : std::string();
  // The last quote may have been cut anywhere: blanks instead keep the JSON valid.
  const auto whole = filler.rfind("},");
  for (std::size_t at = whole == std::string::npos ? 0 : whole + 2; at < filler.size(); ++at) filler[at] = ' ';
  after_ = middle + filler + end;
}

void Body::append(std::string& out, Nanoseconds sent) const {
  out += before_;
  for (int shift = 60; shift >= 0; shift -= 4) out += "0123456789abcdef"[(sent >> shift) & 15];
  out += after_;
}

std::optional<Nanoseconds> Body::sent(std::string_view message) const {
  if (message.size() < before_.size() + digits) return std::nullopt;
  Nanoseconds time = 0;
  int wrong = 0;
  for (const char c : message.substr(before_.size(), digits)) {
    const int value = digit_value(c);
    wrong |= value;
    time = time << 4 | static_cast<Nanoseconds>(value & 15);
  }
  if (wrong < 0) return std::nullopt;
  return time;
}

}  // namespace sluice::bench
