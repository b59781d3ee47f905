#pragma once
// JsonObject: builds the one object that a run prints.

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::bench {

class JsonObject {
 public:
  JsonObject& add(std::string_view name, std::string_view text) { return append(name, quoted(text)); }
  JsonObject& add(std::string_view name, const char* text) { return add(name, std::string_view(text)); }
  JsonObject& add(std::string_view name, bool truth) { return append(name, truth ? "true" : "false"); }
  JsonObject& add(std::string_view name, double number);
  template <std::integral Integer>
  requires(!std::same_as<Integer, bool>) JsonObject& add(std::string_view name, Integer number) {
    return append(name, std::to_string(number));
  }
  JsonObject& add(std::string_view name, const JsonObject& object) { return append(name, object.text()); }

  std::string text() const { return "{" + members_ + "}"; }

 private:
  static std::string quoted(std::string_view text);
  JsonObject& append(std::string_view name, std::string_view json);

  std::string members_;
};

}  // namespace sluice::bench
