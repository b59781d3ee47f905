#include "program/commands.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace sluice::program {
namespace {

struct Ran {
  int code;
  std::string output, errors;
};

Ran run(const std::vector<std::string>& arguments, const base::Environment& environment = {}) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Ran ran{run_program(arguments, environment), {}, {}};
  ran.output = testing::internal::GetCapturedStdout();
  ran.errors = testing::internal::GetCapturedStderr();
  return ran;
}

std::string file_with(const std::string& text) {
  std::string path = testing::TempDir() + "sluice_commands_test.toml";
  std::ofstream(path) << text;
  return path;
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  std::istringstream overview(run({"help"}).output);
  for (std::string line; std::getline(overview, line);) {
    if (line.starts_with("  ")) names.push_back(line.substr(2, line.find(' ', 2) - 2));
  }
  return names;
}

TEST(Commands, NoneIsBadUsageAndShowsWhatThereIs) {
  const Ran ran = run({});
  EXPECT_EQ(ran.code, 2);
  EXPECT_EQ(ran.output, "");
  EXPECT_EQ(ran.errors, run({"--help"}).output);
}

TEST(Commands, AMistypedOneIsGuessed) {
  const Ran ran = run({"pubish"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_EQ(ran.errors,
            "sluice: there is no command 'pubish'; did you mean publish?\nsluice: `sluice help` lists the commands\n");
}

TEST(Commands, VersionIsThatOfTheBuild) {
  EXPECT_EQ(run({"--version"}).output, run({"version"}).output);
  EXPECT_TRUE(run({"version"}).output.starts_with("sluice "));
}

TEST(Commands, EachHasHelpOfReadableWidth) {
  const std::vector<std::string> names = command_names();
  EXPECT_GE(names.size(), 11u);
  for (const std::string& name : names) {
    const Ran ran = run({name, "--help"});
    EXPECT_EQ(ran.code, 0) << name;
    EXPECT_TRUE(ran.output.starts_with("Usage: sluice " + name)) << name;
    EXPECT_NE(ran.output.find("\nExamples:\n  "), std::string::npos) << name;
    EXPECT_EQ(ran.output, run({"help", name}).output);
    std::istringstream lines(ran.output);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << name << ": " << line;
  }
}

TEST(Commands, APublishNeedsATextAndATarget) {
  EXPECT_EQ(run({"publish", "--room", "a"}).code, 2);
  EXPECT_EQ(run({"publish", "hi"}).code, 2);
  EXPECT_EQ(run({"publish", "--room", "a", "hi", "there"}).code, 2);
  EXPECT_EQ(run({"publish", "--everyone", "--room", "a", "hi"}).code, 2);
  EXPECT_EQ(run({"publish", "--everyone", "--slow-policy", "conflate", "hi"}).code, 2);
  EXPECT_EQ(run({"publish", "--everyone", "--binary", "--json-data", "1"}).code, 2);
}

TEST(Commands, ADisconnectNeedsATarget) { EXPECT_EQ(run({"disconnect"}).code, 2); }

TEST(Commands, ACallThatNobodyAnswersNamesTheAddress) {
  const Ran ran = run({"node", "--grpc", "127.0.0.1:1"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.errors,
            "sluice node: no gateway answers at 127.0.0.1:1; is `sluice serve` running? --grpc or SLUICE_GRPC names "
            "another address\n");
}

TEST(Commands, AClientThatNobodyAnswersNamesTheUrl) {
  for (const std::string name : {"subscribe", "poll"}) {
    const Ran ran = run({name}, {{"SLUICE_URL", "http://127.0.0.1:1"}});
    EXPECT_EQ(ran.code, 1);
    EXPECT_EQ(ran.errors, "sluice " + name +
                              ": no gateway answers at http://127.0.0.1:1; is `sluice serve` running? --url or "
                              "SLUICE_URL names another client port\n");
  }
}

TEST(Commands, AClientRefusesWhatMakesNoSense) {
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"subscribe", "lobby"},
                                                {"subscribe", "--url", "nowhere"},
                                                {"subscribe", "--since", "yesterday"},
                                                {"subscribe", "--token", "a b"},
                                                {"subscribe", "--tls-ca", "x.pem"},
                                                {"poll", "--wait", "soon"},
                                                {"poll", "--count", "1"},
                                                {"poll", "--follow", "--wait", "0"},
                                                {"poll", "--cursor", "x", "--since", "00c0ffee00c0ffee-1"}}) {
    EXPECT_EQ(run(wrong).code, 2) << wrong.at(1);
  }
}

