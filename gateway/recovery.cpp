#include "gateway/recovery.hpp"

#include <algorithm>
#include <utility>

namespace sluice::gateway {
namespace {

constexpr base::Duration given_kept = std::chrono::seconds(30);

bool was_heard(const workers::Target& target, std::uint64_t place, const std::vector<BrokenSocket::Room>& rooms) {
  using workers::RoomKey;
  return std::ranges::any_of(target.rooms, [&](const RoomKey& key) {
    if (key.kind == RoomKey::Kind::everyone) return true;
    return std::ranges::any_of(rooms, [&](const auto& room) { return room.key == key && room.joined_place < place; });
  });
}

}  // namespace

void forget_unheard(const workers::Sequencer& sequencer, const std::vector<BrokenSocket::Room>& rooms,
                    std::vector<std::shared_ptr<const workers::Message>>& missed) {
  std::erase_if(missed, [&](const auto& message) {
    return !was_heard(message->target, sequencer.shared_place(message->place), rooms);
  });
}

void Recovery::save(std::string pid, BrokenSocket socket, base::TimePoint now, const OnForgotten& on_forgotten) {
  alive_.erase(pid);
  given_.erase(pid);
  if (sockets_max_ == 0) return;
  while (due_.size() >= sockets_max_) drop_front(on_forgotten);
  due_.push_back({now + kept_, ++last_number_, pid});
  broken_.insert_or_assign(std::move(pid), Saved{std::move(socket), last_number_});
}

const BrokenSocket* Recovery::find(const std::string& pid) const {
  const auto found = broken_.find(pid);
  return found == broken_.end() ? nullptr : &found->second.socket;
}

std::optional<BrokenSocket> Recovery::take(const std::string& pid) {
  const auto found = broken_.find(pid);
  if (found == broken_.end()) return std::nullopt;
  std::optional<BrokenSocket> socket = std::move(found->second.socket);
  broken_.erase(found);
  return socket;
}

std::optional<base::ConnectionId> Recovery::find_alive(const std::string& pid) const {
  const auto found = alive_.find(pid);
  return found == alive_.end() ? std::nullopt : std::optional(found->second);
}

void Recovery::forget(const std::string& pid, const base::ConnectionId& id) {
  const auto found = alive_.find(pid);
  if (found != alive_.end() && found->second == id) alive_.erase(found);
}

void Recovery::note_given(const std::string& pid, std::uint32_t node, base::TimePoint now) {
  given_.insert_or_assign(pid, Given{node, now + given_kept});
}

std::uint32_t Recovery::given_to(const std::string& pid) const {
  const auto found = given_.find(pid);
  return found == given_.end() ? 0 : found->second.node;
}

void Recovery::expire(base::TimePoint now, const OnForgotten& on_forgotten) {
  while (!due_.empty() && due_.front().at <= now) drop_front(on_forgotten);
  boost::unordered::erase_if(given_, [now](const auto& one) { return one.second.until <= now; });
}

void Recovery::drop_front(const OnForgotten& on_forgotten) {
  const Due due = std::move(due_.front());
  due_.pop_front();
  const auto found = broken_.find(due.pid);
  if (found == broken_.end() || found->second.number != due.number) return;
  broken_.erase(found);
  if (on_forgotten) on_forgotten(due.pid);
}

}  // namespace sluice::gateway
