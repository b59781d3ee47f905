#pragma once
// Delivery: from a message to the outboxes of the connections that it is for: who they are (rooms minus rooms), how it
// looks to each (encodings, once a format), and what befalls those that are too slow. Belongs to one worker.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "overload/relief.hpp"
#include "workers/backend.hpp"
#include "workers/endings.hpp"
#include "workers/flusher.hpp"
#include "workers/frames.hpp"
#include "workers/metrics.hpp"
#include "workers/options.hpp"
#include "workers/rooms.hpp"
#include "workers/slab.hpp"

namespace sluice::workers {

// In a message's stead, where whoever is there now is meant, whatever mail is still on its way.
inline constexpr std::uint64_t any_place = ~std::uint64_t{0};

class Delivery {
 public:
  struct Parts {
    Slab& slab;
    Rooms& rooms;
    Frames& frames;
    Flusher& flusher;
    Endings& endings;
    Metrics& metrics;
    const Options& options;
    Edge& edge;
    const base::ByteBudget& queued;
    const Backend& backend;
    std::uint32_t incarnation;
    base::WorkerId worker;
    const overload::Relief& relief;
  };
  explicit Delivery(Parts parts);

  // Delivers mail of one order: messages side by side that go to the same single room are handed to each of its members
  // at once. `now` is the turn's time.
  void deliver(std::span<const std::shared_ptr<const Message>> messages, base::TimePoint now);
  // Delivers one message to one connection, whatever its target.
  void deliver_to(Connection& connection, const std::shared_ptr<const Message>& message, base::TimePoint now);

  // Queues what `member` missed, at the pace at which its carrier's socket takes it; what comes meanwhile stands
  // behind.
  void catch_up(Connection& member, std::vector<std::shared_ptr<const Message>> missed, base::TimePoint now);
  void feed_catch_up(Connection& carrier, base::TimePoint now);

  // Queues a control frame: behind what is queued, but under no slow policy.
  void send_control(Connection& connection, std::string_view frame, base::TimePoint now);
  // Drops the messages that were queued before `than`, which were too long on their way.
  void drop_older(Connection& connection, base::TimePoint than, base::TimePoint now);
  // Tells the client, if its wire can, that it lost messages.
  void tell_gap(Connection& connection, GapReason reason, base::TimePoint now);

  // Calls visit(connection) for each open connection of `target`, each once.
  template <class Visit>
  void for_each(const Target& target, std::uint64_t place, Visit&& visit);

  // What slow clients have lost since this was last asked, if backends want to know that.
  struct Dropped {
    std::uint32_t slot, generation;
    DropReason reason;
    std::uint64_t messages;
  };
  // Messages for connections of this worker that are not here, since this was last asked.
  struct Stray {
    base::ConnectionId to;
    std::shared_ptr<const Message> message;
  };
  std::vector<Stray> take_strays() { return std::exchange(strays_, {}); }

  bool has_dropped() const { return !dropped_.empty(); }
  std::vector<Dropped> take_dropped();

  bool is_excepted(const Connection& connection, const Target& target) const;
  // The first of the target's named rooms that the connection is in; null if there is none.
  const RoomKey* shown_room(const Connection& connection, const Message& message) const;

 private:
  // A group of messages in one format: each one's frame, and the same frames as runs, one a chunk.
  struct Encoded {
    std::vector<Run> each, merged;
  };
  // What a message would add to an outbox.
  struct Size {
    std::size_t bytes;
    std::uint32_t messages;
  };
  static Size size_of(const Run& run) { return {run.bytes(), run.messages()}; }
  std::size_t group_size(std::span<const std::shared_ptr<const Message>> messages) const;
  void deliver_group(std::span<const std::shared_ptr<const Message>> group);
  const Encoded& encoded(WireFormat format, std::span<const std::shared_ptr<const Message>> group);
  Run encode(WireFormat format, const Message& message, const RoomKey* room);
  Run encode_own(Connection& connection, const Message& message);
  Run add_frame(const Message& message, bool is_fixed, WireFormat format);
  void push(Connection& member, const std::shared_ptr<const Message>& message, Run run);
  void push_behind(Connection& carrier, const Connection& member, const std::shared_ptr<const Message>& message);
  void feed(Connection& carrier, Connection& member, const Message& message);
  void queue(Connection& connection, Run run);
  bool is_over(const Connection& connection, const Size& more) const;
  bool make_room(Connection& connection, const Message& message, const Size& more);
  template <class Condition>
  void drop_oldest_while(Connection& connection, Condition&& is_needed);
  void tell_gap_in_front(Connection& connection);
  template <class Dropping>
  std::uint32_t forget(Connection& connection, Dropping&& dropping, DropReason reason);
  void drop(DropReason reason, std::uint64_t count);
  void drop_of(const Connection& connection, DropReason reason, std::uint64_t count);
  void end_slow(Connection& connection, const char* what);
  void note_strays(const std::shared_ptr<const Message>& message);
  std::uint32_t next_mark();

  Parts parts_;
  base::TimePoint now_{};
  std::uint32_t mark_ = 0;
  bool drops_volatile_ = false;  // for those who have something waiting
  std::string scratch_;
  std::array<bool, wire_formats_max> is_own_{};
  std::array<Encoded, wire_formats_max> encoded_;
  std::vector<std::uint32_t> matched_;
  // By slot, then reason: one event a turn, however many messages it were.
  boost::unordered_flat_map<std::uint64_t, Dropped> dropped_;
  std::vector<Stray> strays_;
};

template <class Visit>
void Delivery::for_each(const Target& target, std::uint64_t place, Visit&& visit) {
  // The slots are collected first: a visit may make the connection leave the room that is being walked.
  std::vector<std::uint32_t> found;
  found.swap(matched_);
  found.clear();
  const std::uint32_t mark = next_mark();
  const auto consider = [&](Connection& connection) {
    if (connection.mark_ == mark || !connection.is_open()) return;
    connection.mark_ = mark;
    if (!is_excepted(connection, target)) found.push_back(connection.slot());
  };
  for (const RoomKey& key : target.rooms)
    if (const Room* room = parts_.rooms.find(target.name_space, key.kind, key.name))
      for (const Member& member : room->members())
        if (member.joined_place < place) consider(parts_.slab.at(member.slot));
  for (const base::ConnectionId& id : target.connections) {
    if (id.incarnation != parts_.incarnation || id.worker() != parts_.worker) continue;
    Connection* connection = parts_.slab.find(id.slot, id.generation);
    if (connection && connection->is_announced() && connection->name_space() == target.name_space)
      consider(*connection);
  }
  for (const std::uint32_t slot : found) visit(parts_.slab.at(slot));
  found.swap(matched_);
}

}  // namespace sluice::workers
