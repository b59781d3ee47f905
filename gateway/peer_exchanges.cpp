#include "gateway/peer_exchanges.hpp"

#include <boost/container_hash/hash.hpp>
#include <utility>

#include "gateway/session_codec.hpp"

namespace sluice::gateway {

std::size_t PeerExchanges::Hash::operator()(const ExchangeId& id) const {
  std::size_t hash = 0;
  for (const std::uint32_t part : {id.node, std::uint32_t{id.worker.value}, id.slot, id.generation, id.number}) {
    boost::hash_combine(hash, part);
  }
  return hash;
}

void PeerExchanges::add(const ExchangeId& id, const base::ConnectionId& session, base::TimePoint until,
                        workers::Peers::OnAnswer answer) {
  forget(id);
  waiting_.emplace(id, Waiting{session, until, std::move(answer)});
}

void PeerExchanges::answer(const ExchangeId& id, const HttpReply& reply) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return;
  const auto answer = std::move(found->second.answer);
  waiting_.erase(found);
  answer(session_codec::encode(reply));
}

void PeerExchanges::forget(const ExchangeId& id) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return;
  const auto answer = std::move(found->second.answer);
  waiting_.erase(found);
  answer(base::fail(base::Errc::unavailable, "whoever asked is gone"));
}

template <class Condition>
std::vector<PeerExchanges::Ended> PeerExchanges::forget_if(Condition&& condition) {
  std::vector<Ended> ended;
  for (const auto& [id, waiting] : waiting_) {
    if (condition(id, waiting)) ended.push_back({id, waiting.session});
  }
  for (const Ended& one : ended) forget(one.id);
  return ended;
}

std::vector<PeerExchanges::Ended> PeerExchanges::forget_all_of(std::uint32_t node) {
  return forget_if([node](const ExchangeId& id, const Waiting&) { return id.node == node; });
}

std::vector<PeerExchanges::Ended> PeerExchanges::forget_late(base::TimePoint now) {
  return forget_if([now](const ExchangeId&, const Waiting& waiting) { return waiting.until <= now; });
}

}  // namespace sluice::gateway
