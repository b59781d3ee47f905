#pragma once
// Listeners: the sockets where clients connect, one for each address and worker.

#include <vector>

#include "base/address.hpp"
#include "base/result.hpp"
#include "gateway/options.hpp"

namespace sluice::gateway {

struct ListenerSet {
  base::Address address;         // with the port that was really taken
  std::vector<int> descriptors;  // one a worker, listening and non-blocking; the caller's
};

// Opens `count` sockets at `address`, among which the kernel spreads connections (SO_REUSEPORT). Fails, with a sentence
// that names the address and what to do, if anybody has the port; with options.share_port, if anybody has it who does
// not share. What accepted sockets inherit is set here: no delay and the size of the send buffer (0: the kernel's).
base::Result<ListenerSet> open_listeners(const base::Address& address, std::size_t count, const Options& options,
                                         std::size_t socket_send_bytes_max);

}  // namespace sluice::gateway
