#include "workers/delivery.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace sluice::workers {

namespace {
// A group's frames should lie in one chunk, and one group must not hold up the turn.
constexpr std::size_t group_messages_max = 256;
constexpr std::size_t group_bytes_max = 32768;
constexpr std::size_t control_bytes_max = 65536;  // over the outbox's bound: pongs for one who reads nothing
}  // namespace

Delivery::Delivery(Parts parts) : parts_(parts) {
  for (WireFormat format = 0; format < wire_formats_max; ++format) is_own_[format] = parts_.edge.is_own(format);
}

std::uint32_t Delivery::next_mark() {
  if (++mark_ != 0) return mark_;
  for (std::uint32_t slot = 0; slot < parts_.slab.slots(); ++slot) parts_.slab.at(slot).mark_ = 0;
  return ++mark_;
}

bool Delivery::is_excepted(const Connection& connection, const Target& target) const {
  for (const RoomKey& key : target.except_rooms) {
    const Room* room = parts_.rooms.find(target.name_space, key.kind, key.name);
    if (room && parts_.rooms.is_member(*room, connection.memberships())) return true;
  }
  return std::ranges::any_of(target.except_connections, [&](const base::ConnectionId& id) {
    return id.slot == connection.slot_ && id.generation == connection.generation_ && id.worker() == parts_.worker &&
           id.incarnation == parts_.incarnation;
  });
}

void Delivery::deliver(std::span<const std::shared_ptr<const Message>> messages, base::TimePoint now) {
  now_ = now;
  drops_volatile_ = parts_.relief.is_on(overload::Action::drop_volatile);
  while (!messages.empty()) {
    const std::size_t size = group_size(messages);
    if (size > 0) {
      deliver_group(messages.first(size));
      messages = messages.subspan(size);
      continue;
    }
    const std::shared_ptr<const Message>& message = messages.front();
    struct Made {
      WireFormat format;
      const RoomKey* room;
      Run run;
    };
    std::vector<Made> made;
    for_each(message->target, message->place, [&](Connection& connection) {
      if (is_own_[connection.format_]) return push(connection, message, {});
      const bool shows_room = parts_.edge.shows_room(connection.format_);
      const RoomKey* room = shows_room ? shown_room(connection, *message) : nullptr;
      auto found = std::ranges::find_if(
          made, [&](const Made& one) { return one.format == connection.format_ && one.room == room; });
      if (found == made.end()) {
        made.push_back({connection.format_, room, encode(connection.format_, *message, room)});
        found = made.end() - 1;
        parts_.frames.keep(*found->run.chunk);
      }
      push(connection, message, found->run);
    });
    for (const Made& one : made) parts_.frames.release(*one.run.chunk);
    if (!message->target.connections.empty()) note_strays(message);
    messages = messages.subspan(1);
  }
}

void Delivery::note_strays(const std::shared_ptr<const Message>& message) {
  for (const base::ConnectionId& id : message->target.connections) {
    if (id.incarnation != parts_.incarnation || id.worker() != parts_.worker) continue;
    const Connection* const connection = parts_.slab.find(id.slot, id.generation);
    if (connection == nullptr || !connection->is_announced() || !connection->is_open())
      strays_.push_back({id, message});
  }
}

// How many messages from the front go to the same single room; 0 if the first one's target is not that simple.
std::size_t Delivery::group_size(std::span<const std::shared_ptr<const Message>> messages) const {
  const Target& target = messages.front()->target;
  if (!target.is_one_room()) return 0;
  std::size_t size = 1, bytes = messages.front()->data.size();
  while (size < messages.size() && size < group_messages_max && bytes < group_bytes_max &&
         messages[size]->target == target)
    bytes += messages[size++]->data.size();
  return size;
}

void Delivery::deliver_group(std::span<const std::shared_ptr<const Message>> group) {
  const Target& target = group.front()->target;
  const Room* room = parts_.rooms.find(target.name_space, target.rooms[0].kind, target.rooms[0].name);
  if (!room) return;
  for (const Member& member : room->members()) {
    Connection& connection = parts_.slab.at(member.slot);
    if (is_own_[connection.format_]) {
      for (const std::shared_ptr<const Message>& message : group)
        if (member.joined_place < message->place) push(connection, message, {});
      continue;
    }
    const Encoded& frames = encoded(connection.format_, group);
    Connection& carrier = parts_.slab.carrier_of(connection);
    const bool is_simple = connection.is_open() && !(drops_volatile_ && carrier.is_blocked_) && carrier.is_open() &&
                           !carrier.catch_up_ && !carrier.owes_gap_ && member.joined_place < group.front()->place &&
                           frames.merged.size() == 1 && !is_over(carrier, size_of(frames.merged[0]));
    if (is_simple) {
      queue(carrier, frames.merged[0]);
      continue;
    }
    for (std::size_t at = 0; at < group.size(); ++at)
      if (member.joined_place < group[at]->place) push(connection, group[at], frames.each[at]);
  }
  for (Encoded& one : encoded_) {
    for (const Run& run : one.merged) parts_.frames.release(*run.chunk);
    one.merged.clear();
    one.each.clear();
  }
}

