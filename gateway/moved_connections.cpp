#include "gateway/moved_connections.hpp"

#include <utility>

namespace sluice::gateway {
namespace {

// Whoever was told that it moved speaks to where it is; this is for those who had not heard yet.
constexpr base::Duration kept = std::chrono::minutes(1);
// What is said to one that has not arrived yet.
constexpr base::Duration arrives_within = std::chrono::seconds(10);
constexpr std::size_t waiting_max = 256;

}  // namespace

void MovedConnections::add(const base::ConnectionId& id, std::string session, Asks asks, base::TimePoint now) {
  moved_.insert_or_assign(id, Moved{std::nullopt, std::move(session), std::move(asks), {}, now});
}

void MovedConnections::settle(const base::ConnectionId& id, const base::ConnectionId& now) {
  const auto found = moved_.find(id);
  if (found == moved_.end()) return;
  found->second.now = now;
  for (const Then& then : std::exchange(found->second.waiting, {})) then(now);
}

bool MovedConnections::find(const base::ConnectionId& id, Then then) {
  const auto found = moved_.find(id);
  if (found == moved_.end()) return false;
  Moved& moved = found->second;
  if (moved.now) {
    then(moved.now);
  } else if (moved.waiting.size() < waiting_max) {
    moved.waiting.push_back(std::move(then));
  } else {
    then(std::nullopt);
  }
  return true;
}

void MovedConnections::acknowledge(const base::ConnectionId& id, std::uint64_t number, std::string arguments,
                                   std::vector<std::string> attachments) {
  const auto found = moved_.find(id);
  if (found == moved_.end()) return;
  Asks& asks = found->second.asks;
  const auto ask = asks.find(number);
  if (ask == asks.end()) return;
  const auto waiting = ask->second.lock();
  asks.erase(ask);
  if (!waiting) return;
  (*waiting)({id, workers::Protocol::socket_io, found->second.session, std::move(arguments), std::move(attachments)});
}

void MovedConnections::expire(base::TimePoint now) {
  std::vector<Then> lost;
  boost::unordered::erase_if(moved_, [&](auto& one) {
    Moved& moved = one.second;
    const bool is_over = now - moved.since >= (moved.now ? kept : arrives_within);
    // Whoever asked may wait for longer.
    boost::unordered::erase_if(moved.asks, [](const auto& ask) { return ask.second.expired(); });
    if (!is_over || (moved.now && !moved.asks.empty())) return false;
    for (Then& then : moved.waiting) lost.push_back(std::move(then));
    return true;
  });
  for (const Then& then : lost) then(std::nullopt);
}

}  // namespace sluice::gateway
