#include "program/command_line.hpp"

#include <gtest/gtest.h>

namespace sluice::program {
namespace {

struct SomeOptions {
  static constexpr std::string_view section = "Some";
  std::vector<std::string> rooms;
  bool everyone = false;
  std::size_t code = 1000;
  std::string grpc = "127.0.0.1:8081";
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option("room", rooms, {.sentence = "A room."});
    visitor.option("everyone", everyone, {.sentence = "All."});
    visitor.option("code", code, {.unit = "code", .max = 4999, .sentence = "A code."});
    visitor.option("grpc", grpc, {.unit = "address", .sentence = "A port."});
  }
};

constexpr Manual manual{
    .usage = "sluice some [OPTION]...", .about = "Does something.\n", .examples = "  sluice some\n"};

using Texts = std::vector<std::string>;

struct Read {
  SomeOptions options;
  std::optional<int> code;
  Texts words;
  std::string output, errors;
};

Read read(Texts arguments, const base::Environment& environment = {},
          CommandLine::Variables variables = CommandLine::Variables::grpc_only) {
  Read result;
  const Invocation invocation{"some", std::move(arguments), environment};
  CommandLine line(invocation, manual, variables);
  line.add(result.options);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  result.code = line.read();
  result.words = line.words();
  std::fflush(stdout);
  result.output = testing::internal::GetCapturedStdout();
  result.errors = testing::internal::GetCapturedStderr();
  return result;
}

TEST(CommandLine, WordsMayStandBetweenFlags) {
  const Read result = read({"one", "--room", "a", "two", "--everyone", "three", "--room=b", "-"});
  EXPECT_FALSE(result.code);
  EXPECT_EQ(result.words, (Texts{"one", "two", "three", "-"}));
  EXPECT_EQ(result.options.rooms, (Texts{"a", "b"}));
  EXPECT_TRUE(result.options.everyone);
}

TEST(CommandLine, BehindTwoDashesAllAreWords) {
  const Read result = read({"--room", "a", "--", "--help", "-x"});
  EXPECT_FALSE(result.code);
  EXPECT_EQ(result.words, (Texts{"--help", "-x"}));
}

TEST(CommandLine, AValueMayBeginWithOneDash) { EXPECT_EQ(read({"--room", "-a"}).options.rooms, (Texts{"-a"})); }

TEST(CommandLine, AForgottenValueIsNoticed) {
  const Read result = read({"--room", "--everyone"});
  EXPECT_EQ(result.code, exit_usage);
  EXPECT_EQ(result.errors, "sluice some: --room: needs a value\n");
}

TEST(CommandLine, EveryMistakeIsALine) {
  const Read result = read({"--romo", "a", "--code", "5000", "-v"});
  EXPECT_EQ(result.code, exit_usage);
  EXPECT_EQ(result.errors,
            "sluice some: --romo: there is no such option; did you mean --room?\n"
            "sluice some: -v: there is no such option\n"
            "sluice some: --code: '5000' is not a whole number from 0 to 4999\n");
}

TEST(CommandLine, OfTheEnvironmentOnlyTheAddressCounts) {
  const Read result = read({}, {{"SLUICE_GRPC", "10.0.0.1:1"}, {"SLUICE_ROOM", "a"}, {"SLUICE_EVERYONE", "true"}});
  EXPECT_EQ(result.options.grpc, "10.0.0.1:1");
  EXPECT_TRUE(result.options.rooms.empty());
  EXPECT_FALSE(result.options.everyone);
}

TEST(CommandLine, AClientHasVariablesOfItsOwn) {
  const Read result = read({}, {{"SLUICE_GRPC", "10.0.0.1:1"}}, CommandLine::Variables::client_port);
  EXPECT_EQ(result.options.grpc, "127.0.0.1:8081");
}

TEST(CommandLine, ACallHasNoFile) { EXPECT_EQ(read({"--config", "x.toml"}).code, exit_usage); }

TEST(CommandLine, HelpWinsOverMistakes) {
  const Read result = read({"--romo", "--help"});
  EXPECT_EQ(result.code, exit_ok);
  EXPECT_EQ(result.output,
            "Usage: sluice some [OPTION]...\n\nDoes something.\n\nExamples:\n  sluice some\n\nOptions:\n"
            "  --room ROOM                 A room. May be repeated.\n"
            "  --everyone                  All.\n"
            "  --code N                    A code. Default 1000.\n"
            "  --grpc ADDRESS              A port. Default 127.0.0.1:8081.\n");
  EXPECT_EQ(result.errors, "");
}

}  // namespace
}  // namespace sluice::program
