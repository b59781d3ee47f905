#include "workers/slab.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/unit/workers/reach_connection.hpp"

namespace sluice::workers {
namespace {

std::uint32_t generation_of(Connection& connection) { return reach(GenerationOf{}, connection); }

TEST(Slab, GivesEachSlotOnce) {
  Slab slab;
  std::set<std::uint32_t> slots;
  for (int count = 0; count < 200; ++count) slots.insert(slab.take().slot());
  EXPECT_EQ(slots.size(), 200u);
  EXPECT_EQ(slab.size(), 200u);
  EXPECT_EQ(slab.slots(), 256u);
}

TEST(Slab, NeverMovesAConnection) {
  Slab slab;
  Connection* const first = &slab.take();
  for (int count = 0; count < 1000; ++count) slab.take();
  EXPECT_EQ(&slab.at(0), first);
}

TEST(Slab, AStaleGenerationFindsNobody) {
  Slab slab;
  Connection& connection = slab.take();
  const std::uint32_t slot = connection.slot(), generation = generation_of(connection);
  EXPECT_EQ(slab.find(slot, generation), &connection);
  EXPECT_EQ(slab.find(slot, generation + 1), nullptr);
  slab.give_back(connection);
  EXPECT_EQ(slab.find(slot, generation), nullptr);
  EXPECT_EQ(slab.find(slot, generation + 1), nullptr);
  EXPECT_EQ(slab.find(100'000, generation), nullptr);
  EXPECT_EQ(slab.size(), 0u);
}

TEST(Slab, ReusesTheSlotThatIsFreeForLongest) {
  Slab slab;
  for (std::uint32_t count = 0; count < Slab::page_slots; ++count) slab.take();
  for (const std::uint32_t slot : {7u, 3u, 9u}) slab.give_back(slab.at(slot));
  EXPECT_EQ(slab.take().slot(), 7u);
  slab.give_back(slab.at(7));
  EXPECT_EQ(slab.take().slot(), 3u);
  EXPECT_EQ(slab.take().slot(), 9u);
  EXPECT_EQ(slab.take().slot(), 7u);
  EXPECT_EQ(slab.slots(), Slab::page_slots);
}

TEST(Slab, AReusedSlotIsAsNewButForItsGeneration) {
  Slab slab;
  Connection& connection = slab.take();
  const std::uint32_t generation = generation_of(connection);
  reach(FormatOf{}, connection) = 5;
  slab.give_back(connection);
  EXPECT_FALSE(connection.is_open());
  for (std::uint32_t count = 0; count < Slab::page_slots; ++count) slab.take();
  EXPECT_TRUE(connection.is_open());
  EXPECT_EQ(generation_of(connection), generation + 1);
  EXPECT_EQ(reach(FormatOf{}, connection), 0);
  EXPECT_EQ(reach(DescriptorOf{}, connection), -1);
}

TEST(Slab, ASlotWhoseGenerationWrapsIsRetired) {
  Slab slab;
  Connection& connection = slab.take();
  const std::uint32_t slot = connection.slot();
  reach(GenerationOf{}, connection) = 0xffffffff;
  slab.give_back(connection);
  for (std::uint32_t count = 0; count < 2 * Slab::page_slots; ++count) EXPECT_NE(slab.take().slot(), slot);
  EXPECT_EQ(slab.find(slot, 0), nullptr);
}

}  // namespace
}  // namespace sluice::workers
