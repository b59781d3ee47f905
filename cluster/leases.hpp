#pragma once
// Leases: which other nodes there are, by when each was heard last. One of which nothing is heard for the length of a
// lease is lost; but whoever does not hear even itself is cut off, and then nobody else's lease runs. Times are all of
// our own clock. Pure.

#include <map>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "workers/peers.hpp"

namespace sluice::cluster {

class Leases {
 public:
  struct Times {
    base::Duration lease{std::chrono::seconds(3)};
    // How long we may not hear ourselves before it counts as being cut off. Shorter than the lease by at least the time
    // from one sign of life to the next, or others would be lost before that is known.
    base::Duration echo_patience{std::chrono::seconds(2)};
    // Added to the leases after we were cut off: the others may be on their way back, too.
    base::Duration return_patience{std::chrono::seconds(5)};
  };
  using ByIncarnation = std::map<std::uint32_t, workers::Peer>;

  explicit Leases(const Times& times) : times_(times) {}

  // A sign of life of our own has come back to us.
  void hear_self(base::TimePoint now);
  // One of another node; true: it has come.
  bool hear(workers::Peer peer, base::TimePoint now);
  // It says that it goes; nothing if it was not there.
  std::optional<workers::Peer> leave(std::uint32_t incarnation);
  // Takes out those whose leases have run out.
  std::vector<workers::Peer> take_lost(base::TimePoint now);

  const ByIncarnation& all() const { return all_; }
  bool is_cut_off(base::TimePoint now) const { return !echo_ || now - *echo_ > times_.echo_patience; }

 private:
  const Times times_;
  ByIncarnation all_;
  std::optional<base::TimePoint> echo_;  // when we heard ourselves last
  base::TimePoint counted_from_{};       // no lease runs from before it
};

}  // namespace sluice::cluster
