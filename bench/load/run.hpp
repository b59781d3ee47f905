#pragma once
// Run: the coordinator. Starts the threads, leads them through the phases, and looks at the server's processes between
// them; sleeps in the meantime.

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "bench/load/loop.hpp"
#include "bench/load/process_figures.hpp"

namespace sluice::bench {

// All counters at one moment.
struct Sample {
  Nanoseconds time = 0, server_cpu = 0;
  std::uint64_t rss_bytes = 0;
  std::uint64_t opened = 0, failed = 0, ended = 0, sent = 0, received = 0, echoed = 0, pongs = 0;
};

// What a run found out.
struct Results {
  Sample start;      // before the first connect
  Sample connected;  // all are open
  Sample settled;    // after a moment of rest, and the hold if one was asked for
  Sample before, after;
  Sample drained;  // all that was under way has come, or nothing came any more
  Sample closed;   // all are gone
  Seen seen;
  double generator_cores = 0;  // of all threads together
  double busiest_thread = 0;   // share of a core
  bool server_died = false;
};

class Run {
 public:
  explicit Run(const Options& options);
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  Results execute();

 private:
  void make_loops();
  void start_threads();
  void connect();
  void settle();
  void hold();
  void measure();
  void drain();
  void close_all();
  void stop();

  Sample sample() const;
  void enter(Phase phase) { shared_.phase.store(phase, std::memory_order_release); }
  template <class Condition>
  void wait_until(double seconds_max, Condition&& condition) const;
  bool has_load() const { return options_.mode != Mode::idle; }

  const Options& options_;
  ProcessFigures server_;
  Shared shared_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<std::unique_ptr<Behaviour>> behaviours_;
  std::vector<std::thread> threads_;
  std::size_t planned_ = 0;
  Results results_;
};

}  // namespace sluice::bench
