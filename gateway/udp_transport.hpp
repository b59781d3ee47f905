#pragma once
// UdpTransport: stands in a socket's place for a client that speaks datagrams: each line of what is written is one.

#include <string>

#include "gateway/udp_peer.hpp"
#include "workers/metrics.hpp"
#include "workers/transport.hpp"

namespace sluice::gateway {

class UdpPort;

class UdpTransport final : public workers::Transport {
 public:
  // `port` and `metrics` outlive this.
  UdpTransport(UdpPort& port, const UdpPeer& peer, workers::UdpMetrics& metrics)
      : port_(port), peer_(peer), metrics_(metrics) {}

  Progress read(int, std::span<char>) override { return {State::blocked, 0, 0}; }
  Progress write(int, std::span<const iovec> pieces) override;
  bool has_pending() const override { return false; }
  Progress end(int) override { return {}; }
  std::optional<base::Address> remote_address() const override { return peer_.address; }
  std::string_view failure() const override { return {}; }

 private:
  bool send(std::string_view line);

  UdpPort& port_;
  const UdpPeer peer_;
  workers::UdpMetrics& metrics_;
  std::string begun_;  // of a line that did not come in one piece, as far as a datagram may be long
};

}  // namespace sluice::gateway
