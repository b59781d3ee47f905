#include "control/kept_connections.hpp"

#include <gtest/gtest.h>

namespace sluice::control {
namespace {

constexpr KeptConnections::Node node = 1;

base::ConnectionId id(std::uint32_t client) { return {node, {}, client, 1}; }

TEST(KeptConnections, AreTakenOnce) {
  KeptConnections kept(10'000);
  kept.put(node, id(1), {.name_space = "/", .session = "a"});
  kept.put(node, id(2), {.name_space = "/", .session = "b"});
  kept.put(node, id(1), {.name_space = "/", .session = "again"});
  kept.erase(node, id(2));
  EXPECT_EQ(kept.size(), 1U);
  const auto taken = kept.take(node);
  ASSERT_EQ(taken.connections.size(), 1U);
  EXPECT_EQ(taken.connections.at(id(1)).session, "again");
  EXPECT_EQ(kept.size(), 0U);
  EXPECT_TRUE(kept.take(node).connections.empty());
}

TEST(KeptConnections, ALaterOwnerTakesTheEarliersPlace) {
  KeptConnections kept(10'000);
  kept.own(node, id(1), {"a", {2, 1}});
  kept.put(node, id(1), {});
  kept.own(node, id(1), {"a", {2, 2}});
  kept.own(node, id(1), {"b", {2, 3}});
  kept.own(node, id(1), {"a", {3, 4}});
  const auto taken = kept.take(node);
  EXPECT_EQ(taken.connections.at(id(1)).owners, (std::vector<ConnectionOwner>{{"a", {3, 4}}, {"b", {2, 3}}}));
}

TEST(KeptConnections, AreBoundedAndWhatIsNotKeptIsCounted) {
  KeptConnections kept(1'000);
  for (std::uint32_t client = 0; client < 100; ++client) kept.put(node, id(client), {});
  const std::size_t size = kept.size();
  EXPECT_GT(size, 1U);
  EXPECT_LT(size, 20U);
  // Those that were not kept end, too.
  for (std::uint32_t client = 50; client < 60; ++client) kept.erase(node, id(client));
  kept.erase(node, id(0));
  kept.put(node, id(200), {});
  const auto taken = kept.take(node);
  EXPECT_EQ(taken.connections.size(), size);
  EXPECT_EQ(taken.unkept, 100 - size - 10);
  // Another node has room of its own.
  kept.put(2, {2, {}, 1, 1}, {});
  EXPECT_EQ(kept.size(), 1U);
}

}  // namespace
}  // namespace sluice::control
