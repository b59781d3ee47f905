// sluice-bench-load: puts a load on a server of WebSockets, or of their listeners by HTTP, and prints one JSON object
// about how it took it.

#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>

#include "bench/load/report.hpp"

namespace {

using sluice::bench::Options;

void raise_file_limit(std::size_t connections) {
  const rlim_t needed = connections + 100;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= needed) return;
  limit.rlim_cur = needed;
  limit.rlim_max = std::max(limit.rlim_max, needed);
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    throw std::runtime_error("needs " + std::to_string(needed) + " open files; raise the limit (ulimit -n)");
  }
}

// Linux has 28,000 ports to connect from by default, of which resets leave none waiting; addresses multiply them.
void settle_sources(Options& options) {
  constexpr std::size_t connections_per_source = 20'000;
  if (options.sources == 0) options.sources = options.clients / connections_per_source + 1;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    Options options = sluice::bench::parse_options(count, arguments);
    settle_sources(options);
    raise_file_limit(options.clients + options.echo_clients + options.concurrency);
    signal(SIGPIPE, SIG_IGN);
    sluice::bench::Run run(options);
    const auto results = run.execute();
    std::printf("%s\n", sluice::bench::report(options, results).text().c_str());
  } catch (const std::invalid_argument& problem) {
    std::fprintf(stderr, "sluice-bench-load: %s", problem.what());
    return 2;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "sluice-bench-load: %s\n", problem.what());
    return 1;
  }
}