const Delivery::Encoded& Delivery::encoded(WireFormat format, std::span<const std::shared_ptr<const Message>> group) {
  Encoded& made = encoded_[format];
  if (!made.each.empty()) return made;
  for (const std::shared_ptr<const Message>& message : group) {
    const RoomKey& key = message->target.rooms[0];
    const Run run = encode(format, *message, key.kind == RoomKey::Kind::room ? &key : nullptr);
    made.each.push_back(run);
    if (!made.merged.empty() && made.merged.back().chunk == run.chunk && made.merged.back().last == run.first) {
      made.merged.back().last = run.last;
      continue;
    }
    // Kept until the group is done: no outbox holds it yet, and the next frame may open another chunk.
    made.merged.push_back(run);
    parts_.frames.keep(*run.chunk);
  }
  return made;
}

Run Delivery::encode(WireFormat format, const Message& message, const RoomKey* room) {
  scratch_.clear();
  parts_.edge.encode(parts_.worker, format, message, room, scratch_);
  return add_frame(message, false, format);
}

// Encodes for this connection alone; what it is given now refers back to what it was given before.
Run Delivery::encode_own(Connection& connection, const Message& message) {
  const RoomKey* const room = parts_.edge.shows_room(connection.format_) ? shown_room(connection, message) : nullptr;
  scratch_.clear();
  connection.wire_->encode_own(message, room, scratch_);
  return add_frame(message, true, connection.format_);
}

Run Delivery::add_frame(const Message& message, bool is_fixed, WireFormat format) {
  FrameTraits traits;
  traits.is_fixed = is_fixed;
  traits.is_message = true;
  traits.payload_bytes = static_cast<std::uint32_t>(message.data.size());
  traits.accepted = message.accepted;
  traits.conflation_key = message.conflation_key;
  return parts_.frames.add(scratch_, traits, now_, format);
}

const RoomKey* Delivery::shown_room(const Connection& connection, const Message& message) const {
  for (const RoomKey& key : message.target.rooms) {
    if (key.kind != RoomKey::Kind::room) continue;
    const Room* room = parts_.rooms.find(message.target.name_space, key.kind, key.name);
    if (room && parts_.rooms.is_member(*room, connection.memberships())) return &key;
  }
  return nullptr;
}

void Delivery::deliver_to(Connection& connection, const std::shared_ptr<const Message>& message, base::TimePoint now) {
  now_ = now;
  if (is_own_[connection.format_]) return push(connection, message, {});
  const RoomKey* room = parts_.edge.shows_room(connection.format_) ? shown_room(connection, *message) : nullptr;
  const Run run = encode(connection.format_, *message, room);
  // A gap that is told first may need another chunk, and no outbox holds this one yet.
  parts_.frames.keep(*run.chunk);
  push(connection, message, run);
  parts_.frames.release(*run.chunk);
}

// `run` has no chunk if the member's format is its own: then the message is encoded once it is sure to be sent.
void Delivery::push(Connection& member, const std::shared_ptr<const Message>& message, Run run) {
  Connection& carrier = parts_.slab.carrier_of(member);
  if (!member.is_open() || !carrier.is_open()) return drop(DropReason::closing, 1);
  if (drops_volatile_ && !message->stored && carrier.is_blocked_) {
    parts_.metrics.relieved_by(overload::Action::drop_volatile).add();
    return drop_of(carrier, DropReason::overload, 1);
  }
  if (carrier.catch_up_) return push_behind(carrier, member, message);
  const Size size = run.chunk != nullptr ? size_of(run) : Size{message->data.size(), 1};
  // Before a client is called slow, its socket is asked: one turn may bring more than the bound to a fast one.
  if (is_over(carrier, size) && !carrier.is_blocked_) parts_.flusher.flush(carrier);
  if (is_over(carrier, size) && !make_room(carrier, *message, size)) return;
  if (carrier.owes_gap_ && (carrier.gap_is_next_ || !carrier.is_blocked_)) {
    tell_gap(carrier, GapReason::dropped, now_);
  }
  if (carrier.is_open()) queue(carrier, run.chunk != nullptr ? run : encode_own(member, *message));
}

