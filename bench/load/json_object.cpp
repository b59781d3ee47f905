#include "bench/load/json_object.hpp"

#include <array>
#include <cmath>
#include <cstdio>

namespace sluice::bench {

JsonObject& JsonObject::add(std::string_view name, double number) {
  if (!std::isfinite(number)) return append(name, "null");
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.7g", number);
  return append(name, text.data());
}

std::string JsonObject::quoted(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') json += '\\';
    json += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return json + '"';
}

JsonObject& JsonObject::append(std::string_view name, std::string_view json) {
  if (!members_.empty()) members_ += ',';
  members_ += quoted(name) + ':';
  members_ += json;
  return *this;
}

}  // namespace sluice::bench
