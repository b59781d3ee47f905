#pragma once
// SocketIoSocket: one namespace of one Socket.IO client: what callers know as a connection. It rides on the connection
// of its Engine.IO session, which hears and speaks for it.

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "gateway/recovery.hpp"
#include "gateway/worker_context.hpp"
#include "workers/wire.hpp"

namespace sluice::gateway {

class SocketIoSocket final : public workers::Wire {
 public:
  // `context` outlives this. `sid` is what everyone may know.
  SocketIoSocket(WorkerContext& context, const Seals::SocketId& sid) : context_(context), sid_(sid) {}

  std::string sid() const { return Seals::text_of(sid_); }
  // What its client alone knows, and comes back with; empty: it cannot.
  std::string pid() const;
  // Where it begins. Its pid is made of the connection at which it was opened and of a nonce.
  void begin(const base::ConnectionId& home, const Seals::Nonce& nonce, base::Position start);
  // It was one before, in these rooms, since those places.
  void restore(const workers::Worker& worker, const workers::Connection& rider, std::vector<BrokenSocket::Room> rooms);
  // What is known of it has changed, and the cluster's store is to hear of that; false: it is about to.
  bool begin_change();
  // It is told what there is now.
  void end_change() { is_changed_ = false; }
  bool is_changed() const { return is_changed_; }
  // It ends here, but is remembered: its client may come back to it.
  void outlive() { outlives_ = true; }
  // It goes on at another node: gives what its client was asked and has not answered, which is answered there.
  MovedConnections::Asks take_asks() { return asks_ ? std::move(asks_->waiting) : MovedConnections::Asks(); }
  std::uint64_t asks() const { return asks_ ? asks_->last_id : 0; }
  // It comes from another one, where it was this connection, and asked with numbers below `asks`.
  void continue_asks(const base::ConnectionId& before, std::uint64_t asks);
  // What its client comes back to.
  BrokenSocket broken(const workers::Worker& worker, const workers::Connection& rider) const;

  workers::Protocol protocol() const override { return workers::Protocol::socket_io; }
  std::string session_id() const override { return sid(); }
  std::size_t on_bytes(workers::Worker&, workers::Connection&, std::span<char> bytes) override { return bytes.size(); }
  void on_end_of_stream(workers::Worker&, workers::Connection&) override {}
  void on_deadline(workers::Worker&, workers::Connection&) override {}
  void on_rooms_changed(workers::Worker& worker, workers::Connection& rider) override;
  void on_gap(workers::Worker& worker, workers::Connection& carrier) override;
  void on_answer(workers::Worker& worker, workers::Connection& rider, std::uint64_t ack_id,
                 const workers::Message& answer) override;
  bool ask(workers::Worker& worker, workers::Connection& rider, const workers::Message& message,
           const std::shared_ptr<const workers::OnAcknowledged>& on_acknowledged) override;
  // The client acknowledges event `id`; nothing happens if nobody waits for that.
  void on_acknowledged(const base::ConnectionId& self, std::uint64_t id, std::string_view arguments,
                       std::vector<std::string> attachments);
  // The server takes the client out of the namespace.
  void on_ending(workers::Worker& worker, workers::Connection& rider, const workers::Ending& ending) override;
  void on_gone(workers::Worker& worker, workers::Connection& rider) override;

 private:
  WorkerContext& context_;
  // Of a socket that came back.
  struct Restored {
    std::vector<BrokenSocket::Room> rooms;  // that it was in before
    std::uint64_t place = 0;                // at which it joined them anew
  };
  // What the client was asked and has not answered.
  struct Asks {
    std::uint64_t last_id = 0;
    // Those below were asked at another node, of this connection; 0: none.
    std::uint64_t asked_elsewhere = 0;
    base::ConnectionId elsewhere;
    boost::unordered_flat_map<std::uint64_t, std::weak_ptr<const workers::OnAcknowledged>> waiting;
  };
  // Ids are kept as bytes, and written when they are asked for: there is one of these for each client.
  base::ConnectionId home_;  // generation 0: it cannot come back
  Seals::SocketId sid_;
  Seals::Nonce nonce_{};
  bool is_changed_ = false, outlives_ = false;
  base::Position start_;
  std::unique_ptr<Restored> restored_;
  std::unique_ptr<Asks> asks_;
};

}  // namespace sluice::gateway
