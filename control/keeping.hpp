#pragma once
// Keeping: what another node keeps of our connections, and what we keep of its. Belongs to the executor's thread.

#include <cstdint>
#include <functional>
#include <vector>

#include "control/end_announcer.hpp"
#include "control/kept_connections.hpp"
#include "control/neighbour_metrics.hpp"
#include "control/note_book.hpp"
#include "control/topic.hpp"

namespace sluice::control {

class Keeping final : public Topic {
 public:
  struct Parts {
    std::uint32_t node = 0, incarnation = 0;  // the other one, and this one
    NoteBook& book;
    KeptConnections& kept;
    EndAnnouncer& announcer;
    NeighbourMetrics& metrics;
    std::function<std::string_view(base::NamespaceId)> name_of;
    std::function<void()> on_announced;  // others have announced the ends of our connections
    std::function<void()> wake;          // there may be something to tell
  };
  explicit Keeping(Parts parts) : parts_(std::move(parts)) {}

  // The ends of the connections of that node were announced.
  void tell_announced(std::uint32_t whose);

  void fill(Telling& telling, std::size_t bytes_max) override;
  void on_taken() override;
  void tell_anew() override;
  void set_away(bool is_away) override;
  void take(const Item& item) override;
  void forget() override;

 private:
  void put(const ConnectionNote& note, cluster::v1::KeptConnection& out) const;
  void take(const cluster::v1::KeptConnection& note);

  const Parts parts_;
  std::uint64_t version_ = 0;             // of the keepers that it was told
  std::vector<std::uint32_t> announced_;  // to be told
  std::size_t announced_told_ = 0;        // of them, those that are on the way
};

}  // namespace sluice::control
