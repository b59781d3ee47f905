#pragma once
// The log: one line per event on standard error, as text or JSON, each with a name that stays the same and fields.
//   log_info("listening", {{"what", "clients"}, {"address", address.text()}, {"port", 8080}});
// Any thread may log. Secrets, tokens, session ids and payloads are never handed to it. A peer's fault is info, an
// operator's is a warning, ours is an error.

#include <array>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace sluice::base {

enum class LogLevel : std::uint8_t { trace, debug, info, warning, error };
enum class LogFormat : std::uint8_t { text, json };

inline constexpr std::array<std::string_view, 5> log_level_names{"trace", "debug", "info", "warning", "error"};
inline constexpr std::array<std::string_view, 2> log_format_names{"text", "json"};

struct LogOptions {
  static constexpr std::string_view section = "Log";

  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::text;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.choice("log-level", log_level, log_level_names,
                   {.live = true, .sentence = "Lines below this level are not written."});
    visitor.choice("log-format", log_format, log_format_names,
                   {.sentence = "How lines are written to standard error; json is one object a line."});
  }
};

// One field of a line. Borrows text for the call; JSON lines show numbers and truths as such.
class LogField {
 public:
  LogField(std::string_view name, std::string_view value) : name_(name), value_(value) {}
  LogField(std::string_view name, const std::string& value) : name_(name), value_(std::string_view(value)) {}
  LogField(std::string_view name, const char* value) : name_(name), value_(std::string_view(value)) {}
  LogField(std::string_view name, bool value) : name_(name), value_(value) {}
  LogField(std::string_view name, double value) : name_(name), value_(value) {}
  template <std::signed_integral T>
  LogField(std::string_view name, T value) : name_(name), value_(std::int64_t{value}) {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) LogField(std::string_view name, T value)
      : name_(name), value_(std::uint64_t{value}) {}

  std::string_view name() const { return name_; }
  const auto& value() const { return value_; }

 private:
  std::string_view name_;
  std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool> value_;
};
using LogFields = std::initializer_list<LogField>;

// Sets format and level; called once, before other threads log. Until then: text, info.
void configure_log(const LogOptions& options);
// Any thread, at any time.
void set_log_level(LogLevel level);
bool is_logged(LogLevel level);

// `event` names what happened in lower snake case and is never made from what a peer sent.
void log(LogLevel level, std::string_view event, LogFields fields = {});
inline void log_trace(std::string_view event, LogFields fields = {}) { log(LogLevel::trace, event, fields); }
inline void log_debug(std::string_view event, LogFields fields = {}) { log(LogLevel::debug, event, fields); }
inline void log_info(std::string_view event, LogFields fields = {}) { log(LogLevel::info, event, fields); }
inline void log_warning(std::string_view event, LogFields fields = {}) { log(LogLevel::warning, event, fields); }
inline void log_error(std::string_view event, LogFields fields = {}) { log(LogLevel::error, event, fields); }

}  // namespace sluice::base
