#pragma once
// PeerExchanges: requests that other nodes have read, and that wait here for their answers. Belongs to one worker: that
// of their sessions.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "gateway/http_exchange.hpp"
#include "workers/peers.hpp"

namespace sluice::gateway {

class PeerExchanges {
 public:
  struct Ended {
    ExchangeId id;
    base::ConnectionId session;
  };

  // `id` waits until then. The same one twice is the first one's end.
  void add(const ExchangeId& id, const base::ConnectionId& session, base::TimePoint until,
           workers::Peers::OnAnswer answer);
  // Nothing happens if it does not wait.
  void answer(const ExchangeId& id, const HttpReply& reply);
  // Whoever made it is gone.
  void forget(const ExchangeId& id);
  // Forgets those that a node has read which is gone, or that have waited for too long; gives them.
  std::vector<Ended> forget_all_of(std::uint32_t node);
  std::vector<Ended> forget_late(base::TimePoint now);

  std::size_t size() const { return waiting_.size(); }

 private:
  struct Waiting {
    base::ConnectionId session;
    base::TimePoint until;
    workers::Peers::OnAnswer answer;
  };
  struct Hash {
    std::size_t operator()(const ExchangeId& id) const;
  };
  template <class Condition>
  std::vector<Ended> forget_if(Condition&& condition);

  boost::unordered_flat_map<ExchangeId, Waiting, Hash> waiting_;
};

}  // namespace sluice::gateway
