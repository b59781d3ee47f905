#include "cluster/nats_servers.hpp"

#include <gtest/gtest.h>

#include <set>

#include "cluster/nats_requests.hpp"

namespace sluice::cluster {
namespace {

using namespace std::chrono_literals;

NatsServers make(const std::vector<std::string>& urls, std::uint64_t seed = 1) {
  std::vector<NatsUrl> named;
  named.reserve(urls.size());
  for (const std::string& url : urls) named.push_back(NatsUrl::parse(url).value());
  return {named, {100ms, 1s}, seed};
}

std::set<std::string> round_of(NatsServers& servers) {
  std::set<std::string> hosts;
  for (std::size_t at = 0; at < servers.size(); ++at) hosts.insert(servers.next().url.host);
  return hosts;
}

TEST(NatsServers, GivesEachServerItsTurn) {
  NatsServers servers = make({"a", "b", "c"});
  EXPECT_EQ(round_of(servers), (std::set<std::string>{"a", "b", "c"}));
  EXPECT_EQ(round_of(servers), (std::set<std::string>{"a", "b", "c"}));
}

TEST(NatsServers, BeginsWithAnyOfThem) {
  std::set<std::string> first;
  for (std::uint64_t seed = 0; seed < 50; ++seed) first.insert(make({"a", "b", "c"}, seed).next().url.host);
  EXPECT_EQ(first.size(), 3u);
}

TEST(NatsServers, LearnsServersAndForgetsThemAgain) {
  NatsServers servers = make({"a"});
  servers.next();
  servers.learn({"b:4222", "a:4222", "10.0.0.1:4222", "not a url"});
  EXPECT_EQ(servers.current().url.host, "a");
  EXPECT_EQ(round_of(servers), (std::set<std::string>{"a", "b", "10.0.0.1"}));
  servers.learn({"b:4222"});
  EXPECT_EQ(round_of(servers), (std::set<std::string>{"a", "b"}));
}

TEST(NatsServers, KeepsALearnedServerThatIsInUse) {
  NatsServers servers = make({"a"});
  servers.next();
  servers.learn({"b:4222"});
  EXPECT_EQ(servers.next().url.host, "b");
  servers.learn({});
  EXPECT_EQ(servers.current().url.host, "b");
  EXPECT_EQ(servers.size(), 2u);
}

TEST(NatsServers, ALearnedAddressShowsTheCertificateOfWhoToldOfIt) {
  NatsServers servers = make({"broker.example"});
  servers.next();
  servers.learn({"10.0.0.1:4222", "other.example:4222", "[fd00::1]:4222"});
  for (std::size_t at = 0; at < servers.size(); ++at) {
    const auto& server = servers.next();
    EXPECT_EQ(server.certified_host, server.url.host == "other.example" ? "other.example" : "broker.example");
  }
}

TEST(NatsServers, WaitsLongerWithEachRound) {
  NatsServers servers = make({"a", "b"});
  EXPECT_EQ(servers.delay(), 0ms);
  servers.next();
  for (const auto longest : {50ms, 100ms, 100ms, 200ms, 200ms, 400ms, 400ms, 800ms, 800ms, 1000ms, 1000ms, 1000ms}) {
    const auto delay = servers.delay();
    EXPECT_LE(delay, longest);
    EXPECT_GE(delay, longest == 50ms ? 0ms : longest / 2);
    servers.next();
  }
}

TEST(NatsServers, BeginsAnewAfterAConnectionThatLasted) {
  NatsServers servers = make({"a", "b"});
  for (int at = 0; at < 10; ++at) servers.next();
  servers.note_lost(999ms);
  EXPECT_GE(servers.delay(), 500ms);
  servers.note_lost(1s);
  EXPECT_LE(servers.delay(), 50ms);
}

TEST(NatsRequests, EndAtTheirDeadlines) {
  NatsRequests requests;
  const base::TimePoint now = base::Clock::now();
  std::string ended;
  const auto add = [&](base::Duration patience, char name) {
    return requests.add(now + patience, [&ended, name](const auto&) { ended += name; });
  };
  add(3s, 'c');
  const std::uint64_t taken = add(1s, 'a');
  add(2s, 'b');
  EXPECT_EQ(requests.deadline(), now + 1s);
  EXPECT_TRUE(requests.take(taken));
  EXPECT_FALSE(requests.take(taken));
  EXPECT_EQ(requests.deadline(), now + 2s);
  EXPECT_FALSE(requests.take_expired(now + 1s));
  while (const auto on_reply = requests.take_expired(now + 5s)) (*on_reply)(NatsMessage());
  EXPECT_EQ(ended, "bc");
  EXPECT_FALSE(requests.deadline());
}

TEST(NatsRequests, AreAllTakenInTheirOrder) {
  NatsRequests requests;
  std::string ended;
  for (const char name : {'a', 'b', 'c', 'd'}) {
    requests.add(base::Clock::now(), [&ended, name](const auto&) { ended += name; });
  }
  for (const auto& on_reply : requests.take_all()) on_reply(NatsMessage());
  EXPECT_EQ(ended, "abcd");
  EXPECT_EQ(requests.size(), 0u);
}

TEST(NatsRequests, KeepNoTraceOfThoseThatWereAnswered) {
  NatsRequests requests;
  const base::TimePoint now = base::Clock::now();
  requests.add(now, [](const auto&) {});
  for (int at = 0; at < 10'000; ++at) EXPECT_TRUE(requests.take(requests.add(now + 1h, [](const auto&) {})));
  EXPECT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests.deadline(), now);
}

}  // namespace
}  // namespace sluice::cluster
