// `sluice metrics`.

#include "control/control.hpp"
#include "program/command_line.hpp"

namespace sluice::program {
namespace {

constexpr Manual manual{
    .usage = "sluice metrics",
    .about =
        "Prints every metric of `sluice serve`, as docs/metrics.md has them. Their values are on the admin\n"
        "port, at /metrics.\n",
    .examples =
        "  sluice metrics | grep drops\n"
        "  curl http://127.0.0.1:8082/metrics\n",
};

}  // namespace

int run_metrics(const Invocation& invocation) {
  CommandLine line(invocation, manual, CommandLine::Variables::grpc_only);
  if (const auto code = line.read()) return *code;
  if (!line.words().empty()) return line.misuse("'" + line.words().front() + "' is not a flag");
  print(control::metrics_markdown());
  return exit_ok;
}

}  // namespace sluice::program
