#pragma once
// AllOptions: the options of `sluice serve`, of every part of it.

#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"
#include "cluster/options.hpp"
#include "control/options.hpp"
#include "gateway/limit_options.hpp"
#include "gateway/options.hpp"
#include "gateway/socket_options.hpp"
#include "gateway/tls_options.hpp"
#include "identity/options.hpp"
#include "workers/options.hpp"

namespace sluice::program {

struct AllOptions {
  gateway::Options gateway;
  gateway::TlsOptions tls;
  gateway::SocketOptions sockets;
  gateway::LimitOptions limits;
  identity::Options tokens;
  control::Options control;
  cluster::Options cluster;
  workers::Options workers;
  base::LogOptions log;

  // Declares all of them, in the order in which documents show them. `Set` is base::OptionSet or wraps one.
  template <class Set>
  void declare(Set& set) {
    set.add(gateway);
    set.add(tls);
    set.add(sockets);
    set.add(limits);
    set.add(tokens);
    set.add(control);
    set.add(cluster);
    set.add(workers);
    set.add(log);
    set.add(*this);
  }

  // Has no options of its own, but checks what no part can see alone.
  static constexpr std::string_view section = "Process";
  template <class Visitor>
  void describe(Visitor&) {}
  std::vector<std::string> validate() const;
};

}  // namespace sluice::program
