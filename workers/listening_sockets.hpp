#pragma once
// ListeningSockets: copies of a worker's sockets on which clients come, for another process to take over.

#include <sys/socket.h>

#include <vector>

#include "base/descriptor.hpp"
#include "workers/wire.hpp"

namespace sluice::workers {

// How a listening socket was made, for when it is to listen again.
struct ListenerTerms {
  int backlog = SOMAXCONN;
  bool is_shared = false;  // others than this process may listen at its address, too
};

struct ListeningSockets {
  struct Listener {
    base::Descriptor descriptor;
    ListenerKind kind;
  };
  std::vector<Listener> listeners;
  std::vector<base::Descriptor> ports;  // of datagrams
};

}  // namespace sluice::workers
