#pragma once
// UdpPort: one worker's datagram socket, and the clients that are heard through it, by their addresses
// (docs/sockets.md). Nothing that an address has not proven to be its own gets more than it sent.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "gateway/client_command.hpp"
#include "gateway/datagram_socket.hpp"
#include "gateway/socket_options.hpp"
#include "gateway/worker_context.hpp"
#include "workers/watched_port.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

class UdpWire;

class UdpPort final : public workers::WatchedPort {
 public:
  // Takes over `descriptor`, which open_datagram_sockets() opened at `address`. All others outlive this.
  UdpPort(int descriptor, const base::Address& address, const SocketOptions& options, Contexts& contexts);

  int descriptor() const override { return socket_.descriptor(); }
  void on_readable(workers::Worker& worker) override;
  void on_writable(workers::Worker& worker) override;
  bool on_written(workers::Worker& worker) override;

  // --- for the clients ---

  const SocketOptions& options() const { return options_; }
  // Sends with the turn's other datagrams. False: the kernel takes no more for now; the connection is unblocked then.
  bool send(const UdpPeer& to, std::string_view datagram);
  // A client's connection is gone.
  void forget(const UdpPeer& peer);

 private:
  struct SlotGeneration {
    std::uint32_t slot, generation;
  };
  // What one datagram is, and how much it may be answered with.
  struct Question {
    const UdpPeer& peer;
    std::size_t answer_bytes_max;
  };

  void on_datagram(workers::Worker& worker, const UdpPeer& peer, std::string_view bytes, bool is_cut);
  void on_unreachable(workers::Worker& worker, const UdpPeer& peer);
  bool is_proof(workers::Worker& worker, const UdpPeer& peer, std::string_view proof) const;
  // The connection of the peer; null if it has none that is open.
  workers::Connection* find(workers::Worker& worker, const UdpPeer& peer);
  // Opens one for a peer that has none. Errc::unavailable says why it gets none.
  base::Result<workers::Connection*> open(workers::Worker& worker, const UdpPeer& peer);
  void make_room_for_stranger(workers::Worker& worker);
  void unblock(workers::Worker& worker);
  static UdpWire& wire_of(workers::Connection& connection);
  void answer(workers::Worker& worker, const Question& question, std::string_view object);
  void refuse(workers::Worker& worker, const Question& question, const base::Error& error);
  void count(workers::Worker& worker);

  const SocketOptions& options_;
  Contexts& contexts_;
  DatagramSocket socket_;
  boost::unordered_flat_map<UdpPeer, SlotGeneration, HashOfPeer, SamePeer> peers_;
  std::deque<SlotGeneration> strangers_;  // of those that have not subscribed, the oldest first; some are gone or have
  std::vector<SlotGeneration> blocked_;
  base::TimePoint next_look_{};
  std::size_t overflows_ = 0;
};

}  // namespace sluice::gateway
