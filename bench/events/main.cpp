// sluice-bench-events: how many messages of clients reach a backend, and how long each takes.
//   sluice-bench-events CLIENT-PORT GRPC-ADDRESS CLIENTS MESSAGES-A-SEGMENT MESSAGES-A-SECOND SECONDS
// MESSAGES-A-SECOND 0: as many as it takes; GRPC-ADDRESS -: only clients, for a backend that counts itself. The gateway
// runs with --client-messages backend. Prints one line of JSON.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <thread>

#include "backend.hpp"
#include "clients.hpp"

using namespace sluice::bench;

namespace {

double microseconds(std::vector<std::uint64_t>& samples, double part) {
  if (samples.empty()) return 0;
  const auto at = samples.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(samples.size() - 1));
  std::nth_element(samples.begin(), at, samples.end());
  return static_cast<double>(*at) / 1000;
}

template <class Work>
std::thread start(Work work) {
  return std::thread([work] {
    try {
      work();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "sluice-bench-events: %s\n", error.what());
      std::exit(1);
    }
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) {
    std::fputs(
        "usage: sluice-bench-events CLIENT-PORT GRPC-ADDRESS CLIENTS MESSAGES-A-SEGMENT MESSAGES-A-SECOND SECONDS\n",
        stderr);
    return 2;
  }
  ClientsWish wish;
  wish.port = std::atoi(argv[1]);
  const std::string address = argv[2];
  wish.clients = static_cast<std::size_t>(std::atol(argv[3]));
  wish.messages_a_segment = static_cast<std::size_t>(std::atol(argv[4]));
  wish.messages_a_second = std::atof(argv[5]);
  const std::chrono::duration<double> duration(std::atof(argv[6]));

  std::atomic<bool> stops = false, begins = false, are_open = false, is_attached = false;
  Heard heard;
  std::thread backend;
  const auto wait_for = [](const std::atomic<bool>& flag) {
    while (!flag) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  if (address != "-") {
    backend = start([&] { heard = run_backend(address, begins, stops, is_attached); });
    wait_for(is_attached);
  }
  std::thread clients = start([&] { run_clients(wish, stops, are_open); });
  wait_for(are_open);
  // A second to get going.
  std::this_thread::sleep_for(std::chrono::seconds(1));
  begins = true;
  std::this_thread::sleep_for(duration);
  stops = true;
  clients.join();
  if (backend.joinable()) backend.join();
  const double events_a_response =
      heard.responses == 0 ? 0 : static_cast<double>(heard.messages) / static_cast<double>(heard.responses);
  std::printf(
      "{\"messages\":%llu,\"messages_a_second\":%.0f,\"events_a_response\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f}\n",
      static_cast<unsigned long long>(heard.messages),
      heard.seconds > 0 ? static_cast<double>(heard.messages) / heard.seconds : 0, events_a_response,
      microseconds(heard.nanoseconds, 0.5), microseconds(heard.nanoseconds, 0.99));
}
