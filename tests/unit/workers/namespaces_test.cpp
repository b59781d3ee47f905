#include "workers/namespaces.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

namespace sluice::workers {
namespace {

TEST(Namespaces, TheFirstIsSlashAndDeclaredOnesFollowOnce) {
  std::vector<std::uint16_t> made;
  Namespaces namespaces({.declared = {"/b", "/", "/a", "/b"}},
                        [&](base::NamespaceId id, const std::string&) { made.push_back(id.value); });
  EXPECT_EQ(namespaces.size(), 3u);
  EXPECT_EQ(made, (std::vector<std::uint16_t>{0, 1, 2}));
  EXPECT_EQ(namespaces.name_of(base::NamespaceId{0}), "/");
  EXPECT_EQ(namespaces.name_of(base::NamespaceId{2}), "/a");
  EXPECT_EQ(namespaces.resolve("/b").value(), base::NamespaceId{1});
}

TEST(Namespaces, OneThatNothingAllowsIsNotFound) {
  Namespaces namespaces({.patterns = {"/tenant-*"}});
  for (const auto* const name : {"/tenant", "/other", "tenant-1", "", "/tenant-a b", "/tenant-a,b"}) {
    const auto found = namespaces.resolve(name);
    ASSERT_FALSE(found) << name;
    EXPECT_EQ(found.error().code, base::Errc::not_found);
    EXPECT_FALSE(namespaces.allows(name)) << name;
  }
  EXPECT_FALSE(namespaces.resolve("/tenant-" + std::string(128, 'x')));
  EXPECT_EQ(namespaces.size(), 1u);
}

TEST(Namespaces, APatternLetsThemComeAndAskingIsNotComing) {
  Namespaces namespaces({.patterns = {"/tenant-*", "/*/chat"}});
  EXPECT_TRUE(namespaces.allows("/tenant-7"));
  EXPECT_EQ(namespaces.size(), 1u);
  EXPECT_EQ(namespaces.resolve("/tenant-7").value(), base::NamespaceId{1});
  EXPECT_EQ(namespaces.resolve("/x/chat").value(), base::NamespaceId{2});
  EXPECT_EQ(namespaces.resolve("/tenant-7").value(), base::NamespaceId{1});
  EXPECT_EQ(namespaces.name_of(base::NamespaceId{2}), "/x/chat");
}

TEST(Namespaces, ThereAreNeverMoreThanMayBe) {
  Namespaces namespaces({.patterns = {"/*"}, .count_max = 3});
  EXPECT_TRUE(namespaces.resolve("/a"));
  EXPECT_TRUE(namespaces.resolve("/b"));
  const auto refused = namespaces.resolve("/c");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Errc::exhausted);
  EXPECT_TRUE(namespaces.resolve("/a"));
}

TEST(Namespaces, ThreadsThatAskForTheSameGetTheSame) {
  Namespaces namespaces({.patterns = {"/*"}});
  std::vector<std::vector<std::uint16_t>> ids(4);
  std::vector<std::thread> threads;
  for (auto& mine : ids) {
    threads.emplace_back([&namespaces, &mine] {
      for (int n = 0; n < 200; ++n) {
        const auto id = namespaces.resolve("/" + std::to_string(n)).value();
        EXPECT_EQ(namespaces.name_of(id), "/" + std::to_string(n));
        mine.push_back(id.value);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(namespaces.size(), 201u);
  for (const auto& mine : ids) EXPECT_EQ(mine, ids[0]);
}

}  // namespace
}  // namespace sluice::workers