// What comes while a carrier catches up stands behind what was missed, within the outbox's bounds.
void Delivery::push_behind(Connection& carrier, const Connection& member,
                           const std::shared_ptr<const Message>& message) {
  CatchUp& catch_up = *carrier.catch_up_;
  catch_up.live_bytes += message->bytes();
  if (catch_up.live_bytes > parts_.options.outbox_bytes_max ||
      ++catch_up.live_messages > parts_.options.outbox_messages_max)
    return end_slow(carrier, "catching up too slowly");
  catch_up.entries.push_back({message, member.slot_, member.generation_, true});
}

void Delivery::queue(Connection& connection, Run run) {
  connection.outbox_.push(run, parts_.frames);
  const std::uint32_t messages = run.messages();
  parts_.metrics.deliveries.add(messages);
  parts_.metrics.outbox_bytes.add(run.bytes());
  parts_.metrics.outbox_messages.add(messages);
  parts_.flusher.mark_dirty(connection);
}

// Whether that much more would put the outbox over a bound. A message always fits into an empty one.
bool Delivery::is_over(const Connection& connection, const Size& more) const {
  const Outbox& outbox = connection.outbox_;
  if (outbox.is_empty() && more.messages <= 1) return false;
  const Options& options = parts_.options;
  if (outbox.bytes() + more.bytes > options.outbox_bytes_max) return true;
  if (outbox.messages() + more.messages > options.outbox_messages_max) return true;
  if (!connection.is_blocked_ || outbox.is_empty()) return false;
  return now_ - outbox.oldest() > parts_.relief.shortened(options.outbox_age_ms_max) || parts_.queued.is_over();
}

// Does what the message's policy says about a full outbox; true if the message, of this size, may be queued now.
bool Delivery::make_room(Connection& connection, const Message& message, const Size& more) {
  if (!connection.is_open()) return false;
  const SlowPolicy policy = message.slow_policy.value_or(parts_.options.slow_policy);
  if (policy == SlowPolicy::close) {
    end_slow(connection, "outbox over its limit");
    return false;
  }
  if (policy == SlowPolicy::conflate) {
    const auto drop_key = [&] { return connection.outbox_.drop_key(message.conflation_key, parts_.frames); };
    if (forget(connection, drop_key, DropReason::conflated) > 0) connection.owes_gap_ = true;
  }
  if (policy != SlowPolicy::drop_newest) drop_oldest_while(connection, [&] { return is_over(connection, more); });
  if (!is_over(connection, more)) return true;
  connection.owes_gap_ = connection.gap_is_next_ = true;
  drop_of(connection, DropReason::outbox_full_newest, 1);
  return false;
}

void Delivery::drop_older(Connection& connection, base::TimePoint than, base::TimePoint now) {
  now_ = now;
  drop_oldest_while(connection, [&] {
    const Frame* const oldest = connection.outbox_.front().droppable;
    return oldest != nullptr && oldest->queued < than;
  });
}

// Drops the oldest messages one by one; the client finds a notice where they were.
template <class Condition>
void Delivery::drop_oldest_while(Connection& connection, Condition&& is_needed) {
  const auto drop_one = [&] { return connection.outbox_.drop_oldest(parts_.frames) ? 1u : 0u; };
  bool has_hole = false;
  while (is_needed() && forget(connection, drop_one, DropReason::outbox_full_oldest) > 0) has_hole = true;
  if (has_hole && !connection.outbox_.front().tells_gap) tell_gap_in_front(connection);
}

void Delivery::tell_gap_in_front(Connection& connection) {
  scratch_.clear();
  parts_.edge.encode_gap(connection.format_, GapReason::dropped, scratch_);
  if (scratch_.empty()) return;
  FrameTraits traits;
  traits.is_gap = true;
  const Run run = parts_.frames.add(scratch_, traits, now_);
  connection.outbox_.push_front(run, parts_.frames);
  parts_.metrics.gaps.add();
  parts_.metrics.outbox_bytes.add(run.bytes());
  parts_.flusher.mark_dirty(connection);
}

// Performs a dropping on the outbox and keeps the gauges right; returns how many messages went.
template <class Dropping>
std::uint32_t Delivery::forget(Connection& connection, Dropping&& dropping, DropReason reason) {
  const std::size_t bytes = connection.outbox_.bytes();
  const std::uint32_t dropped = dropping();
  parts_.metrics.outbox_bytes.subtract(bytes - connection.outbox_.bytes());
  parts_.metrics.outbox_messages.subtract(dropped);
  drop_of(connection, reason, dropped);
  return dropped;
}

