#pragma once
// What the threads of a run share: what they are asked to do, the phase they are in, and counters that the coordinator
// reads while they run.

#include <netinet/in.h>

#include <atomic>
#include <cstdint>
#include <vector>

#include "bench/load/body.hpp"
#include "bench/load/options.hpp"
#include "bench/load/socket.hpp"
#include "bench/load/speech.hpp"
#include "bench/load/wake_up.hpp"

namespace sluice::bench {

// In the order in which the coordinator goes through them.
enum class Phase : std::uint8_t { connecting, settling, warming, measuring, draining, closing, stopped };

// One thread's counters: it alone writes them, others may look at any time.
struct alignas(64) Counters {
  using Count = std::atomic<std::uint64_t>;
  Count opened{0};    // upgraded, and greeted if the server's protocol has a greeting
  Count failed{0};    // ended before that
  Count ended{0};     // by the server, after it
  Count finished{0};  // by us, as meant
  Count sent{0};      // messages of a fan-out
  Count received{0};  // deliveries to listeners
  Count echoed{0};    // echoes that came back
  Count pongs{0};     // pings answered

  // Cheaper than fetch_add, as nobody else writes.
  static void bump(Count& count) { count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }
};

struct Shared {
  explicit Shared(const Options& asked, std::size_t threads) : options(asked), counters(threads) {}

  std::uint64_t sum(Counters::Count Counters::*which) const {
    std::uint64_t total = 0;
    for (const Counters& each : counters) total += (each.*which).load(std::memory_order_relaxed);
    return total;
  }

  const Options& options;
  const std::unique_ptr<Speech> speech = make_speech(options);
  const Body body{options.size, options.json};
  std::unique_ptr<TlsContext> tls = options.tls ? std::make_unique<TlsContext>() : nullptr;
  sockaddr_in server{};
  std::atomic<Phase> phase{Phase::connecting};
  std::vector<Counters> counters;
  WakeUp publisher_wake_up;  // other threads' listeners have received something
};

}  // namespace sluice::bench
