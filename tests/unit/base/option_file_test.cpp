#include "base/option_file.hpp"

#include <gtest/gtest.h>

#include "tests/unit/base/option_structs.hpp"

namespace sluice::base {
namespace {

std::string problem(const std::string& path) {
  const auto keys = read_option_file(path);
  return keys ? "" : keys.error().detail;
}

TEST(OptionFile, GivesKeysInOrderWithTheirLines) {
  const ScratchFile file("zebra = 1\n\n# a comment\napple = 'x'\n");
  const auto keys = read_option_file(file.path());
  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->size(), 2u);
  EXPECT_EQ(keys->at(0).name, "zebra");
  EXPECT_EQ(keys->at(0).line, 1u);
  EXPECT_EQ(keys->at(1).name, "apple");
  EXPECT_EQ(keys->at(1).line, 4u);
}

TEST(OptionFile, GivesValuesAsAFlagWouldHaveThem) {
  const ScratchFile file("a = 'text'\nb = 12\nc = 0.5\nd = true\ne = false\nf = ['x', 3]\ng = []\n");
  const auto keys = read_option_file(file.path());
  ASSERT_TRUE(keys);
  const std::vector<std::vector<std::string>> expected{{"text"}, {"12"}, {"0.5"}, {"true"}, {"false"}, {"x", "3"}, {}};
  ASSERT_EQ(keys->size(), expected.size());
  for (std::size_t at = 0; at < expected.size(); ++at) {
    EXPECT_EQ(keys->at(at).values, expected[at]);
    EXPECT_EQ(keys->at(at).is_list, at >= 5);
    EXPECT_EQ(keys->at(at).problem, "");
  }
}

TEST(OptionFile, SaysWhatNoOptionCanHave) {
  const ScratchFile file("day = 1979-05-27\nlists = [[1]]\n[table]\nx = 1\n");
  const auto keys = read_option_file(file.path());
  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->size(), 3u);
  EXPECT_EQ(keys->at(0).problem, "is neither text, number, true or false, nor a list of these");
  EXPECT_EQ(keys->at(1).problem, "is neither text, number, true or false, nor a list of these");
  EXPECT_EQ(keys->at(2).problem, "is a table; keys stand alone and are the names of flags");
}

TEST(OptionFile, SaysWhereItIsNotToml) {
  const ScratchFile file("good = 1\nbad = = 2\n");
  EXPECT_TRUE(problem(file.path()).starts_with(file.path() + ":2: is not TOML: ")) << problem(file.path());
}

TEST(OptionFile, SaysWhenAKeyComesTwice) {
  const ScratchFile file("a = 1\na = 2\n");
  EXPECT_TRUE(problem(file.path()).starts_with(file.path() + ":2: is not TOML: ")) << problem(file.path());
}

TEST(OptionFile, SaysWhyItCannotBeRead) {
  EXPECT_EQ(problem("/no/such/file.toml"), "/no/such/file.toml: cannot be read: No such file or directory");
  EXPECT_EQ(problem("/"), "/: cannot be read: Is a directory");
}

TEST(OptionFile, IsBoundInSize) {
  const std::string comment = "#" + std::string((1 << 20) - 2, 'x') + "\n";
  EXPECT_EQ(problem(ScratchFile(comment).path()), "");
  const ScratchFile larger(comment + "\n");
  EXPECT_EQ(problem(larger.path()), larger.path() + ": is larger than 1 MiB");
}

TEST(OptionFile, MayBeEmpty) {
  const ScratchFile file("");
  const auto keys = read_option_file(file.path());
  ASSERT_TRUE(keys);
  EXPECT_TRUE(keys->empty());
}

}  // namespace
}  // namespace sluice::base
