#pragma once
// AdminServer: the admin port's HTTP, on the executor's thread.

#include <functional>
#include <memory>
#include <vector>

#include "base/address.hpp"
#include "base/descriptor.hpp"
#include "base/result.hpp"
#include "control/admin_routes.hpp"
#include "control/executor.hpp"

namespace sluice::control {

class AdminServer {
 public:
  struct Parts {
    Executor& executor;
    const AdminRoutes& routes;
    base::Address address;
    std::size_t body_bytes_max;
  };
  explicit AdminServer(const Parts& parts);
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  // Gives the address that it listens on, or why it does not. Before the executor runs or on its thread, as the others.
  // Connections wait until accept().
  // `handed`: what another process had there.
  base::Result<base::Address> start(std::vector<base::Descriptor> handed = {});
  void accept();
  // A copy of the listening socket. Any thread, until something closes it.
  base::Descriptor copy() const;
  // Takes no more connections; those that there are stay.
  void stop_accepting();
  // Takes no more connections and requests; `on_idle` is called once what is under way has been answered.
  void stop(std::function<void()> on_idle);
  // Closes the port and every connection. Once the executor has ended.
  void close();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::control
