#pragma once
// Body: what every message says. It carries the time at which it was meant to be sent, as 16 hexadecimal digits, so
// that whoever gets it knows how long it took; the rest is filler, or JSON as applications send it.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "bench/load/clock.hpp"

namespace sluice::bench {

class Body {
 public:
  // `size` is at least the stamp's 16 bytes; `json` bodies are at least a little longer.
  Body(std::size_t size, bool json);

  void append(std::string& out, Nanoseconds sent) const;
  // The time in a message that begins as ours do; nothing if it is none of ours.
  std::optional<Nanoseconds> sent(std::string_view message) const;

 private:
  static constexpr std::size_t digits = 16;
  std::string before_, after_;
};

}  // namespace sluice::bench
