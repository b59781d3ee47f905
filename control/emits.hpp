#pragma once
// Emits: answers to EmitWithAck that cross from the node of a socket to the node that asked. On the executor.

#include <cstdint>
#include <map>
#include <memory>

#include "base/clock.hpp"
#include "control/executor.hpp"
#include "sluice/cluster/v1/calls.pb.h"
#include "workers/peers.hpp"
#include "workers/wire.hpp"

namespace sluice::control {

class Emits {
 public:
  using OnAcknowledged = std::shared_ptr<const workers::OnAcknowledged>;

  // Both outlive this.
  Emits(workers::Peers& peers, Executor& executor) : peers_(peers), executor_(executor) {}

  // Gives the number under which others tell answers to what this node asks: they come to `on_acknowledged` as long as
  // whoever asks holds it.
  std::uint64_t expect(const OnAcknowledged& on_acknowledged);
  // Another node tells one.
  void take(const cluster::v1::EmitAcknowledged& told);

  // Makes what tells another node of answers under its number, and holds it until then; null if too many are held.
  OnAcknowledged hold(std::uint32_t node, std::uint64_t number, base::TimePoint until);

 private:
  void let_go();

  workers::Peers& peers_;
  Executor& executor_;
  std::map<std::uint64_t, std::weak_ptr<const workers::OnAcknowledged>> expected_;
  std::uint64_t last_number_ = 0;
  std::multimap<base::TimePoint, OnAcknowledged> held_;
  Executor::Timer timer_;
};

}  // namespace sluice::control
