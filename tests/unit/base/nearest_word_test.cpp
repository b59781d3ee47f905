#include "base/nearest_word.hpp"

#include <gtest/gtest.h>

namespace sluice::base {
namespace {

const std::vector<std::string_view> words{"workers", "pin-workers", "listen", "log-level"};

TEST(NearestWord, FindsWhatWasMistyped) {
  EXPECT_EQ(nearest_word("worker", words), "workers");
  EXPECT_EQ(nearest_word("wrokers", words), "workers");
  EXPECT_EQ(nearest_word("listn", words), "listen");
  EXPECT_EQ(nearest_word("log_level", words), "log-level");
}

TEST(NearestWord, GivesNothingForWhatIsTooFar) {
  EXPECT_EQ(nearest_word("history", words), std::nullopt);
  EXPECT_EQ(nearest_word("", words), std::nullopt);
}

TEST(NearestWord, GivesNothingWithoutCandidates) { EXPECT_EQ(nearest_word("x", {}), std::nullopt); }

}  // namespace
}  // namespace sluice::base
