#include "cluster/certainty.hpp"

#include <gtest/gtest.h>

namespace sluice::cluster {
namespace {

using base::Errc;
using base::fail;
using namespace std::chrono_literals;

class CertaintyTest : public testing::Test {
 protected:
  CertaintyTest() { begin("c"); }
  void begin(const std::string& cluster, int replicas = 1) {
    NatsInfo server;
    server.cluster = cluster;
    certainty_.begin(server, replicas);
  }
  bool take(const base::Result<StreamState>& state, base::Duration at) { return certainty_.take(state, start_ + at); }
  bool may_make(base::Duration at) const { return certainty_.if_missing(start_ + at) == IfMissing::make; }
  static StreamState made(const std::string& description, std::uint64_t last_sequence = 0) {
    StreamState state;
    state.description = description;
    state.last_sequence = last_sequence;
    return state;
  }

  const base::Error not_found_ = fail(Errc::not_found, "stream not found");
  const base::TimePoint start_ = base::Clock::now();
  Certainty certainty_;
};

TEST_F(CertaintyTest, AServerThatIsAloneIsBelievedAtOnce) {
  begin("");
  EXPECT_TRUE(may_make(0s));
  EXPECT_TRUE(take(made("one"), 0s));
  begin("", 3);
  EXPECT_FALSE(may_make(0s)) << "others hold replicas";
  EXPECT_FALSE(take(made("one"), 0s));
}

TEST_F(CertaintyTest, AStreamIsMissingOnceThatWasSaidForAWhile) {
  EXPECT_FALSE(may_make(0s));
  EXPECT_FALSE(take(not_found_, 0s));
  EXPECT_FALSE(may_make(1900ms));
  EXPECT_FALSE(take(not_found_, 1900ms));
  EXPECT_TRUE(may_make(2s));
}

TEST_F(CertaintyTest, AnythingElseBeginsAnew) {
  for (const base::Result<StreamState>& other :
       {base::Result<StreamState>(made("one")), base::Result<StreamState>(fail(Errc::timed_out, "no answer"))}) {
    take(not_found_, 0s);
    take(other, 1s);
    take(not_found_, 1500ms);
    EXPECT_FALSE(may_make(3s));
    EXPECT_TRUE(may_make(3500ms));
    begin("c");
    EXPECT_FALSE(may_make(9s));
  }
}

TEST_F(CertaintyTest, AnEmptyStreamIsWhoseItIsAfterAWhile) {
  EXPECT_FALSE(take(made("one"), 0s));
  EXPECT_FALSE(take(made("two"), 900ms)) << "another node has made it at the same time";
  EXPECT_FALSE(take(made("two"), 1800ms));
  EXPECT_TRUE(take(made("two"), 1900ms));
}

TEST_F(CertaintyTest, AStreamWithMessagesIsAsItIs) { EXPECT_TRUE(take(made("one", 1), 0s)); }

}  // namespace
}  // namespace sluice::cluster
