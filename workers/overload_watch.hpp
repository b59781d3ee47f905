#pragma once
// OverloadWatch: looks ten times a second how near the node is to its end, grades what is to be done about it
// (overload/grading), and asks each worker to measure and to do its part (Worker::relieve). Has a thread of its own.

#include <array>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "base/byte_budget.hpp"
#include "base/clock.hpp"
#include "overload/descriptor_reader.hpp"
#include "overload/grading.hpp"
#include "overload/memory_reader.hpp"
#include "overload/metrics.hpp"
#include "overload/options.hpp"
#include "overload/relief.hpp"
#include "workers/mailbox.hpp"
#include "workers/metrics.hpp"

namespace sluice::workers {

class OverloadWatch {
 public:
  struct Parts {
    const overload::Options& options;
    overload::Relief& relief;    // this alone sets it
    overload::Metrics& metrics;  // and these
    std::span<const std::unique_ptr<Mailbox>> mailboxes;
    std::vector<const Metrics*> workers;  // theirs, likewise by id
    const base::ByteBudget& queued;
  };
  // Begins at once. Throws std::system_error if the kernel gives no thread or descriptor.
  explicit OverloadWatch(Parts parts);
  ~OverloadWatch();
  OverloadWatch(const OverloadWatch&) = delete;
  OverloadWatch& operator=(const OverloadWatch&) = delete;

 private:
  // What a worker was asked last.
  struct Asked {
    base::TimePoint at{};
    std::uint64_t times = 0;
  };

  void run();
  void look(base::TimePoint now);
  bool is_stopped_within(base::Duration wait) const;
  overload::Pressures measure(base::TimePoint now);
  double lag_pressure();
  void ask_workers();
  void trim_memory(double pressure, base::TimePoint now);
  void act(const overload::Pressures& pressures, base::TimePoint now);
  void log(const overload::Grading::Change& change, base::TimePoint now);

  const Parts parts_;
  const overload::MemoryReader memory_;
  overload::MemoryReader::Reading last_memory_;
  overload::DescriptorReader descriptors_;
  overload::Grading grading_;
  std::vector<Asked> asked_;
  double lag_ = 0;  // smoothed
  std::array<base::TimePoint, overload::action_count> begun_{};
  base::TimePoint trim_at_{};
  base::Duration trim_again_{std::chrono::seconds(1)};
  bool is_near_ = false;  // something is on, or soon will be
  int stop_;              // an eventfd
  std::thread thread_;
};

}  // namespace sluice::workers
