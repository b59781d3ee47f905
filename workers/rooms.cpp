#include "workers/rooms.hpp"

#include <algorithm>
#include <boost/container_hash/hash.hpp>

#include "base/assert.hpp"

namespace sluice::workers {

void Memberships::push(Membership membership) {
  if (others_) {
    others_->push_back(membership);
  } else if (size_ < inline_max) {
    first_[size_] = membership;
  } else {
    others_ = std::make_unique<std::vector<Membership>>(first_, first_ + size_);
    others_->push_back(membership);
  }
  ++size_;
}

void Memberships::pop() {
  --size_;
  if (!others_) return;
  others_->pop_back();
  if (size_ > inline_max / 2) return;
  std::copy(others_->begin(), others_->end(), first_);
  others_.reset();
}

Rooms::Rooms() = default;
Rooms::~Rooms() = default;

std::size_t Rooms::Hash::operator()(const KeyView& key) const {
  std::size_t seed = boost::hash_range(key.name.begin(), key.name.end());
  boost::hash_combine(seed, key.name_space.value);
  boost::hash_combine(seed, static_cast<int>(key.kind));
  return seed;
}

const Room* Rooms::find(base::NamespaceId name_space, RoomKey::Kind kind, std::string_view name) const {
  const auto found = rooms_.find(KeyView{name_space, kind, name});
  return found == rooms_.end() ? nullptr : found->second.get();
}

bool Rooms::is_member(const Room& room, const Memberships& memberships) const {
  return std::ranges::any_of(memberships.all(), [&room](const auto& membership) { return membership.room == &room; });
}

bool Rooms::is_member(base::NamespaceId name_space, const RoomKey& key, const Memberships& memberships) const {
  const Room* const room = find(name_space, key.kind, key.name);
  return room != nullptr && is_member(*room, memberships);
}

void Rooms::join(base::NamespaceId name_space, const RoomKey& key, std::uint32_t slot, Memberships& memberships,
                 std::uint64_t joined_place) {
  auto found = rooms_.find(KeyView{name_space, key.kind, key.name});
  if (found == rooms_.end()) {
    auto made = std::make_unique<Room>(name_space, key);
    const KeyView view{name_space, key.kind, made->key().name};
    found = rooms_.emplace(view, std::move(made)).first;
  }
  Room& room = *found->second;
  const auto place = static_cast<std::uint32_t>(room.members_.size());
  room.members_.push_back({joined_place, slot, static_cast<std::uint32_t>(memberships.size())});
  memberships.push({&room, place});
}

std::size_t Rooms::size() const { return rooms_.size(); }

void Rooms::remove(Room& room) {
  const auto erased = rooms_.erase(KeyView{room.name_space(), room.key().kind, room.key().name});
  SLUICE_ASSERT(erased == 1);
}

}  // namespace sluice::workers
