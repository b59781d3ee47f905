#pragma once
// Rooms: who is in which room, on one worker. A room knows its members and a connection its rooms, each by place, so
// that joining and leaving cost the same in a room of ten and of a hundred thousand. Belongs to one worker.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "workers/message.hpp"

namespace sluice::workers {

// One connection in a room.
struct Member {
  std::uint64_t joined_place = 0;  // messages at or below this place in the order are not for it
  std::uint32_t slot = 0;          // the connection's
  std::uint32_t membership = 0;    // where the connection's Memberships name this room
};

class Room {
 public:
  Room(base::NamespaceId name_space, RoomKey key) : key_(std::move(key)), name_space_(name_space) {}

  const RoomKey& key() const { return key_; }
  base::NamespaceId name_space() const { return name_space_; }
  // In no order; changes when anyone joins or leaves.
  std::span<const Member> members() const { return members_; }

 private:
  friend class Rooms;
  RoomKey key_;
  base::NamespaceId name_space_;
  std::vector<Member> members_;
};

// The rooms of one connection. Three fit without an allocation: everyone, the one that most clients name, and the one
// that is a Socket.IO socket's own.
class Memberships {
 public:
  struct Membership {
    Room* room = nullptr;
    std::uint32_t place = 0;  // of the connection in the room's members
  };

  std::span<const Membership> all() const { return {others_ ? others_->data() : first_, size_}; }
  std::size_t size() const { return size_; }

 private:
  friend class Rooms;
  std::span<Membership> all() { return {others_ ? others_->data() : first_, size_}; }
  void push(Membership membership);
  void pop();

  static constexpr std::uint32_t inline_max = 3;
  std::unique_ptr<std::vector<Membership>> others_;  // holds all of them once there were more than fit inside
  Membership first_[inline_max];
  std::uint32_t size_ = 0;
};

class Rooms {
 public:
  Rooms();
  ~Rooms();
  Rooms(const Rooms&) = delete;
  Rooms& operator=(const Rooms&) = delete;

  // The room, if it has members here; good until anyone joins or leaves.
  const Room* find(base::NamespaceId name_space, RoomKey::Kind kind, std::string_view name) const;
  bool is_member(const Room& room, const Memberships& memberships) const;
  bool is_member(base::NamespaceId name_space, const RoomKey& key, const Memberships& memberships) const;

  // Makes the connection of `slot`, whose memberships these are, a member. It must not be one. O(1).
  void join(base::NamespaceId name_space, const RoomKey& key, std::uint32_t slot, Memberships& memberships,
            std::uint64_t joined_place);
  // Ends the membership; false if there was none. O(the connection's rooms) to find it, O(1) to leave.
  // `memberships_of(slot)` gives the Memberships of another connection, which moves up.
  template <class MembershipsOf>
  bool leave(base::NamespaceId name_space, const RoomKey& key, Memberships& memberships,
             MembershipsOf&& memberships_of);
  // Ends all of them, calling left(key) for each before its room may go. O(the connection's rooms).
  template <class MembershipsOf, class Left>
  void leave_all(Memberships& memberships, MembershipsOf&& memberships_of, Left&& left);

  // Rooms with members here.
  std::size_t size() const;

 private:
  struct KeyView {
    base::NamespaceId name_space;
    RoomKey::Kind kind;
    std::string_view name;
    bool operator==(const KeyView&) const = default;
  };
  struct Hash {
    std::size_t operator()(const KeyView& key) const;
  };

  template <class MembershipsOf>
  void leave_at(Memberships& memberships, std::uint32_t at, MembershipsOf&& memberships_of);
  void remove(Room& room);

  // Keys view the names that the rooms themselves hold.
  boost::unordered_flat_map<KeyView, std::unique_ptr<Room>, Hash> rooms_;
};

template <class MembershipsOf>
bool Rooms::leave(base::NamespaceId name_space, const RoomKey& key, Memberships& memberships,
                  MembershipsOf&& memberships_of) {
  const Room* const room = find(name_space, key.kind, key.name);
  if (room == nullptr) return false;
  for (std::uint32_t at = 0; at < memberships.size_; ++at) {
    if (memberships.all()[at].room != room) continue;
    leave_at(memberships, at, memberships_of);
    return true;
  }
  return false;
}

template <class MembershipsOf, class Left>
void Rooms::leave_all(Memberships& memberships, MembershipsOf&& memberships_of, Left&& left) {
  while (memberships.size_ > 0) {
    left(memberships.all()[memberships.size_ - 1].room->key());
    leave_at(memberships, memberships.size_ - 1, memberships_of);
  }
}

template <class MembershipsOf>
void Rooms::leave_at(Memberships& memberships, std::uint32_t at, MembershipsOf&& memberships_of) {
  const Memberships::Membership leaving = memberships.all()[at];
  Room& room = *leaving.room;
  // The room's last member takes the place, and the connection's last membership takes its.
  const Member moved = room.members_.back();
  room.members_[leaving.place] = moved;
  room.members_.pop_back();
  // After a crowd has left, its memory goes too.
  if (room.members_.capacity() > 64 && room.members_.size() < room.members_.capacity() / 4)
    room.members_.shrink_to_fit();
  if (leaving.place < room.members_.size()) memberships_of(moved.slot).all()[moved.membership].place = leaving.place;
  const Memberships::Membership last = memberships.all()[memberships.size_ - 1];
  if (at + 1 < memberships.size_) {
    memberships.all()[at] = last;
    last.room->members_[last.place].membership = at;
  }
  memberships.pop();
  if (room.members_.empty()) remove(room);
}

}  // namespace sluice::workers
