// sluice-bench-grpc: puts a load on a gRPC server, Sluice's or a bare one, and prints one JSON object about it.

#include <cstdio>
#include <exception>
#include <stdexcept>

#include "bench/grpc/load.hpp"

namespace {

using namespace sluice::bench;

JsonObject run(const grpc_load::Options& options) {
  using grpc_load::Call;
  switch (options.call) {
    case Call::publish:
      return run_publish(options);
    case Call::batch:
      return run_batch(options);
    case Call::stream:
      return run_stream(options);
    case Call::echo:
      return run_echo(options);
    case Call::echo_stream:
      return run_echo_stream(options);
    case Call::make_rooms:
      return make_rooms(options);
    case Call::join_leave:
      return run_join_leave(options);
  }
  return {};
}

}  // namespace

int main(int count, char** arguments) {
  try {
    std::printf("%s\n", run(grpc_load::parse_options(count, arguments)).text().c_str());
  } catch (const std::invalid_argument& problem) {
    std::fprintf(stderr, "sluice-bench-grpc: %s", problem.what());
    return 2;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "sluice-bench-grpc: %s\n", problem.what());
    return 1;
  }
}
