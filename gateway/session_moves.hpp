#pragma once
// SessionMoves: an Engine.IO session goes to the node at which its WebSocket came: what the two nodes say to each other
// until it is there, and for a while afterwards (ADR 10). One for all workers; immutable once it is open. Any thread,
// unless it says otherwise.

#include <functional>
#include <string>
#include <vector>

#include "gateway/contexts.hpp"
#include "gateway/http_exchange.hpp"
#include "gateway/move_codec.hpp"
#include "gateway/session_state.hpp"
#include "workers/peers.hpp"
#include "workers/pool.hpp"

namespace sluice::gateway {

class SessionMoves {
 public:
  // Both outlive this.
  SessionMoves(workers::Peers& peers, Contexts& contexts) : peers_(peers), contexts_(contexts) {}

  // Before anything starts. The pool ends after the peers.
  void open(workers::Pool& pool);

  // --- of the WebSocket `socket`, which is here, and a session of another node ---

  // Tells on the worker of the WebSocket.
  using OnBegun = std::function<void(workers::Worker&, const base::Result<move_codec::Begun>&)>;
  using OnTaken = std::function<void(workers::Worker&, base::Result<SessionState>)>;
  void begin(const base::ConnectionId& session, const ExchangeId& socket, base::TimePoint until, OnBegun then);
  void tell_probed(const base::ConnectionId& session, const ExchangeId& socket);
  void take(const base::ConnectionId& session, const ExchangeId& socket, base::TimePoint until, OnTaken then);
  // It has given up.
  void end(const base::ConnectionId& session, const ExchangeId& socket);

  // --- once it is here ---

  using Renamed = std::vector<move_codec::Request::Renamed>;
  void tell_arrived(const base::ConnectionId& session, Renamed renamed);
  // The client has answered what it was asked as the connection that the answer names.
  void tell_acknowledged(move_codec::MovedAnswer answer);

  // --- of what was said to a connection that has gone, on the worker where it was ---

  void forward(workers::Worker& worker, const base::ConnectionId& id, const workers::Message& message);
  void forward_answer(workers::Worker& worker, const base::ConnectionId& id, std::uint64_t number,
                      const workers::Message& answer);

 private:
  void ask(const move_codec::Request& request, base::TimePoint until,
           std::function<void(workers::Worker&, const base::Result<std::string>&)> then);
  void tell(std::uint32_t node, const move_codec::Request& request);
  void take_question(const workers::Peers::Question& question, const workers::Peers::OnAnswer& answer);

  workers::Peers& peers_;
  Contexts& contexts_;
  workers::Pool* pool_ = nullptr;
};

}  // namespace sluice::gateway
