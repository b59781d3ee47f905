#include "base/option_text.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <sstream>

#include "base/options.hpp"
#include "tests/unit/base/option_structs.hpp"

namespace sluice::base {
namespace {

struct Declared {
  Declared() {
    set.add(first);
    set.add(second);
  }
  const std::vector<Option>& options() const { return set.options(); }
  FirstOptions first;
  SecondOptions second;
  OptionSet set;
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(OptionHelp, ShowsFlagSentenceAndFacts) {
  const std::string help = option_help(Declared().options());
  EXPECT_TRUE(has(help,
                  "First:\n"
                  "  --workers N\n"
                  "      How many threads.\n"
                  "      Default 2; threads, 0 to 256; SLUICE_WORKERS\n"))
      << help;
  EXPECT_TRUE(has(help, "  --speed slow|fast\n")) << help;
  EXPECT_TRUE(has(help, "Default 1MiB; bytes, at least 1KiB; live; SLUICE_BYTES_MAX")) << help;
  EXPECT_TRUE(has(help, "Default 1.5; seconds, 0 to 60; SLUICE_PAUSE_SECONDS")) << help;
  EXPECT_TRUE(has(help, "Default none; may be repeated; SLUICE_NAME")) << help;
}

TEST(OptionMan, HasASubsectionForEachSectionAndAnItemForEachOption) {
  const std::string man = option_man(Declared().options());
  EXPECT_TRUE(has(man,
                  ".SS First\n.TP\n\\fB\\-\\-workers\\fR \\fIN\\fR\nHow many threads.\n.br\n"
                  "Default 2; threads, 0 to 256; SLUICE_WORKERS\n"))
      << man;
  EXPECT_TRUE(has(man, ".TP\n\\fB\\-\\-share\\-port\\fR\n")) << man;
  EXPECT_TRUE(has(man, ".SS Second\n")) << man;
}

struct WordyOptions {
  static constexpr std::string_view section = "Wordy";
  bool value = false;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option("value", value,
                   {.sentence = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen "
                                "fifteen sixteen seventeen eighteen nineteen twenty."});
  }
};

TEST(OptionHelp, KeepsWithinItsColumns) {
  WordyOptions options;
  OptionSet set;
  set.add(options);
  std::istringstream lines(option_help(set.options()));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
}

TEST(OptionMarkdown, GivesOneTableASection) {
  const std::string text = option_markdown(Declared().options());
  EXPECT_TRUE(has(text, "\n## First\n\n| option | default |")) << text;
  EXPECT_TRUE(has(text, "\n## Second\n")) << text;
  EXPECT_TRUE(has(text, "| `--bytes-max` | `1MiB` | bytes, at least 1KiB | live | A bound. |\n")) << text;
  EXPECT_TRUE(has(text, "| `--speed` | `slow` | `slow`, `fast` | restart | How fast. |\n")) << text;
}

TEST(OptionJson, IsJsonWithPresentValuesBesideDefaults) {
  Declared declared;
  ASSERT_TRUE(declared.set.load({"--workers=5", "--listen=[::1]:1", "--listen=[::1]:2"}, {}).empty());
  const boost::json::value json = boost::json::parse(option_json(declared.options()));
  std::map<std::string, boost::json::object> by_name;
  for (const auto& option : json.as_array()) {
    by_name[std::string(option.at("name").as_string())] = option.as_object();
  }
  EXPECT_EQ(by_name.size(), declared.options().size());
  EXPECT_EQ(by_name["workers"]["default"], boost::json::value(2));
  EXPECT_EQ(by_name["workers"]["value"], boost::json::value(5));
  EXPECT_EQ(by_name["listen"]["value"], boost::json::value({"[::1]:1", "[::1]:2"}));
  EXPECT_EQ(by_name["title"]["value"], boost::json::value("a \"b\""));
  EXPECT_EQ(by_name["share-port"]["value"], boost::json::value(false));
  EXPECT_EQ(by_name["pause-seconds"]["value"], boost::json::value(1.5));
  EXPECT_EQ(by_name["speed"]["choices"], boost::json::value({"slow", "fast"}));
  EXPECT_EQ(by_name["bytes-max"]["live"], boost::json::value(true));
}

// Takes the '#' away before each setting.
std::string with_settings(const std::string& sample) {
  std::istringstream lines(sample);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    const bool is_setting = line.starts_with("# ") && has(line, " = ");
    out += (is_setting ? line.substr(2) : line) + "\n";
  }
  return out;
}

TEST(OptionSampleFile, ChangesNothingWhetherReadAsItIsOrWithItsSettings) {
  const std::string sample = option_sample_file(Declared().options());
  for (const std::string& text : {sample, with_settings(sample)}) {
    const ScratchFile file(text);
    Declared read;
    EXPECT_EQ(read.set.load({"--config", file.path()}, {}), std::vector<std::string>{}) << text;
    for (const Option& option : read.options()) {
      if (option.name != "config") {
        EXPECT_EQ(option.values(), option.defaults) << option.name;
      }
    }
  }
}

TEST(OptionSampleFile, LeavesOutWhatNoFileCanSet) {
  const std::string sample = option_sample_file(Declared().options());
  EXPECT_FALSE(has(sample, "config = ")) << sample;
  EXPECT_TRUE(has(sample, "# workers = 2\n")) << sample;
  EXPECT_TRUE(has(sample, "# listen = [\"[::]:8080\"]\n")) << sample;
}

}  // namespace
}  // namespace sluice::base
