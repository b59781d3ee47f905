#include "program/reload.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace sluice::program {
namespace {

// A running gateway's options, read from a file that tests rewrite.
class Reload : public testing::Test {
 protected:
  Reload() { base::set_log_level(base::LogLevel::info); }
  ~Reload() override { base::set_log_level(base::LogLevel::info); }

  void write(const std::string& text) { std::ofstream(path_, std::ios::trunc) << text; }
  void start(const std::string& text) {
    write(text);
    options_.declare(set_);
    ASSERT_TRUE(set_.load(flags_, {}).empty());
  }
  std::string reload_with(const std::string& text) {
    write(text);
    testing::internal::CaptureStderr();
    is_taken_ = reload(set_, options_, flags_, {});
    return testing::internal::GetCapturedStderr();
  }

  const std::string path_ = testing::TempDir() + "sluice_reload_test.toml";
  const std::vector<std::string> flags_{"--config", path_};
  AllOptions options_;
  base::OptionSet set_;
  bool is_taken_ = false;
};

TEST_F(Reload, AppliesWhatIsLive) {
  start("log-level = \"info\"\n");
  const std::string log = reload_with("log-level = \"debug\"\n");
  EXPECT_TRUE(base::is_logged(base::LogLevel::debug));
  EXPECT_NE(log.find("option_changed option=log-level value=debug"), std::string::npos);
  EXPECT_NE(log.find(" reloaded"), std::string::npos);
  EXPECT_TRUE(is_taken_);
}

TEST_F(Reload, AnOptionThatLeftTheFileIsTheDefaultAgain) {
  start("log-level = \"debug\"\n");
  base::set_log_level(base::LogLevel::debug);
  reload_with("");
  EXPECT_FALSE(base::is_logged(base::LogLevel::debug));
}

TEST_F(Reload, OfAFileWithAMistakeNothingIsApplied) {
  start("");
  const std::string log = reload_with("log-level = \"debug\"\nworkers = \"x\"\n");
  EXPECT_FALSE(base::is_logged(base::LogLevel::debug));
  EXPECT_NE(log.find("reload_refused"), std::string::npos);
  EXPECT_EQ(log.find(" reloaded"), std::string::npos);
  EXPECT_FALSE(is_taken_);
}

TEST_F(Reload, WhatNeedsARestartIsNamedAndLeftAlone) {
  start("workers = 1\n");
  const std::string log = reload_with("workers = 2\n");
  EXPECT_NE(log.find("reload_needs_restart option=workers value=2"), std::string::npos);
  EXPECT_EQ(options_.workers.workers, 1u);
}

// Whoever marks another option as live has to hand it on (apply() in program/reload.cpp), and then to name it here.
TEST_F(Reload, EveryLiveOptionIsKnown) {
  start("");
  std::vector<std::string_view> live;
  for (const base::Option& option : set_.options()) {
    if (option.info.live) live.push_back(option.name);
  }
  EXPECT_EQ(live, (std::vector<std::string_view>{"log-level"}));
}

}  // namespace
}  // namespace sluice::program
