#include "cluster/absence.hpp"

#include <gtest/gtest.h>

namespace sluice::cluster {
namespace {

using base::Errc;
using base::fail;
using namespace std::chrono_literals;

const base::Status not_found = fail(Errc::not_found, "stream not found");
const NatsInfo alone;
NatsInfo one_of_several() {
  NatsInfo info;
  info.cluster.assign(1, 'c');
  return info;
}

class AbsenceTest : public testing::Test {
 protected:
  void take(const base::Status& status, base::Duration at) { absence_.take(status, start_ + at); }
  bool may_make(base::Duration at, const NatsInfo& server = one_of_several(), int replicas = 1) const {
    return absence_.if_missing(server, replicas, start_ + at) == IfMissing::make;
  }
  Absence absence_;
  const base::TimePoint start_ = base::Clock::now();
};

TEST_F(AbsenceTest, AServerThatIsAloneIsBelievedAtOnce) {
  EXPECT_TRUE(may_make(0s, alone));
  EXPECT_FALSE(may_make(0s, alone, 3));
}

TEST_F(AbsenceTest, OneOfSeveralIsBelievedWhenItHasSaidSoForAWhile) {
  EXPECT_FALSE(may_make(0s));
  take(not_found, 0s);
  EXPECT_FALSE(may_make(1900ms));
  take(not_found, 1900ms);
  EXPECT_TRUE(may_make(2s));
}

TEST_F(AbsenceTest, AnythingElseBeginsAnew) {
  for (const auto& other : {base::ok(), base::Status(fail(Errc::timed_out, "no answer"))}) {
    take(not_found, 0s);
    take(other, 1s);
    take(not_found, 1500ms);
    EXPECT_FALSE(may_make(3s));
    EXPECT_TRUE(may_make(3500ms));
    absence_.forget();
    EXPECT_FALSE(may_make(9s));
  }
}

}  // namespace
}  // namespace sluice::cluster
