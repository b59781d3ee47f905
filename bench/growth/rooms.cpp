// sluice-bench-rooms: what joining and leaving one room costs by the room's size, in the room index alone: a worker's
// Rooms and the node's Sequencer, without connections. Prints a JSON object a size.

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "base/byte_budget.hpp"
#include "bench/load/clock.hpp"
#include "bench/load/json_object.hpp"
#include "workers/mailbox.hpp"
#include "workers/rooms.hpp"
#include "workers/sequencer.hpp"

namespace {

using namespace sluice;
using bench::Nanoseconds;

constexpr std::size_t movers = 1000, repeats = 51;

class Index {
 public:
  explicit Index(std::size_t members) : members_(members), memberships_(members + movers) {
    for (std::size_t slot = 0; slot < members; ++slot) join(slot);
  }

  Nanoseconds time_joins() {
    const Nanoseconds began = bench::now();
    for (std::size_t mover = 0; mover < movers; ++mover) join(members_ + mover);
    return bench::now() - began;
  }

  Nanoseconds time_leaves() {
    const Nanoseconds began = bench::now();
    for (std::size_t mover = 0; mover < movers; ++mover) leave(members_ + mover);
    return bench::now() - began;
  }

  // Nobody may be lost on the way: a wrong index is a fast one.
  bool is_whole() const {
    const workers::Room* const room = rooms_.find(name_space_, key_.kind, key_.name);
    return room != nullptr && room->members().size() == members_ && sequencer_.members(key_) == members_;
  }

 private:
  void join(std::size_t slot) {
    const auto joined = sequencer_.join(worker_, {&key_, 1});
    rooms_.join(name_space_, key_, static_cast<std::uint32_t>(slot), memberships_[slot], joined.place);
  }

  void leave(std::size_t slot) {
    rooms_.leave(name_space_, key_, memberships_[slot],
                 [this](std::uint32_t other) -> workers::Memberships& { return memberships_[other]; });
    sequencer_.leave(worker_, {&key_, 1});
  }

  const std::size_t members_;
  const workers::RoomKey key_ = workers::RoomKey::room("crowd");
  const base::NamespaceId name_space_{0};
  const base::WorkerId worker_{0};
  workers::Mailbox mailbox_{1 << 20, 1024};
  base::ByteBudget budget_{1 << 20};
  workers::Sequencer sequencer_{{.id = name_space_, .epoch = 1}, {}, budget_, {&mailbox_}};
  workers::Rooms rooms_;
  std::vector<workers::Memberships> memberships_;
};

double median_ns_each(std::vector<Nanoseconds> times) {
  std::sort(times.begin(), times.end());
  return static_cast<double>(times[times.size() / 2]) / static_cast<double>(movers);
}

}  // namespace

int main() {
  for (const std::size_t members : std::array<std::size_t, 6>{10, 100, 1'000, 10'000, 18'000, 100'000}) {
    Index index(members);
    std::vector<Nanoseconds> joins, leaves;
    for (std::size_t at = 0; at < repeats; ++at) {
      joins.push_back(index.time_joins());
      leaves.push_back(index.time_leaves());
    }
    if (!index.is_whole()) return 1;
    const auto line = bench::JsonObject()
                          .add("members", members)
                          .add("ns_per_join", median_ns_each(std::move(joins)))
                          .add("ns_per_leave", median_ns_each(std::move(leaves)));
    std::printf("%s\n", line.text().c_str());
  }
}
