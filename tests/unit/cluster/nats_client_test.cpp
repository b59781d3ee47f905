#include "cluster/nats_client.hpp"

#include <signal.h>

#include "tests/unit/cluster/nats_test_client.hpp"

namespace sluice::cluster {
namespace {

using base::Errc;
using namespace std::chrono_literals;

class NatsClientTest : public NatsTest {};

TEST_F(NatsClientTest, AMessageReachesWhoSubscribed) {
  NatsTestServer server;
  NatsTestClient& one = connect(server);
  NatsTestClient& other = connect(server);
  std::vector<std::string> heard;
  const auto subscription = other->subscribe("a.*", [&](const NatsMessage& message) {
    heard.push_back(std::string(message.subject) + "=" + std::string(message.payload) + ">" +
                    std::string(message.reply));
    EXPECT_EQ(message.headers()->find("Key"), "value");
  });
  ASSERT_TRUE(flush(other));
  const NatsHeader header{"Key", "value"};
  EXPECT_TRUE(one->publish({.subject = "a.b", .payload = "hi", .reply = "r", .headers = {&header, 1}}));
  EXPECT_TRUE(one->publish({.subject = "b.b", .headers = {&header, 1}}));
  EXPECT_TRUE(one->publish({.subject = "a.c", .headers = {&header, 1}}));
  ASSERT_TRUE(until([&] { return heard.size() == 2; }));
  EXPECT_EQ(heard, (std::vector<std::string>{"a.b=hi>r", "a.c=>"}));
}

TEST_F(NatsClientTest, AQueueGroupSharesItsMessages) {
  NatsTestServer server;
  NatsTestClient& one = connect(server);
  int first = 0, second = 0, all = 0;
  const auto a = one->subscribe("work", "group", [&](const NatsMessage&) { ++first; });
  const auto b = one->subscribe("work", "group", [&](const NatsMessage&) { ++second; });
  const auto c = one->subscribe("work", [&](const NatsMessage&) { ++all; });
  for (int at = 0; at < 200; ++at) EXPECT_TRUE(one->publish({.subject = "work"}));
  ASSERT_TRUE(flush(one));
  EXPECT_EQ(all, 200);
  EXPECT_EQ(first + second, 200);
  EXPECT_TRUE(first > 0 && second > 0);
}

TEST_F(NatsClientTest, ASubscriptionEndsWithItsObject) {
  NatsTestServer server;
  NatsTestClient& one = connect(server);
  int heard = 0;
  {
    const auto subscription = one->subscribe("a", [&](const NatsMessage&) { ++heard; });
    EXPECT_TRUE(one->publish({.subject = "a"}));
    ASSERT_TRUE(flush(one));
  }
  EXPECT_TRUE(one->publish({.subject = "a"}));
  ASSERT_TRUE(flush(one));
  EXPECT_EQ(heard, 1);
}

TEST_F(NatsClientTest, ASubscriptionMayEndInsideItsOwnCall) {
  NatsTestServer server;
  NatsTestClient& one = connect(server);
  int heard = 0;
  NatsSubscription subscription;
  const auto hear = [&](const NatsMessage&) {
    ++heard;
    subscription.end();
  };
  subscription = one->subscribe("a", hear).value();
  for (int at = 0; at < 5; ++at) EXPECT_TRUE(one->publish({.subject = "a"}));
  ASSERT_TRUE(flush(one));
  EXPECT_EQ(heard, 1);
}

TEST_F(NatsClientTest, ASubscriptionEndsAfterSoManyMessages) {
  NatsTestServer server;
  NatsTestClient& one = connect(server);
  int heard = 0;
  NatsSubscription subscription = one->subscribe("a", [&](const NatsMessage&) { ++heard; }).value();
  subscription.end_after(3);
  for (int at = 0; at < 5; ++at) EXPECT_TRUE(one->publish({.subject = "a"}));
  ASSERT_TRUE(flush(one));
  EXPECT_EQ(heard, 3);
}

TEST_F(NatsClientTest, ARequestIsAnswered) {
  NatsTestServer server;
  NatsTestClient& one = connect(server);
  const auto service = one->subscribe("double", [&](const NatsMessage& message) {
    const std::string twice = std::string(message.payload) + std::string(message.payload);
    EXPECT_TRUE(one->publish({.subject = message.reply, .payload = twice}));
    EXPECT_TRUE(one->publish({.subject = message.reply, .payload = "a second answer is dropped"}));
  });
  std::vector<std::string> answers;
  for (const auto* const text : {"a", "b", "c"}) {
    EXPECT_TRUE(one->request({.subject = "double", .payload = text}, 10s, [&](const base::Result<NatsMessage>& reply) {
      answers.emplace_back(reply ? std::string(reply->payload) : reply.error().detail);
    }));
  }
  ASSERT_TRUE(until([&] { return answers.size() == 3; }));
  ASSERT_TRUE(flush(one));
  EXPECT_EQ(answers, (std::vector<std::string>{"aa", "bb", "cc"}));
}

TEST_F(NatsClientTest, ARequestThatNobodyHearsFailsAtOnce) {
  NatsTestServer server;
  NatsTestClient& one = connect(server);
  std::optional<base::Error> error;
  EXPECT_TRUE(one->request({.subject = "nobody"}, 1h, [&](const auto& reply) { error = reply.error(); }));
  ASSERT_TRUE(until([&] { return error.has_value(); }));
  EXPECT_EQ(error->code, Errc::unavailable);
  EXPECT_EQ(error->detail, "nobody at NATS answers that subject");
}

TEST_F(NatsClientTest, ARequestThatIsNotAnsweredTimesOut) {
  NatsTestServer server;
  NatsTestClient& one = connect(server);
  const auto silent = one->subscribe("silent", [](const NatsMessage&) {});
  std::vector<int> ended;
  const auto ask = [&](int number, base::Duration patience) {
    EXPECT_TRUE(one->request({.subject = "silent"}, patience, [&ended, number](const auto& reply) {
      EXPECT_EQ(reply.error().code, Errc::timed_out);
      ended.push_back(number);
    }));
  };
  ask(2, 60ms);
  ask(1, 30ms);
  ask(3, 90ms);
  ASSERT_TRUE(until([&] { return ended.size() == 3; }));
  EXPECT_EQ(ended, (std::vector<int>{1, 2, 3}));
}

TEST_F(NatsClientTest, ThereIsABoundOfRequests) {
  NatsTestServer server;
  NatsSettings settings = settings_of({server.url()});
  settings.requests_max = 2;
  NatsTestClient& one = connect(settings);
  const auto ask = [&one] { return one->request({.subject = "x"}, 1h, [](const auto&) {}); };
  EXPECT_TRUE(ask());
  EXPECT_TRUE(ask());
  EXPECT_EQ(ask().error().code, Errc::too_many);
}

TEST_F(NatsClientTest, ThereIsABoundOfOutgoingBytes) {
  NatsTestServer server;
  NatsSettings settings = settings_of({server.url()});
  settings.outgoing_bytes_max = 1000;
  NatsTestClient& one = connect(settings);
  const std::string payload(800, 'x');
  EXPECT_TRUE(one->publish({.subject = "a", .payload = payload}));
  EXPECT_EQ(one->publish({.subject = "a", .payload = payload}).error().code, Errc::exhausted);
  ASSERT_TRUE(flush(one));
  EXPECT_TRUE(one->publish({.subject = "a", .payload = payload}));
}

TEST_F(NatsClientTest, WhatTheServerWouldRefuseIsNotSent) {
  NatsTestServer server("max_payload: 1000");
  NatsTestClient& one = connect(server);
  EXPECT_TRUE(one->publish({.subject = "a", .payload = std::string(1000, 'x')}));
  EXPECT_EQ(one->publish({.subject = "a", .payload = std::string(1001, 'x')}).error().code, Errc::too_large);
  EXPECT_EQ(one->publish({.subject = "a b"}).error().code, Errc::bad_request);
  EXPECT_FALSE(one->subscribe("a b", [](const NatsMessage&) {}));
  EXPECT_FALSE(one->subscribe("a", "a b", [](const NatsMessage&) {}));
  ASSERT_TRUE(flush(one));
  EXPECT_TRUE(one.complaints.empty() && one.disconnections.empty());
}

TEST_F(NatsClientTest, AMessageOfEightMegabytesComesWhole) {
  NatsTestServer server("max_payload: 8MB");
  NatsTestClient& one = connect(server);
  std::string payload(std::size_t{8} << 20, 'x');
  for (std::size_t at = 0; at < payload.size(); ++at) payload[at] = static_cast<char>(at * 31 >> 8);
  bool is_same = false;
  const auto subscription =
      one->subscribe("a", [&](const NatsMessage& message) { is_same = message.payload == payload; });
  EXPECT_TRUE(one->publish({.subject = "a", .payload = payload}));
  ASSERT_TRUE(flush(one));
  EXPECT_TRUE(is_same);
}

TEST_F(NatsClientTest, AComplaintOfPermissionsEndsNothing) {
  NatsTestServer server(R"(authorization: { users = [ { user: u, password: p, permissions: {
    publish: { deny: "secret.>" }, subscribe: { deny: "secret.>" } } } ] })");
  NatsSettings settings = settings_of({server.url()});
  settings.user = "u";
  settings.password = "p";
  NatsTestClient& one = connect(settings);
  EXPECT_TRUE(one->publish({.subject = "secret.a"}));
  const auto denied = one->subscribe("secret.>", [](const NatsMessage&) {});
  ASSERT_TRUE(flush(one));
  ASSERT_EQ(one.complaints.size(), 2u);
  EXPECT_EQ(one.complaints[0], "Permissions Violation for Publish to \"secret.a\"");
  EXPECT_EQ(one.complaints[1], "Permissions Violation for Subscription to \"secret.>\"");
  EXPECT_TRUE(one.disconnections.empty());
}