void Delivery::drop_of(const Connection& connection, DropReason reason, std::uint64_t count) {
  drop(reason, count);
  if (count == 0 || !parts_.backend.wants(ClientEvent::Kind::dropped)) return;
  const std::uint64_t key = std::uint64_t{connection.slot_} << 8 | static_cast<std::uint64_t>(reason);
  Dropped& dropped =
      dropped_.try_emplace(key, Dropped{connection.slot_, connection.generation_, reason, 0}).first->second;
  // The slot is somebody else's now, who has lost something too.
  if (dropped.generation != connection.generation_) dropped = {connection.slot_, connection.generation_, reason, 0};
  dropped.messages += count;
}

std::vector<Delivery::Dropped> Delivery::take_dropped() {
  std::vector<Dropped> all;
  all.reserve(dropped_.size());
  for (const auto& [key, dropped] : dropped_) all.push_back(dropped);
  dropped_.clear();
  return all;
}

void Delivery::drop(DropReason reason, std::uint64_t count) {
  parts_.metrics.drops[static_cast<std::size_t>(reason)].add(count);
}

void Delivery::end_slow(Connection& connection, const char* what) {
  drop(DropReason::closing, 1);
  if (!connection.is_open()) return;
  connection.phase_ = Connection::Phase::ending;
  parts_.endings.add(connection.slot_, connection.generation_, true, {EndReason::slow_client, 1013, what});
}

void Delivery::send_control(Connection& connection, std::string_view frame, base::TimePoint now) {
  const Run run = parts_.frames.add(frame, FrameTraits{}, now);
  // What comes first goes, however long it is: an answer has messages in it.
  if (!connection.outbox_.is_empty() &&
      connection.outbox_.bytes() + run.bytes() > parts_.options.outbox_bytes_max + control_bytes_max)
    return end_slow(connection, "control frames are not read");
  queue(connection, run);
}

void Delivery::tell_gap(Connection& connection, GapReason reason, base::TimePoint now) {
  connection.owes_gap_ = connection.gap_is_next_ = false;
  scratch_.clear();
  parts_.edge.encode_gap(connection.format_, reason, scratch_);
  if (scratch_.empty()) return;
  parts_.metrics.gaps.add();
  send_control(connection, scratch_, now);
}

void Delivery::catch_up(Connection& member, std::vector<std::shared_ptr<const Message>> missed, base::TimePoint now) {
  now_ = now;
  Connection& carrier = parts_.slab.carrier_of(member);
  if (!carrier.catch_up_) carrier.catch_up_ = std::make_unique<CatchUp>();
  std::deque<CatchUp::Entry>& entries = carrier.catch_up_->entries;
  const std::size_t before = entries.size();
  for (std::shared_ptr<const Message>& message : missed)
    if (!is_excepted(member, message->target))
      entries.push_back({std::move(message), member.slot_, member.generation_, false});
  parts_.metrics.replayed_messages.add(entries.size() - before);
  feed_catch_up(carrier, now);
}

void Delivery::feed_catch_up(Connection& carrier, base::TimePoint now) {
  now_ = now;
  CatchUp& catch_up = *carrier.catch_up_;
  const Outbox& outbox = carrier.outbox_;
  while (carrier.is_open() && !catch_up.entries.empty() &&
         (outbox.is_empty() || (outbox.bytes() < parts_.options.outbox_bytes_max / 2 &&
                                outbox.messages() < parts_.options.outbox_messages_max / 2))) {
    const CatchUp::Entry entry = std::move(catch_up.entries.front());
    catch_up.entries.pop_front();
    if (entry.is_live) {
      catch_up.live_bytes -= entry.message->bytes();
      --catch_up.live_messages;
    }
    Connection* const member = parts_.slab.find(entry.slot, entry.generation);
    if (member != nullptr && member->is_open()) {
      feed(carrier, *member, *entry.message);
    } else {
      drop(DropReason::closing, 1);
    }
  }
  if (catch_up.entries.empty()) carrier.catch_up_.reset();
}

void Delivery::feed(Connection& carrier, Connection& member, const Message& message) {
  if (is_own_[member.format_]) return queue(carrier, encode_own(member, message));
  const bool shows_room = parts_.edge.shows_room(member.format_);
  queue(carrier, encode(member.format_, message, shows_room ? shown_room(member, message) : nullptr));
}

}  // namespace sluice::workers
