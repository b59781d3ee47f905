#include "workers/options.hpp"

#include <gtest/gtest.h>

#include "base/options.hpp"

namespace sluice::workers {
namespace {

std::vector<std::string> problems(const std::vector<std::string>& flags) {
  Options options;
  base::OptionSet set(false);
  set.add(options);
  return set.load(flags, {});
}

TEST(WorkersOptions, EachLimitTakesItsEndsAndNothingBeyond) {
  const std::vector<std::array<std::string, 4>> limits{{"--workers", "", "256", "257"},
                                                       {"--connections-max", "", "16000000", "16000001"},
                                                       {"--rooms-per-connection-max", "0", "65535", "65536"},
                                                       {"--close-timeout-seconds", "49ms", "1h", "3601"},
                                                       {"--history-messages", "", "1000000", "1000001"},
                                                       {"--history-seconds", "0", "604800", "604801"},
                                                       {"--history-bytes-max", "65535", "1TiB", "1025GiB"},
                                                       {"--outbox-messages-max", "0", "16000000", "16000001"},
                                                       {"--outbox-age-ms-max", "9", "1h", "3600001"},
                                                       {"--queued-bytes-max", "1023KiB", "1TiB", "1025GiB"},
                                                       {"--mailbox-bytes-max", "65535", "1TiB", "1025GiB"},
                                                       {"--mailbox-messages-max", "63", "16000000", "16000001"},
                                                       {"--socket-send-bytes-max", "", "1GiB", "2GiB"}};
  for (const auto& [flag, below, most, above] : limits) {
    EXPECT_EQ(problems({flag, most}).size(), 0u) << flag;
    EXPECT_EQ(problems({flag, above}).size(), 1u) << flag;
    if (!below.empty()) {
      EXPECT_EQ(problems({flag, below}).size(), 1u) << flag;
    }
  }
}

TEST(WorkersOptions, NamespacesBeginWithASlash) {
  EXPECT_TRUE(problems({"--namespace=/admin", "--namespace=/a/b"}).empty());
  for (const char* name : {"", "admin", "/a b", "/a,b", "/a?b", "/a\nb"}) {
    EXPECT_EQ(problems({std::string("--namespace=") + name}).size(), 1u) << name;
  }
  EXPECT_TRUE(problems({"--namespace=/" + std::string(127, 'x')}).empty());
  EXPECT_EQ(problems({"--namespace=/" + std::string(128, 'x')}).size(), 1u);
}

TEST(WorkersOptions, AnOutboxIsNotLargerThanAllOfThemTogether) {
  EXPECT_EQ(problems({"--outbox-bytes-max=2MiB", "--queued-bytes-max=1MiB"}),
            std::vector<std::string>{
                "--outbox-bytes-max: is more than --queued-bytes-max, which bounds all outboxes together"});
  EXPECT_TRUE(problems({"--outbox-bytes-max=1MiB", "--queued-bytes-max=1MiB"}).empty());
}

TEST(WorkersOptions, SlowPoliciesHaveNames) {
  for (const std::string_view name : slow_policy_names) {
    EXPECT_TRUE(problems({"--slow-policy", std::string(name)}).empty());
  }
  EXPECT_EQ(
      problems({"--slow-policy=drop_newest"}),
      std::vector<std::string>{"--slow-policy: 'drop_newest' is not close, drop-newest, drop-oldest or conflate"});
}

}  // namespace
}  // namespace sluice::workers
