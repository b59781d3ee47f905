// `sluice serve`.

#include <unistd.h>

#include <array>

#include "base/log.hpp"
#include "base/settled_watch.hpp"
#include "program/all_options.hpp"
#include "program/command_line.hpp"
#include "program/file_limit.hpp"
#include "program/node.hpp"
#include "program/reload.hpp"
#include "program/signals.hpp"
#include "program/supervisor.hpp"
#include "program/version.hpp"
#include "workers/cores.hpp"

namespace sluice::program {
namespace {

constexpr Manual manual{
    .usage = "sluice serve [OPTION]...",
    .about =
        "Runs the gateway until SIGTERM or SIGINT: it is not ready then, goes on accepting for\n"
        "--drain-delay-seconds, ends its connections over --drain-seconds, and exits with 0. A second signal\n"
        "ends it at once, with 1. SIGHUP reads everything again and applies what is marked live,\n"
        "and so does a change of the file, unless --watch-files=false.\n"
        "Each option is a flag, a variable (SLUICE_WORKERS for --workers) and a key of the file that --config\n"
        "names; flags win over variables over the file. What is on by default is\n"
        "turned off by --tcp-no-delay=false.\n",
    .examples =
        "  sluice serve --listen 127.0.0.1:8080 --client-messages relay\n"
        "  sluice serve --config sluice.toml --log-format json\n",
};

std::string node_name(const std::string& given) {
  if (!given.empty()) return given;
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0' ? name.data() : "node";
}

// Turns "as many as possible" into numbers. Fails if the system does not allow what was asked for.
base::Status settle(AllOptions& options) {
  options.control.node_name = node_name(options.control.node_name);
  if (options.workers.workers == 0) options.workers.workers = workers::usable_cores();
  const OtherFiles others{.workers = options.workers.workers,
                          .listeners = options.gateway.listen.size() + options.tls.listen_tls.size() +
                                       options.sockets.listen_tcp.size() + options.sockets.listen_tcp_tls.size() +
                                       options.sockets.listen_udp.size()};
  const auto fits = connections_that_fit(options.workers.connections_max, raise_file_limit(), others);
  if (!fits) return fits.error();
  options.workers.connections_max = *fits;
  return base::ok();
}

std::vector<std::string> watched_options(const std::string& file, bool is_watched) {
  if (file.empty() || !is_watched) return {};
  return {file};
}

}  // namespace

int run_serve(const Invocation& invocation) {
  Signals signals;
  CommandLine line(invocation, manual, CommandLine::Variables::all);
  AllOptions given;  // stays what was set, for comparing at SIGHUP
  given.declare(line);
  if (const auto code = line.read()) return *code;
  if (!line.words().empty()) return line.misuse("'" + line.words().front() + "' is not a flag");
  base::SettledWatch watch(watched_options(line.set().config(), given.watch_files), {});
  AllOptions options = given;
  if (const auto status = settle(options); !status) {
    complain(invocation.command, status.error().detail);
    return exit_failed;
  }
  base::configure_log(options.log);
  base::log_info("starting", {{"version", version},
                              {"pid", getpid()},
                              {"node", options.control.node_name},
                              {"workers", options.workers.workers},
                              {"connections_max", options.workers.connections_max}});
  for (const std::string& stray : line.stray_variables()) base::log_warning("stray_variable", {{"what", stray}});
  Node node(options);
  Supervisor supervisor(invocation.environment);
  if (!node.start(signals, supervisor)) return exit_ok;
  return node.run(signals, supervisor,
                  {watch, [&] { return reload(line.set(), given, line.flags(), invocation.environment); }});
}

}  // namespace sluice::program
