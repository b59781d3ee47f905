#include "program/amounts.hpp"

#include <gtest/gtest.h>

namespace sluice::program {
namespace {

using namespace std::chrono_literals;

TEST(DurationText, HasTwoUnitsAtMost) {
  EXPECT_EQ(duration_text(0ms), "0ms");
  EXPECT_EQ(duration_text(999ms), "999ms");
  EXPECT_EQ(duration_text(1000ms), "1.0s");
  EXPECT_EQ(duration_text(59'999ms), "59.9s");
  EXPECT_EQ(duration_text(60s), "1m00s");
  EXPECT_EQ(duration_text(59min + 59s), "59m59s");
  EXPECT_EQ(duration_text(1h), "1h00m");
  EXPECT_EQ(duration_text(23h + 59min), "23h59m");
  EXPECT_EQ(duration_text(24h * 4 + 3h), "4d03h");
}

TEST(BytesText, HasTheLargestUnitThatFits) {
  EXPECT_EQ(bytes_text(0), "0");
  EXPECT_EQ(bytes_text(1023), "1023");
  EXPECT_EQ(bytes_text(1024), "1.0KiB");
  EXPECT_EQ(bytes_text((1 << 20) - 1), "1.0MiB");
  EXPECT_EQ(bytes_text(std::uint64_t{64} << 20), "64.0MiB");
  EXPECT_EQ(bytes_text(std::uint64_t{5} << 50), "5120.0TiB");
}

}  // namespace
}  // namespace sluice::program