TEST_F(NatsClientTest, NothingIsTakenWhileThereIsNoConnection) {
  NatsTestClient& one = start(settings_of({"nats://127.0.0.1:1"}));
  EXPECT_EQ(one->publish({.subject = "a"}).error().code, Errc::unavailable);
  EXPECT_EQ(one->request({.subject = "a"}, 1s, [](const auto&) {}).error().code, Errc::unavailable);
  EXPECT_EQ(one->flush([](const auto&) {}).error().code, Errc::unavailable);
  EXPECT_TRUE(one->subscribe("a", [](const NatsMessage&) {}));
  ASSERT_TRUE(until([&] { return one.failures.size() == 3; }));
  EXPECT_EQ(one.failures[0].code, Errc::unavailable);
  EXPECT_EQ(one.failures[0].detail, "127.0.0.1:1: Connection refused");
}

TEST_F(NatsClientTest, AfterStopNothingHappensAnyMore) {
  NatsTestServer server;
  NatsTestClient& one = connect(server);
  std::vector<std::string> ended;
  EXPECT_TRUE(one->request({.subject = "a"}, 1h, [&](const auto& reply) { ended.push_back(reply.error().detail); }));
  EXPECT_TRUE(one->flush([&](const auto& status) { ended.push_back(status.error().detail); }));
  one->stop();
  EXPECT_EQ(ended, std::vector<std::string>(2, "the client of NATS is stopped"));
  EXPECT_FALSE(one->is_connected());
  EXPECT_FALSE(one->publish({.subject = "a"}));
  loop_.restart();
  loop_.run();
  EXPECT_TRUE(one.disconnections.empty() && one.failures.empty());
}

TEST_F(NatsClientTest, StopsInsideWhatItTells) {
  NatsTestServer server;
  NatsTestClient& one = connect(server);
  int heard = 0;
  const auto subscription = one->subscribe("a", [&](const NatsMessage&) {
    ++heard;
    one->stop();
  });
  for (int at = 0; at < 5; ++at) EXPECT_TRUE(one->publish({.subject = "a"}));
  ASSERT_TRUE(until([&] { return !one->is_connected(); }));
  loop_.restart();
  loop_.run();
  EXPECT_EQ(heard, 1);
}

TEST_F(NatsClientTest, MayEndWhileThingsAreUnderWay) {
  NatsTestServer server;
  NatsTestClient& one = connect(server);
  EXPECT_TRUE(one->request({.subject = "a"}, 1ms, [](const auto&) { FAIL() << "the client is gone"; }));
  one.client.reset();
  loop_.restart();
  loop_.run();
}

}  // namespace
}  // namespace sluice::cluster
