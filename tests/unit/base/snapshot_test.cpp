#include "base/snapshot.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace sluice::base {
namespace {

TEST(Snapshot, AReaderSeesTheNewestValue) {
  Snapshot<int> snapshot(std::make_shared<const int>(1));
  Snapshot<int>::Reader reader(snapshot);
  EXPECT_EQ(*reader.get(), 1);
  snapshot.publish(std::make_shared<const int>(2));
  EXPECT_EQ(*reader.get(), 2);
  EXPECT_EQ(*snapshot.get(), 2);
}

TEST(Snapshot, WhoHoldsTheOldValueKeepsIt) {
  Snapshot<int> snapshot(std::make_shared<const int>(1));
  const auto old = snapshot.get();
  snapshot.publish(std::make_shared<const int>(2));
  EXPECT_EQ(*old, 1);
}

TEST(Snapshot, AnUnchangedValueIsTheSameOne) {
  Snapshot<int> snapshot(std::make_shared<const int>(1));
  Snapshot<int>::Reader reader(snapshot);
  const auto first = reader.get();
  EXPECT_EQ(reader.get(), first);
}

TEST(Snapshot, ManyReadersNeverGoBack) {
  Snapshot<int> snapshot(std::make_shared<const int>(0));
  const auto read = [&snapshot] {
    Snapshot<int>::Reader reader(snapshot);
    for (int last = 0; last < 1000;) {
      const int now = *reader.get();
      ASSERT_GE(now, last);
      last = now;
    }
  };
  std::thread one(read), other(read);
  for (int value = 1; value <= 1000; ++value) snapshot.publish(std::make_shared<const int>(value));
  one.join();
  other.join();
}

}  // namespace
}  // namespace sluice::base
