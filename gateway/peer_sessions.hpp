#pragma once
// PeerSessions: a client's request that this node has read may be for a session of another one: it is carried there by
// way of workers::Peers, and its answer back, and what other nodes carry here finds its session. One for all workers;
// immutable once it is open. Any thread.

#include <string>

#include "gateway/http_exchange.hpp"
#include "gateway/options.hpp"
#include "gateway/poll_session.hpp"
#include "gateway/session_codec.hpp"
#include "gateway/worker_context.hpp"
#include "workers/peers.hpp"
#include "workers/pool.hpp"

namespace sluice::gateway {

class PeerSessions {
 public:
  // All outlive this.
  PeerSessions(workers::Peers& peers, Contexts& contexts, const Options& options)
      : peers_(peers), contexts_(contexts), options_(options) {}

  // Before anything starts. The pool ends after the peers.
  void open(workers::Pool& pool);

  // Whether a session of another node can be there at all.
  bool is_alone() const { return peers_.is_alone(); }
  // Whether that node is there, as far as is known.
  bool knows(std::uint32_t node) const;
  // The requests of this node's connection `id` that are for a session of another one; see session_requests.hpp.
  void poll(const base::ConnectionId& session, const ExchangeId& id);
  void begin_post(const base::ConnectionId& session, const ExchangeId& id);
  void post(const base::ConnectionId& session, const ExchangeId& id, std::string payload);
  void poll_rooms(const base::ConnectionId& session, const PollSession::Ask& one);
  void end_request(const base::ConnectionId& session, const ExchangeId& id);

 private:
  void ask(session_codec::Request request, base::Duration patience);
  base::Duration engine_patience() const;
  void tell(session_codec::Request request);
  HttpReply reply_of(const base::Result<std::string>& answer, const session_codec::Request& request) const;
  HttpReply unreached(const session_codec::Request& request, base::Errc why) const;
  void take(const workers::Peers::Question& question, const workers::Peers::OnAnswer& answer);
  void take_change(const workers::PeerChange& change);

  workers::Peers& peers_;
  Contexts& contexts_;
  const Options& options_;
  workers::Pool* pool_ = nullptr;
};

}  // namespace sluice::gateway
