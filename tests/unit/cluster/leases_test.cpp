#include "cluster/leases.hpp"

#include <gtest/gtest.h>

namespace sluice::cluster {
namespace {

using namespace std::chrono_literals;

class LeasesTest : public testing::Test {
 protected:
  // A second passes, in which we hear ourselves and those nodes.
  void pass_second(std::initializer_list<std::uint32_t> nodes) {
    now_ += 1s;
    leases_.hear_self(now_);
    for (const std::uint32_t node : nodes) leases_.hear({.incarnation = node}, now_);
  }
  std::vector<std::uint32_t> lost() {
    std::vector<std::uint32_t> incarnations;
    for (const workers::Peer& peer : leases_.take_lost(now_)) incarnations.push_back(peer.incarnation);
    return incarnations;
  }
  using Some = std::vector<std::uint32_t>;

  base::TimePoint now_{100s};
  Leases leases_{{.lease = 3s, .echo_patience = 2s, .return_patience = 5s}};
};

TEST_F(LeasesTest, ANodeComesOnce) {
  EXPECT_TRUE(leases_.hear({.incarnation = 1}, now_));
  EXPECT_FALSE(leases_.hear({.incarnation = 1}, now_));
  EXPECT_EQ(leases_.all().size(), 1u);
}

TEST_F(LeasesTest, OneThatIsSilentForLongerThanItsLeaseIsLostOnce) {
  pass_second({1, 2});
  for (int second = 0; second < 3; ++second) pass_second({2});
  EXPECT_EQ(lost(), Some{});
  now_ += 1ms;
  EXPECT_EQ(lost(), Some{1});
  EXPECT_EQ(lost(), Some{});
}

TEST_F(LeasesTest, OneThatIsHeardAfterThatHasComeAnew) {
  pass_second({1});
  for (int second = 0; second < 4; ++second) pass_second({});
  EXPECT_EQ(lost(), Some{1});
  EXPECT_TRUE(leases_.hear({.incarnation = 1}, now_));
}

TEST_F(LeasesTest, NobodyIsLostWhileWeDoNotHearOurselves) {
  pass_second({1});
  now_ += 2s + 1ms;
  EXPECT_TRUE(leases_.is_cut_off(now_));
  now_ += 1h;
  EXPECT_EQ(lost(), Some{});
}

TEST_F(LeasesTest, NobodyIsLostBeforeWeHaveEverHeardOurselves) {
  leases_.hear({.incarnation = 1}, now_);
  now_ += 10s;
  EXPECT_EQ(lost(), Some{});
  leases_.hear_self(now_);
  EXPECT_EQ(lost(), Some{});
  for (int second = 0; second < 4; ++second) pass_second({});
  EXPECT_EQ(lost(), Some{1});
}

TEST_F(LeasesTest, AfterThatEachHasAWholeLeaseAgainAndTimeToFindBack) {
  pass_second({1});
  now_ += 10s;
  for (int second = 0; second < 9; ++second) {
    pass_second({});
    EXPECT_EQ(lost(), Some{}) << second;
  }
  pass_second({});
  EXPECT_EQ(lost(), Some{1});
}

// Stopped for a while, a process finds what was sent meanwhile only after its timers.
TEST_F(LeasesTest, AStandstillOfOurOwnIsNobodysEnd) {
  pass_second({1});
  now_ += 5s;
  EXPECT_EQ(lost(), Some{});
  leases_.hear_self(now_);
  EXPECT_EQ(lost(), Some{});
}

TEST_F(LeasesTest, WhoSaysThatItGoesIsNotLost) {
  pass_second({1});
  EXPECT_EQ(leases_.leave(1)->incarnation, 1u);
  EXPECT_FALSE(leases_.leave(1));
  for (int second = 0; second < 5; ++second) pass_second({});
  EXPECT_EQ(lost(), Some{});
}

}  // namespace
}  // namespace sluice::cluster
