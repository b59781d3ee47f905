#pragma once
// Topic: one subject of what this node and another tell each other for the sake of backends (the items of
// sluice.cluster.v1.Telling). Belongs to the executor's thread.

#include <cstddef>

#include "sluice/cluster/v1/events.pb.h"

namespace sluice::control {

class Topic {
 public:
  using Telling = cluster::v1::Telling;
  using Item = cluster::v1::Telling::Item;

  virtual ~Topic() = default;

  // --- what we tell ---

  // Adds what there is to tell, of up to `bytes_max` and at least one item, if there is any.
  virtual void fill(Telling& telling, std::size_t bytes_max) = 0;
  // All that was filled in has been taken.
  virtual void on_taken() {}
  // The other node knows nothing of what it was told: all of it is to be told again.
  virtual void tell_anew() = 0;
  // Whether it can be reached.
  virtual void set_away(bool) {}

  // --- what we are told ---

  virtual void take(const Item& item) = 0;
  // All that was told before holds no longer.
  virtual void forget() {}
};

}  // namespace sluice::control