TEST(Health, OfAGatewayThatIsNotThereIsAFailureThatNamesTheAddress) {
  const Ran ran = run({"health", "--admin", "127.0.0.1:1"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.output, "");
  EXPECT_TRUE(ran.errors.starts_with("sluice health: 127.0.0.1:1: ")) << ran.errors;
}

TEST(Health, IsAskedOnLoopbackWhereTheGatewayListensAnywhere) {
  for (const std::string any : {"[::]:1", "0.0.0.0:1"}) {
    const Ran ran = run({"health"}, {{"SLUICE_ADMIN", any}, {"SLUICE_WORKERS", "no matter"}});
    EXPECT_EQ(ran.code, 1);
    EXPECT_TRUE(ran.errors.starts_with("sluice health: 127.0.0.1:1: ")) << ran.errors;
  }
}

TEST(Health, NeedsAnAddressThatCanBeCalled) {
  for (const std::string address : {"localhost", "127.0.0.1:0", ":8082", "host:"}) {
    EXPECT_EQ(run({"health", "--admin", address}).code, 2) << address;
  }
  EXPECT_EQ(run({"health", "now"}).code, 2);
}

TEST(Check, SaysOkOfTheSampleFile) {
  const Ran ran = run({"check", "--config", file_with(run({"options", "--sample"}).output)});
  EXPECT_EQ(ran.output, "ok\n");
  EXPECT_EQ(ran.code, 0);
}

TEST(Check, SaysOkOfAllDefaultsSetInAFile) {
  // Values stand in comments, as nothing else with an equals sign does.
  std::istringstream sample(run({"options", "--sample"}).output);
  std::string text;
  for (std::string line; std::getline(sample, line);) {
    const bool is_value = line.find(" = ") != std::string::npos;
    text += (is_value ? line.substr(2) : line) + "\n";
  }
  const Ran ran = run({"check", "--config", file_with(text)});
  EXPECT_EQ(ran.errors, "");
  EXPECT_EQ(ran.output, "ok\n");
}

TEST(Check, NamesFileAndLineOfEachMistake) {
  const std::string path = file_with("workers = 2\nwrokers = 3\nlisten = [\"nowhere\"]\n");
  const Ran ran = run({"check", "--config", path});
  EXPECT_EQ(ran.code, 1);
  EXPECT_NE(ran.errors.find(path + ":2: wrokers: there is no such option; did you mean workers?"), std::string::npos);
  EXPECT_NE(ran.errors.find(path + ":3: listen: 'nowhere' is not an address"), std::string::npos);
}

TEST(Check, WantsAFileThatCanBeRead) {
  EXPECT_EQ(run({"check"}).code, 2);
  EXPECT_EQ(run({"check", "--config", "/nowhere/sluice.toml"}).code, 1);
}

TEST(Options, ShowPresentValuesAsJson) {
  const Ran ran = run({"options", "--json", "--backlog", "17"}, {{"SLUICE_WORKERS", "3"}});
  EXPECT_NE(ran.output.find("\"default\":4096,\"value\":17}"), std::string::npos);
  EXPECT_NE(ran.output.find("\"default\":0,\"value\":3}"), std::string::npos);
  EXPECT_EQ(ran.output.find("\"name\":\"markdown\""), std::string::npos);
}

TEST(Options, DocumentsDoNotDependOnTheEnvironment) {
  EXPECT_EQ(run({"options", "--markdown"}, {{"SLUICE_WORKERS", "3"}}).output, run({"options", "--markdown"}).output);
}

TEST(Options, ShowOneFormAtATime) {
  EXPECT_TRUE(run({"options", "--man"}).output.starts_with(".TH SLUICE 1 "));
  EXPECT_EQ(run({"options", "--man", "--json"}).code, 2);
}

TEST(Metrics, AreListed) { EXPECT_NE(run({"metrics"}).output.find("`sluice_connections`"), std::string::npos); }

TEST(Serve, RefusesWhatItCannotDoBeforeItStarts) {
  EXPECT_EQ(run({"serve", "--workers", "many"}).code, 2);
  EXPECT_EQ(run({"serve", "now"}).code, 2);
  EXPECT_EQ(run({"serve", "--client-messages", "relay"}).code, 2);
  EXPECT_EQ(run({"serve", "--config", "/nowhere/sluice.toml"}).code, 1);
}

}  // namespace
}  // namespace sluice::program
