#include "cluster/leases.hpp"

#include <algorithm>
#include <utility>

namespace sluice::cluster {

void Leases::hear_self(base::TimePoint now) {
  if (!echo_) {
    counted_from_ = now;
  } else if (is_cut_off(now)) {
    counted_from_ = now + times_.return_patience;
  }
  echo_ = now;
}

bool Leases::hear(workers::Peer peer, base::TimePoint now) {
  peer.heard = now;
  const std::uint32_t incarnation = peer.incarnation;
  return all_.insert_or_assign(incarnation, std::move(peer)).second;
}

std::optional<workers::Peer> Leases::leave(std::uint32_t incarnation) {
  auto found = all_.extract(incarnation);
  if (found.empty()) return std::nullopt;
  return std::move(found.mapped());
}

std::vector<workers::Peer> Leases::take_lost(base::TimePoint now) {
  std::vector<workers::Peer> lost;
  if (is_cut_off(now)) return lost;
  for (auto one = all_.begin(); one != all_.end();) {
    if (now - std::max(one->second.heard, counted_from_) <= times_.lease) {
      ++one;
    } else {
      lost.push_back(std::move(one->second));
      one = all_.erase(one);
    }
  }
  return lost;
}

}  // namespace sluice::cluster
