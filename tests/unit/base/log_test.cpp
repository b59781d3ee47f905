#include "base/log.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <sstream>
#include <thread>
#include <vector>

#include "base/options.hpp"

namespace sluice::base {
namespace {

// What `write` says on standard error.
template <class Write>
std::string said(LogFormat format, LogLevel level, Write&& write) {
  LogOptions options;
  options.log_format = format;
  options.log_level = level;
  configure_log(options);
  testing::internal::CaptureStderr();
  write();
  std::string text = testing::internal::GetCapturedStderr();
  configure_log(LogOptions());
  return text;
}

// What stands in `line` behind `before`, a time and `level`, and in front of `after`.
std::string inside(const std::string& line, std::string_view before, std::string_view level, std::string_view after) {
  constexpr std::string_view form = "dddd-dd-ddTdd:dd:dd.dddZ";
  std::string time = line.substr(std::min(before.size(), line.size()), form.size());
  for (char& c : time) c = c >= '0' && c <= '9' ? 'd' : c;
  const std::size_t front = before.size() + form.size() + level.size();
  if (time != form || !line.starts_with(before) || !line.ends_with(after) || line.size() < front + after.size() ||
      line.substr(before.size() + form.size(), level.size()) != level) {
    return "not a line: " + line;
  }
  return line.substr(front, line.size() - front - after.size());
}

std::string text_line(LogFields fields) {
  return inside(said(LogFormat::text, LogLevel::info, [&fields] { log_info("it_happened", fields); }), "", " info ",
                "\n");
}

std::string json_line(LogFields fields) {
  return inside(said(LogFormat::json, LogLevel::info, [&fields] { log_info("it_happened", fields); }), R"({"time":")",
                R"(","level":"info",)", "}\n");
}

TEST(Log, WritesTimeLevelEventAndFieldsAsText) {
  EXPECT_EQ(text_line({}), "it_happened");
  EXPECT_EQ(text_line({{"what", "clients"}, {"port", 8080}, {"open", true}}),
            "it_happened what=clients port=8080 open=true");
}

TEST(Log, WritesOneJsonObjectALine) {
  EXPECT_EQ(json_line({}), R"("event":"it_happened")");
  EXPECT_EQ(json_line({{"what", "clients"}, {"port", 8080}, {"open", false}, {"share", 0.5}}),
            R"("event":"it_happened","what":"clients","port":8080,"open":false,"share":0.5)");
}

TEST(Log, QuotesTextThatCouldBeMistaken) {
  EXPECT_EQ(text_line({{"why", "no route"}}), R"(it_happened why="no route")");
  EXPECT_EQ(text_line({{"why", ""}}), R"(it_happened why="")");
  EXPECT_EQ(text_line({{"why", "a=b"}}), R"(it_happened why="a=b")");
  EXPECT_EQ(text_line({{"why", std::string("say \"hi\"")}}), R"(it_happened why="say \"hi\"")");
}

TEST(Log, APeersTextStaysOneLine) {
  EXPECT_EQ(text_line({{"path", "/\n2026-01-01 error forged"}}), R"(it_happened path="/\n2026-01-01 error forged")");
  EXPECT_EQ(json_line({{"path", "\x1b[2J\r\n"}}), R"("event":"it_happened","path":"\u001b[2J\r\n")");
}

TEST(Log, ShowsNumbersWhole) {
  EXPECT_EQ(text_line({{"most", std::numeric_limits<std::uint64_t>::max()}}), "it_happened most=18446744073709551615");
  EXPECT_EQ(text_line({{"least", std::numeric_limits<std::int64_t>::min()}}), "it_happened least=-9223372036854775808");
  EXPECT_EQ(text_line({{"small", std::uint8_t{7}}}), "it_happened small=7");
}

TEST(Log, LeavesOutWhatIsBelowItsLevel) {
  const std::string lines = said(LogFormat::text, LogLevel::warning, [] {
    log_trace("a");
    log_debug("b");
    log_info("c");
    log_warning("d");
    log_error("e");
  });
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 2);
  EXPECT_NE(lines.find(" warning d\n"), std::string::npos) << lines;
  EXPECT_NE(lines.find(" error e\n"), std::string::npos) << lines;
}

TEST(Log, ItsLevelChangesWhileItRuns) {
  const std::string lines = said(LogFormat::text, LogLevel::error, [] {
    EXPECT_FALSE(is_logged(LogLevel::info));
    set_log_level(LogLevel::debug);
    EXPECT_TRUE(is_logged(LogLevel::debug));
    EXPECT_FALSE(is_logged(LogLevel::trace));
    log_debug("now");
  });
  EXPECT_NE(lines.find(" debug now\n"), std::string::npos) << lines;
}

TEST(Log, LinesOfManyThreadsStayWhole) {
  const std::string lines = said(LogFormat::text, LogLevel::info, [] {
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([thread] {
        for (int line = 0; line < 100; ++line) log_info("line", {{"thread", thread}, {"end", "x"}});
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  std::istringstream stream(lines);
  int count = 0;
  for (std::string line; std::getline(stream, line); ++count) {
    const std::string event = inside(line, "", " info ", " end=x");
    EXPECT_TRUE(event.starts_with("line thread=") && event.size() == 13) << line;
  }
  EXPECT_EQ(count, 400);
}

TEST(LogOptions, AreReadByName) {
  LogOptions options;
  OptionSet set(false);
  set.add(options);
  EXPECT_TRUE(set.load({"--log-level", "debug", "--log-format=json"}, {}).empty());
  EXPECT_EQ(options.log_level, LogLevel::debug);
  EXPECT_EQ(options.log_format, LogFormat::json);
}

}  // namespace
}  // namespace sluice::base
