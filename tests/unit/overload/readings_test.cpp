#include "overload/readings.hpp"

#include <gtest/gtest.h>

namespace sluice::overload {
namespace {

TEST(Readings, ANumberStandsAlone) {
  EXPECT_EQ(whole_number("67108864\n"), 67'108'864u);
  EXPECT_EQ(whole_number("0"), 0u);
  EXPECT_EQ(whole_number("18446744073709551615\n"), 18'446'744'073'709'551'615u);
}

TEST(Readings, WhatIsNoNumberIsNone) {
  for (const char* const text : {"", "\n", "max\n", "-1\n", "12 13\n", "12k\n", "18446744073709551616\n"}) {
    EXPECT_EQ(whole_number(text), std::nullopt) << text;
  }
}

TEST(Readings, ANamedNumberIsFoundByItsWholeName) {
  constexpr const char* stat = "anon 10\ninactive_file_more 5\nsock 4096\ninactive_file 77\n";
  EXPECT_EQ(named_number(stat, "inactive_file"), 77u);
  EXPECT_EQ(named_number(stat, "sock"), 4096u);
  EXPECT_EQ(named_number(stat, "file"), std::nullopt);
  EXPECT_EQ(named_number(stat, "so"), std::nullopt);
  EXPECT_EQ(named_number("sock\nsock x\n", "sock"), std::nullopt);
  EXPECT_EQ(named_number("", "sock"), std::nullopt);
}

TEST(Readings, ResidentPagesAreTheSecondNumber) {
  EXPECT_EQ(resident_pages("44310 5120 3000 12 0 9000 0\n"), 5120u);
  EXPECT_EQ(resident_pages("44310 5120"), 5120u);
  EXPECT_EQ(resident_pages("44310"), std::nullopt);
  EXPECT_EQ(resident_pages(""), std::nullopt);
}

TEST(Readings, TheCgroupOfEachVersionIsFound) {
  const auto both = cgroup_places("9:name=systemd:/\n4:cpuset,memory:/a/b\n3:memory_x:/no\n0::/unified\n");
  EXPECT_EQ(both.memory, "/a/b");
  EXPECT_EQ(both.unified, "/unified");
  const auto alone = cgroup_places("0::/kubepods.slice/pod:1\n");
  EXPECT_EQ(alone.unified, "/kubepods.slice/pod:1");
  EXPECT_EQ(alone.memory, "");
  EXPECT_EQ(cgroup_places("nonsense\n:\n").unified, "");
}

}  // namespace
}  // namespace sluice::overload
