#pragma once
// NoteBook: what is noted of this node's connections, until the nodes that keep it have it. Belongs to the executor's
// thread.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <vector>

#include "control/event_hub.hpp"

namespace sluice::control {

class NoteBook {
 public:
  static constexpr std::size_t keepers_max = 2;
  static constexpr std::size_t notes_max = 200'000;  // that some keeper does not have; then it has to be told all

  struct Parts {
    EventHub& hub;
    std::uint32_t incarnation = 0;     // this node's
    std::function<void()> note_again;  // notes all connections again that backends were told of
    std::function<void()> wake;        // there may be something to tell keepers
  };
  explicit NoteBook(Parts parts) : parts_(std::move(parts)) {}

  // Others that there are. Whoever keeps our connections does so as long as it is there.
  void set_nodes(const std::vector<std::uint32_t>& nodes);
  // In the order in which they announce; a new number whenever they change.
  const std::vector<std::uint32_t>& keepers() const { return order_; }
  std::uint64_t version() const { return version_; }
  bool is_keeper(std::uint32_t node) const { return keepers_.contains(node); }

  // Takes what the hub has noted.
  void collect();
  // Gives a keeper what it does not have, at most `count`; good until anything else is called.
  std::vector<const ConnectionNote*> give(std::uint32_t keeper, std::size_t count);
  // It has all that it was given.
  void confirm(std::uint32_t keeper);
  // It has nothing.
  void restart(std::uint32_t keeper);
  // One that cannot be reached is not waited for.
  void set_away(std::uint32_t keeper, bool is_away);
  // Whether connections may be noted again, page by page.
  bool has_room() const { return notes_.size() < notes_max / 2; }
  // Each of them has all.
  bool is_settled() const { return notes_.empty(); }

 private:
  struct Keeper {
    std::uint64_t given = 0, confirmed = 0;  // notes by number
    bool is_away = false;
    bool has_missed = false;  // notes that are gone: it has to be told all, once it can be reached
  };
  struct Numbered {
    std::uint64_t number = 0;
    ConnectionNote note;
  };

  void start_keeper(std::uint32_t node);
  void settle();

  const Parts parts_;
  std::map<std::uint32_t, Keeper> keepers_;
  std::vector<std::uint32_t> order_;
  std::uint64_t version_ = 0;
  std::deque<Numbered> notes_;
  std::uint64_t last_ = 0;  // number of the last note, whether it is still here or not
};

}  // namespace sluice::control
