#pragma once
// NatsServers: whose turn it is: the servers that were named, those that they told of, and how long to wait before the
// next attempt. Pure.

#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "cluster/nats_url.hpp"

namespace sluice::cluster {

class NatsServers {
 public:
  struct Server {
    NatsUrl url;
    std::string certified_host;  // whose certificate it has to show
    bool is_learned = false;
  };
  struct Backoff {
    std::chrono::milliseconds min, max;
  };

  // `named` has one at least. Their order is mixed, so that many clients spread over them.
  NatsServers(const std::vector<NatsUrl>& named, Backoff backoff, std::uint64_t seed);

  // The one whose turn is next.
  const Server& next();
  // The one that next() gave last.
  const Server& current() const { return servers_[current_]; }
  std::size_t size() const { return servers_.size(); }

  // Takes what the current server tells of its cluster (connect_urls). One that it told of before and no longer does is
  // forgotten; a named one never is. A learned address has no name that a certificate could have: it shows one for the
  // host that told of it.
  void learn(const std::vector<std::string>& urls);
  // A connection to the current server is no more, which `lasted` so long; one that did not last counts as a failed
  // attempt, so that a server that ends every connection is not asked in a tight loop.
  void note_lost(base::Duration lasted);
  // How long to wait before next(): nothing the first time, little as long as there are servers not yet tried, then
  // longer with each round.
  base::Duration delay();

 private:
  const Backoff backoff_;
  std::mt19937_64 random_;
  std::vector<Server> servers_;
  std::size_t current_;
  std::size_t attempts_ = 0;  // since a connection that lasted
  bool is_first_ = true;
};

}  // namespace sluice::cluster
