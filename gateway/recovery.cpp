#include "gateway/recovery.hpp"

#include <utility>

namespace sluice::gateway {

void Recovery::save(std::string pid, BrokenSocket socket, base::TimePoint now) {
  alive_.erase(pid);
  if (sockets_max_ == 0) return;
  while (due_.size() >= sockets_max_) drop_front();
  due_.push_back({now + kept_, ++last_number_, pid});
  broken_.insert_or_assign(std::move(pid), Saved{std::move(socket), last_number_});
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

void Recovery::expire(base::TimePoint now) {
  while (!due_.empty() && due_.front().at <= now) drop_front();
}

void Recovery::drop_front() {
  const Due& due = due_.front();
  const auto found = broken_.find(due.pid);
  if (found != broken_.end() && found->second.number == due.number) broken_.erase(found);
  due_.pop_front();
}

}  // namespace sluice::gateway
