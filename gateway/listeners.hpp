#pragma once
// Listeners: the sockets where clients connect, one for each address and worker.

#include <vector>

#include "base/address.hpp"
#include "base/descriptor.hpp"
#include "base/result.hpp"
#include "gateway/options.hpp"

namespace sluice::gateway {

struct ListenerSet {
  base::Address address;         // with the port that was really taken
  std::vector<int> descriptors;  // one a worker or more, listening and non-blocking; the caller's
};

// Opens `count` sockets at `address`, among which the kernel spreads connections (SO_REUSEPORT). Fails, with a sentence
// that names the address and what to do, if anybody has the port; with options.share_port, if anybody has it who does
// not share. What accepted sockets inherit is set here: no delay and the size of the send buffer (0: the kernel's).
// `handed` are sockets that another process had there: they are used, and more are opened if there are fewer than
// `count`.
base::Result<ListenerSet> open_listeners(const base::Address& address, std::size_t count, const Options& options,
                                         std::size_t socket_send_bytes_max, std::vector<base::Descriptor> handed = {});

// The same for datagrams: bound, non-blocking, and told of ICMP's errors. `receive_bytes` is what the kernel is asked
// to keep of what was not read yet. Sockets of a wildcard address are told which of the machine's a datagram came to.
base::Result<ListenerSet> open_datagram_sockets(const base::Address& address, std::size_t count, bool share_port,
                                                std::size_t receive_bytes, std::vector<base::Descriptor> handed = {});

}  // namespace sluice::gateway
