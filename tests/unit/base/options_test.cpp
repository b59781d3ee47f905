#include "base/options.hpp"

#include <gtest/gtest.h>

#include "tests/unit/base/option_structs.hpp"

namespace sluice::base {
namespace {

using Problems = std::vector<std::string>;

struct Loaded {
  explicit Loaded(const std::vector<std::string>& flags, const Environment& environment = {}) {
    set.add(first);
    set.add(second);
    problems = set.load(flags, environment);
  }
  FirstOptions first;
  SecondOptions second;
  OptionSet set;
  Problems problems;
};

TEST(OptionSet, LeavesDefaultsWhereNothingIsGiven) {
  const Loaded loaded({});
  EXPECT_EQ(loaded.problems, Problems{});
  EXPECT_EQ(loaded.first.workers, 2u);
  EXPECT_EQ(loaded.second.listen.at(0).text(), "[::]:8080");
  EXPECT_EQ(loaded.set.config(), "");
}

TEST(OptionSet, ReadsFlagsInBothForms) {
  const Loaded loaded({"--workers", "4", "--bytes-max=64KiB", "--share-port", "--speed", "fast"});
  EXPECT_EQ(loaded.problems, Problems{});
  EXPECT_EQ(loaded.first.workers, 4u);
  EXPECT_EQ(loaded.first.bytes_max, 65536u);
  EXPECT_TRUE(loaded.first.share_port);
  EXPECT_EQ(loaded.first.speed, Speed::fast);
}

TEST(OptionSet, ABooleanFlagTakesItsValueByEqualsOnly) {
  EXPECT_FALSE(Loaded({"--share-port=false"}).first.share_port);
  EXPECT_EQ(Loaded({"--share-port", "false"}).problems,
            Problems{"'false': is not a flag; each value stands behind its flag"});
  EXPECT_EQ(Loaded({"--share-port=maybe"}).problems, Problems{"--share-port: 'maybe' is not true or false"});
}

TEST(OptionSet, TheLastOfSeveralValuesCounts) { EXPECT_EQ(Loaded({"--workers=1", "--workers=3"}).first.workers, 3u); }

TEST(OptionSet, ARepeatedFlagMakesAListAndReplacesTheDefault) {
  const Loaded loaded({"--listen", "[::1]:1", "--listen=127.0.0.1:2", "--name=a,b"});
  ASSERT_EQ(loaded.second.listen.size(), 2u);
  EXPECT_EQ(loaded.second.listen[0].text(), "[::1]:1");
  EXPECT_EQ(loaded.second.listen[1].text(), "127.0.0.1:2");
  EXPECT_EQ(loaded.second.names, std::vector<std::string>{"a,b"});
}

TEST(OptionSet, ReadsTheEnvironment) {
  const Loaded loaded(
      {},
      {{"SLUICE_WORKERS", "7"}, {"SLUICE_SHARE_PORT", "true"}, {"SLUICE_NAME", "a, b,,c"}, {"SLUICE_TITLE", "x, y"}});
  EXPECT_EQ(loaded.problems, Problems{});
  EXPECT_EQ(loaded.first.workers, 7u);
  EXPECT_TRUE(loaded.first.share_port);
  EXPECT_EQ(loaded.second.names, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(loaded.second.title, "x, y");
}

TEST(OptionSet, LeavesVariablesOfNoOptionAndEmptyOnesAlone) {
  const Loaded loaded({}, {{"SLUICE_SERVICE_HOST", "10.0.0.1"}, {"SLUICE_WORKERS", ""}, {"PATH", "/bin"}});
  EXPECT_EQ(loaded.problems, Problems{});
  EXPECT_EQ(loaded.first.workers, 2u);
}

TEST(OptionSet, TellsOfVariablesThatLookLikeAnOptions) {
  const Loaded loaded({});
  EXPECT_EQ(loaded.set.stray_variables(
                {{"SLUICE_WORKER", "2"}, {"SLUICE_WORKERS", "2"}, {"WORKER", "2"}, {"SLUICE_EMPTY", ""}}),
            Problems{"SLUICE_WORKER: there is no such option; did you mean SLUICE_WORKERS?"});
  EXPECT_EQ(loaded.set.stray_variables({{"SLUICE_SERVICE_HOST", "10.0.0.1"},
                                        {"SLUICE_CONTROL_SERVICE_PORT_GRPC", "8081"},
                                        {"SLUICE_PORT", "tcp://10.0.0.1:8080"},
                                        {"SLUICE_PORTAL_PORT", "tcp://10.0.0.3:80"},
                                        {"SLUICE_PORTAL_PORT_80_TCP_PROTO", "tcp"},
                                        {"SLUICE_NATS_PORT_4222_TCP_ADDR", "10.0.0.2"}}),
            Problems{});
  EXPECT_EQ(loaded.set.stray_variables({{"SLUICE_LISTEN_PORT", "8080"}, {"SLUICE_PORTAL", "1"}}),
            (Problems{"SLUICE_LISTEN_PORT: there is no such option; did you mean SLUICE_SHARE_PORT?",
                      "SLUICE_PORTAL: there is no such option"}));
}

TEST(OptionSet, FlagsWinOverEnvironmentOverFile) {
  const ScratchFile file("workers = 1\nbytes-max = '2KiB'\npause-seconds = 3\n");
  const Loaded loaded({"--config", file.path(), "--workers=5"},
                      {{"SLUICE_WORKERS", "4"}, {"SLUICE_BYTES_MAX", "8KiB"}});
  EXPECT_EQ(loaded.problems, Problems{});
  EXPECT_EQ(loaded.first.workers, 5u);
  EXPECT_EQ(loaded.first.bytes_max, 8192u);
  EXPECT_EQ(loaded.first.pause_seconds, std::chrono::seconds(3));
  EXPECT_EQ(loaded.set.config(), file.path());
}

TEST(OptionSet, TheEnvironmentMayNameTheFileAndAFlagAnother) {
  const ScratchFile file("workers = 9\n");
  EXPECT_EQ(Loaded({}, {{"SLUICE_CONFIG", file.path()}}).first.workers, 9u);
  EXPECT_EQ(Loaded({"--config", file.path()}, {{"SLUICE_CONFIG", "/no/such"}}).problems, Problems{});
}

TEST(OptionSet, ReadsListsFromTheFile) {
  const ScratchFile file("listen = ['127.0.0.1:1', '[::1]:2']\nname = 'only'\n");
  const Loaded loaded({"--config", file.path()});
  EXPECT_EQ(loaded.problems, Problems{});
  EXPECT_EQ(loaded.second.listen.size(), 2u);
  EXPECT_EQ(loaded.second.names, std::vector<std::string>{"only"});
}

TEST(OptionSet, NamesFlagValueAndRangeOfAMistake) {
  EXPECT_EQ(Loaded({"--workers=257"}).problems, Problems{"--workers: '257' is not a whole number from 0 to 256"});
  EXPECT_EQ(Loaded({"--speed=warp"}).problems, Problems{"--speed: 'warp' is not slow or fast"});
  EXPECT_EQ(Loaded({}, {{"SLUICE_WORKERS", "x"}}).problems,
            Problems{"SLUICE_WORKERS: 'x' is not a whole number from 0 to 256"});
}

TEST(OptionSet, SaysWhichFlagMayHaveBeenMeant) {
  EXPECT_EQ(Loaded({"--worker=3"}).problems, Problems{"--worker: there is no such option; did you mean --workers?"});
  EXPECT_EQ(Loaded({"--frobnicate"}).problems, Problems{"--frobnicate: there is no such option"});
  EXPECT_EQ(Loaded({"-workers=3"}).problems, Problems{"-workers: there is no such option; did you mean --workers?"});
}

TEST(OptionSet, SaysWhenAValueIsMissing) {
  EXPECT_EQ(Loaded({"--workers"}).problems, Problems{"--workers: needs a value"});
  EXPECT_EQ(Loaded({"--workers", "--share-port"}).problems, Problems{"--workers: needs a value"});
  EXPECT_EQ(Loaded({"--workers="}).problems, Problems{"--workers: '' is not a whole number from 0 to 256"});
}

TEST(OptionSet, NamesFileAndLineOfAMistake) {
  const ScratchFile file("workers = 1000\nwrokers = 1\ntitle = ['a', 'b']\nconfig = 'x'\n[name]\n");
  const std::string at = file.path() + ":";
  EXPECT_EQ(Loaded({"--config", file.path()}).problems,
            (Problems{at + "2: wrokers: there is no such option; did you mean workers?",
                      at + "3: title: takes one value, not a list", at + "4: config: cannot be set in the file",
                      at + "5: name: is a table; keys stand alone and are the names of flags",
                      at + "1: workers: '1000' is not a whole number from 0 to 256"}));
}

TEST(OptionSet, SaysThatAFileCannotBeRead) {
  EXPECT_EQ(Loaded({"--config=/no/such"}).problems, Problems{"/no/such: cannot be read: No such file or directory"});
}

TEST(OptionSet, TellsEveryMistakeAtOnce) {
  EXPECT_EQ(Loaded({"--workers=x", "--nonsense-here", "--bytes-max=1"}).problems.size(), 3u);
}

TEST(OptionSet, AMistakeLeavesTheMemberAsItWas) {
  const Loaded loaded({"--listen=127.0.0.1:1", "--listen=nowhere"});
  EXPECT_EQ(loaded.second.listen.size(), 1u);
  EXPECT_EQ(loaded.second.listen[0].text(), "[::]:8080");
}

TEST(OptionSet, ValidatesWhatSeveralOptionsMakeTogether) {
  EXPECT_EQ(Loaded({"--workers=13"}).problems, Problems{"--workers: 13 brings bad luck"});
}

TEST(OptionSet, FindsOptionsByName) {
  const Loaded loaded({"--workers=4"});
  const Option* const workers = loaded.set.find("workers");
  ASSERT_NE(workers, nullptr);
  EXPECT_EQ(workers->flag(), "--workers");
  EXPECT_EQ(loaded.set.find("share-port")->environment_variable(), "SLUICE_SHARE_PORT");
  EXPECT_EQ(workers->defaults, std::vector<std::string>{"2"});
  EXPECT_EQ(workers->values(), std::vector<std::string>{"4"});
  EXPECT_EQ(loaded.set.find("no"), nullptr);
  EXPECT_EQ(loaded.set.options().front().name, "config");
}

TEST(OptionSet, HasNoFileIfToldSo) {
  OptionSet set(false);
  EXPECT_EQ(set.load({"--config=x"}, {}), Problems{"--config: there is no such option"});
}

TEST(ReadEnvironment, CutsAtTheFirstEquals) {
  const char* const entries[] = {"A=1", "B=x=y", "C=", "nonsense", nullptr};
  EXPECT_EQ(read_environment(entries), (Environment{{"A", "1"}, {"B", "x=y"}, {"C", ""}}));
  EXPECT_EQ(read_environment(nullptr), Environment{});
}

}  // namespace
}  // namespace sluice::base
