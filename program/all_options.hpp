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
#include "overload/options.hpp"
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
  overload::Options overload;
  base::LogOptions log;
  bool watch_files = true;

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
    set.add(overload);
    set.add(log);
    set.add(*this);
  }

  std::string takeover;

  // Has the options of the program as a whole, and checks what no part can see alone.
  static constexpr std::string_view section = "Process";
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option("takeover", takeover,
                   {.unit = "path",
                    .sentence = "A Unix socket by which a process takes over from the one that serves at the same "
                                "addresses: the new one gets its listening sockets, so that nobody who connects is "
                                "refused, and the old one drains and ends.",
                    .misfit = path_misfit});
    visitor.option("watch-files", watch_files,
                   {.sentence = "Read the file of options, and the certificates, keys and callers that options name, "
                                "again when they change; without it only SIGHUP does."});
  }
  std::vector<std::string> validate() const;

 private:
  static std::string_view path_misfit(std::string_view path) {
    constexpr std::size_t bytes_max = 90;  // of a Unix socket's 107, as more is put behind it for a moment
    return path.size() <= bytes_max ? std::string_view{} : "a path of at most 90 bytes";
  }
};

}  // namespace sluice::program
