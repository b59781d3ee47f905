#include "base/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <charconv>
#include <memory>

#include "base/json_text.hpp"

namespace sluice::base {
namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return spdlog::level::trace;
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// spdlog gives each line time, level and the lock on standard error; what is in the line is ours.
struct Log {
  std::shared_ptr<spdlog::sinks::stderr_sink_mt> sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  spdlog::logger logger{"sluice", sink};
  LogFormat format = LogFormat::text;

  Log() {
    logger.flush_on(spdlog::level::trace);
    set_format(LogFormat::text);
  }
  void set_format(LogFormat wanted) {
    format = wanted;
    const char* const pattern = wanted == LogFormat::json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                                                          : "%Y-%m-%dT%H:%M:%S.%eZ %l %v";
    logger.set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc));
  }
};

Log& the_log() {
  static Log log;
  return log;
}

std::string text_of_number(auto value) {
  std::array<char, 32> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  return {digits.data(), end};
}

// True if `text` can stand in a line of text without quotes and still be told from its neighbours.
bool is_plain(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (c <= ' ' || c >= 0x7F || c == '"' || c == '=' || c == '\\') return false;
  }
  return true;
}

void append_value(std::string& line, const LogField& field, LogFormat format) {
  std::visit(
      [&line, format](auto value) {
        if constexpr (std::same_as<decltype(value), bool>) {
          line += value ? "true" : "false";
        } else if constexpr (!std::same_as<decltype(value), std::string_view>) {
          line += text_of_number(value);
        } else if (format == LogFormat::text && is_plain(value)) {
          line += value;
        } else {
          append_json_string(line, value);
        }
      },
      field.value());
}

}  // namespace

void configure_log(const LogOptions& options) {
  the_log().set_format(options.log_format);
  set_log_level(options.log_level);
}

void set_log_level(LogLevel level) { the_log().logger.set_level(spdlog_level(level)); }

bool is_logged(LogLevel level) { return the_log().logger.should_log(spdlog_level(level)); }

void log(LogLevel level, std::string_view event, LogFields fields) {
  if (!is_logged(level)) return;
  const LogFormat format = the_log().format;
  std::string line = format == LogFormat::json ? "\"event\":\"" : "";
  line += event;
  if (format == LogFormat::json) line += '"';
  for (const LogField& field : fields) {
    if (format == LogFormat::json) {
      line += ',';
      append_json_string(line, field.name());
      line += ':';
    } else {
      line += ' ';
      line += field.name();
      line += '=';
    }
    append_value(line, field, format);
  }
  the_log().logger.log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace sluice::base
