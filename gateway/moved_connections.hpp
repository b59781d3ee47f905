#pragma once
// MovedConnections: connections of one worker whose sessions have gone on at other nodes, for as long as somebody may
// not know that yet: what they are called there, and what is said to them meanwhile. Belongs to that worker.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "workers/wire.hpp"

namespace sluice::gateway {

class MovedConnections {
 public:
  // What clients were asked here, by number.
  using Asks = boost::unordered_flat_map<std::uint64_t, std::weak_ptr<const workers::OnAcknowledged>>;
  // Gets what it is called now, or nothing if that is never known.
  using Then = std::function<void(const std::optional<base::ConnectionId>& now)>;

  // One has gone; `session` is what everyone may know, `asks` what its client has not answered.
  void add(const base::ConnectionId& id, std::string session, Asks asks, base::TimePoint now);
  // It has arrived.
  void settle(const base::ConnectionId& id, const base::ConnectionId& now);
  // Calls `then` once it is known what it is called now. False, and `then` is dropped: it has not gone anywhere.
  bool find(const base::ConnectionId& id, Then then);
  // Its client has answered what it was asked here.
  void acknowledge(const base::ConnectionId& id, std::uint64_t number, std::string arguments,
                   std::vector<std::string> attachments);
  // Once a second.
  void expire(base::TimePoint now);

  std::size_t size() const { return moved_.size(); }

 private:
  struct Moved {
    std::optional<base::ConnectionId> now;
    std::string session;
    Asks asks;
    std::vector<Then> waiting;  // until that is known
    base::TimePoint since{};
  };
  struct Hash {
    std::size_t operator()(const base::ConnectionId& id) const { return id.slot * 0x9E3779B1U + id.generation; }
  };

  boost::unordered_flat_map<base::ConnectionId, Moved, Hash> moved_;
};

}  // namespace sluice::gateway
