#pragma once
// ListeningPort: a listening socket whose connections somebody takes, on the executor's thread. The socket may be
// another process's that hands it over, and be handed over to yet another.

#include <functional>
#include <memory>
#include <vector>

#include "base/address.hpp"
#include "base/descriptor.hpp"
#include "base/result.hpp"
#include "control/executor.hpp"

namespace sluice::control {

class ListeningPort {
 public:
  explicit ListeningPort(Executor& executor);
  ~ListeningPort();
  ListeningPort(const ListeningPort&) = delete;
  ListeningPort& operator=(const ListeningPort&) = delete;

  // Listens at `address`, by the first of `handed` if there are any; gives the address with the port that was really
  // taken, or the system's words for why not. Before the executor runs, or on its thread, as all but copy().
  base::Result<base::Address> open(const base::Address& address, std::vector<base::Descriptor> handed);
  // Calls `take` for each connection that comes, from now on.
  void accept(std::function<void(base::Descriptor)> take);
  // A copy of the socket; none if it is closed. Any thread, as long as nobody opens or closes it.
  base::Descriptor copy() const;
  // Takes no more connections. Whoever has a copy of the socket may.
  void close();

 private:
  struct State;
  std::shared_ptr<State> state_;  // what waits for a connection shares it
};

}  // namespace sluice::control
