#include "cluster/nats_servers.hpp"

#include <arpa/inet.h>

#include <algorithm>

namespace sluice::cluster {
namespace {

bool is_address(const std::string& host) {
  in6_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1 || inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

}  // namespace

NatsServers::NatsServers(const std::vector<NatsUrl>& named, Backoff backoff, std::uint64_t seed)
    : backoff_(backoff), random_(seed) {
  for (const NatsUrl& url : named) servers_.push_back({url, url.host, false});
  std::shuffle(servers_.begin(), servers_.end(), random_);
  current_ = servers_.size() - 1;
}

const NatsServers::Server& NatsServers::next() {
  is_first_ = false;
  ++attempts_;
  current_ = (current_ + 1) % servers_.size();
  return servers_[current_];
}

void NatsServers::learn(const std::vector<std::string>& urls) {
  std::vector<NatsUrl> told;
  for (const std::string& text : urls) {
    if (auto url = NatsUrl::parse(text)) told.push_back(std::move(*url));
  }
  const Server teller = current();
  std::erase_if(servers_, [&](const Server& one) {
    return one.is_learned && !(one.url == teller.url) && std::ranges::find(told, one.url) == told.end();
  });
  const std::size_t known = servers_.size();
  for (const NatsUrl& url : told) {
    if (std::ranges::any_of(servers_, [&url](const Server& one) { return one.url == url; })) continue;
    servers_.push_back({url, is_address(url.host) ? teller.certified_host : url.host, true});
  }
  std::shuffle(servers_.begin() + static_cast<std::ptrdiff_t>(known), servers_.end(), random_);
  const auto found = std::ranges::find_if(servers_, [&teller](const Server& one) { return one.url == teller.url; });
  current_ = static_cast<std::size_t>(found - servers_.begin());
}

void NatsServers::note_lost(base::Duration lasted) {
  if (lasted >= backoff_.max) attempts_ = 0;
}

base::Duration NatsServers::delay() {
  if (is_first_) return {};
  const auto between = [this](std::chrono::milliseconds low, std::chrono::milliseconds high) -> base::Duration {
    return std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(low.count(), high.count())(random_));
  };
  const std::size_t rounds = attempts_ / servers_.size();
  if (rounds == 0) return between(std::chrono::milliseconds(0), backoff_.min / 2);
  std::chrono::milliseconds longest = backoff_.min;
  for (std::size_t round = 1; round < rounds && longest < backoff_.max; ++round) longest *= 2;
  longest = std::min(longest, backoff_.max);
  return between(longest / 2, longest);
}

}  // namespace sluice::cluster
