#pragma once
// DatagramSocket: one bound datagram socket, read and written many datagrams at a time (recvmmsg, sendmmsg). Belongs to
// one worker.

#include <sys/socket.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/udp_peer.hpp"

namespace sluice::gateway {

class DatagramSocket {
 public:
  // Takes over `descriptor`, which open_datagram_sockets() opened at `address`. Datagrams of up to `bytes_max` are read
  // whole.
  DatagramSocket(int descriptor, const base::Address& address, std::size_t bytes_max);
  ~DatagramSocket();
  DatagramSocket(const DatagramSocket&) = delete;
  DatagramSocket& operator=(const DatagramSocket&) = delete;

  int descriptor() const { return descriptor_; }

  // Reads what there is, up to a batch, and calls each(peer, bytes, is_cut) for each; `bytes` are good during the call,
  // and the first of a longer datagram if it was cut. Returns how many.
  using Each = std::function<void(const UdpPeer&, std::string_view bytes, bool is_cut)>;
  std::size_t read(const Each& each);
  // Calls each(peer) for each that ICMP said cannot be reached.
  void read_errors(const std::function<void(const UdpPeer&)>& each);

  // Gathers a datagram. False: as many wait as may, as the kernel takes none.
  bool gather(const UdpPeer& to, std::string_view bytes);
  // Sends what was gathered. False if the kernel took less than all, for now.
  bool send();

  // Datagrams that the kernel took; that it refused for good (no route, too large for the path).
  std::size_t take_sent() { return std::exchange(sent_, 0); }
  std::size_t take_lost() { return std::exchange(lost_, 0); }
  // Datagrams that came while the kernel's buffer was full, since the socket was opened.
  std::size_t overflows() const;

 private:
  struct Outgoing {
    UdpPeer to;
    std::size_t begin, bytes;
  };
  struct Incoming;

  UdpPeer peer_of(const Incoming& incoming, std::size_t index) const;
  std::size_t send_some(std::size_t from);

  const int descriptor_;
  const bool is_ipv6_, is_wildcard_;
  const std::size_t bytes_max_;
  std::unique_ptr<Incoming> incoming_;
  std::vector<Outgoing> outgoing_;
  std::string outgoing_bytes_;
  std::size_t sent_ = 0, lost_ = 0;
};

}  // namespace sluice::gateway
