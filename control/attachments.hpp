#pragma once
// Attachments: this node's replicas of backends, as attached to another node: what happens there is delivered to them,
// and that they have dealt with it is told there. Belongs to the executor's thread.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "control/event_hub.hpp"
#include "control/neighbour_metrics.hpp"
#include "control/topic.hpp"

namespace sluice::control {

// What a replica of this node wants, and how much of each other node may be on the way to it.
struct OwnReplica {
  EventHub::Wish wish;
  std::uint32_t events_max = 1024;
  std::size_t bytes_max = std::size_t{1} << 20;
};
using OwnReplicas = std::map<EventHub::ReplicaId, OwnReplica>;

class Attachments final : public Topic {
 public:
  struct Parts {
    EventHub& hub;
    NeighbourMetrics& metrics;
    const OwnReplicas& replicas;                // that are attached here now
    std::function<std::uint64_t()> new_number;  // of an attachment, that was never given before
    std::function<void()> wake;                 // there may be something to tell
  };
  explicit Attachments(Parts parts) : parts_(std::move(parts)) { tell_anew(); }

  // One has come to `replicas`, or is no longer there.
  void add(EventHub::ReplicaId id);
  void remove(EventHub::ReplicaId id);
  // It has dealt with all up to `cursor`. False: the attachment is none of these.
  bool note_done(std::uint64_t attachment, std::uint64_t cursor);

  void fill(Telling& telling, std::size_t bytes_max) override;
  void tell_anew() override;
  void take(const Item& item) override;

 private:
  struct Attachment {
    EventHub::ReplicaId replica = 0;
    bool is_told = false;
    std::uint64_t heard = 0;                   // the last event, by cursor
    std::uint64_t done = 0, told = 0;          // it has dealt with, and the other node knows that
    std::set<std::uint64_t> passed_over = {};  // what it was not told of
  };

  void tell(Telling& telling, std::uint64_t number, const OwnReplica& replica) const;
  void take(const cluster::v1::Events& events);
  void take(const cluster::v1::RefuseReplica& refusal);
  std::optional<EventHub::Foreign> event_of(const std::string& bytes) const;
  static void pass_over(Attachment& attachment);

  const Parts parts_;
  std::map<std::uint64_t, Attachment> attachments_;
  std::vector<std::uint64_t> detached_;  // to be told
};

}  // namespace sluice::control
