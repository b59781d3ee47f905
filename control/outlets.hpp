#pragma once
// Outlets: the replicas of another node's backends, as replicas of this node's hub: what they are told of goes there,
// within a window each. Belongs to the executor's thread.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>

#include "control/calls.hpp"
#include "control/event_hub.hpp"
#include "control/neighbour_metrics.hpp"
#include "control/topic.hpp"

namespace sluice::control {

class Outlets final : public Topic {
 public:
  struct Parts {
    EventHub& hub;
    const Calls& calls;
    Executor& executor;
    NeighbourMetrics& metrics;
    std::uint32_t node = 0;      // the other one
    std::function<void()> wake;  // there may be something to tell
  };
  explicit Outlets(Parts parts) : parts_(std::move(parts)) {}
  // What was not acknowledged goes to others.
  ~Outlets() override { detach_all(); }

  void fill(Telling& telling, std::size_t bytes_max) override;
  void on_taken() override;
  void tell_anew() override;
  void set_away(bool is_away) override;
  void take(const Item& item) override;
  void forget() override { detach_all(); }

  // Nothing waits for them, and they have acknowledged all.
  bool are_settled() const;

 private:
  struct OnTheWay {
    std::uint64_t cursor = 0;  // of the last event
    std::size_t bytes = 0;
  };
  struct Outlet {
    EventHub::ReplicaId id = 0;
    std::size_t bytes_max = 0;
    std::deque<OnTheWay> on_the_way;
    std::size_t bytes = 0;           // of that
    std::uint64_t acknowledged = 0;  // a cursor
    std::uint64_t lost = 0;          // that is told, and was perhaps not taken
    bool has_more = true;            // in the hub, perhaps
  };
  struct Refusal {
    std::uint64_t attachment = 0;
    base::Error why;
  };

  void attach(const cluster::v1::AttachReplica& request);
  void detach(std::uint64_t attachment);
  void detach_all();
  void acknowledge(std::uint64_t attachment, std::uint64_t cursor);
  void refuse(std::uint64_t attachment, base::Error why);
  void wake(std::uint64_t attachment);
  std::size_t fill_events(Telling& telling, std::uint64_t attachment, Outlet& outlet, std::size_t bytes_max);
  std::size_t add(const EventHub::Entry& entry, cluster::v1::Events& events) const;

  const Parts parts_;
  std::shared_ptr<Outlets*> self_ = std::make_shared<Outlets*>(this);
  std::map<std::uint64_t, Outlet> outlets_;  // by attachment
  std::uint64_t next_ = 0;                   // the attachment whose turn it is
  std::vector<Refusal> refusals_;            // to be told
  bool is_away_ = false;
};

}  // namespace sluice::control
