// The part of Worker that is about overload: what it measures for whoever watches, and what it does with less.
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "workers/worker.hpp"

namespace sluice::workers {
namespace {

using overload::Action;

// Sockets that are measured at a time beside those that wait, so that the sum is never far off: 100,000 in ten seconds.
constexpr std::uint32_t measured_at_a_time = 1024;
// So often connections are chosen: what was done to the last ones has to show before it is done to more.
constexpr base::Duration choose_every = std::chrono::milliseconds(100);
// Who sends no more than that in this time is not loud, however quiet the others are.
constexpr std::uint64_t quiet_bytes = 1024;
// Whose oldest frame is younger is only busy.
constexpr base::Duration stuck_after = std::chrono::milliseconds(250);
// A client that polls takes what there is with its next request.
constexpr base::Duration silent_after = std::chrono::seconds(10);
// Of those that wait, the share that is closed at a time when that is done fully.
constexpr double closed_share = 0.25;

// What the kernel holds for a socket: sent and not acknowledged, received and not read.
std::uint32_t kernel_bytes(int descriptor) {
  std::uint32_t sizes[SK_MEMINFO_VARS]{};
  socklen_t bytes = sizeof sizes;
  if (descriptor < 0 || getsockopt(descriptor, SOL_SOCKET, SO_MEMINFO, sizes, &bytes) != 0) return 0;
  return sizes[SK_MEMINFO_RMEM_ALLOC] + sizes[SK_MEMINFO_WMEM_QUEUED] + sizes[SK_MEMINFO_FWD_ALLOC];
}

// What is not sent is thrown away at once, instead of being kept for a client that does not read.
void discard_at_close(int descriptor) {
  const linger at_once{1, 0};
  setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace

void Worker::relieve(base::TimePoint asked, bool measures_sockets) {
  // Last, and whatever happens: whoever watches reads the rest once it sees this, and does not ask before.
  struct Turn {
    ~Turn() { counter.add(); }
    base::Cell& counter;
  };
  const Turn turn{metrics_.relief_turns};
  const base::TimePoint now = base::Clock::now();
  const auto lag = std::chrono::duration_cast<std::chrono::microseconds>(now - asked).count();
  metrics_.relief_lag_microseconds.set(static_cast<std::uint64_t>(std::max<std::int64_t>(lag, 0)));
  if (measures_sockets) measure_sockets();
  if (now - relieving_.chosen_at >= choose_every) {
    relieving_.chosen_at = now;
    if (parts_.relief.is_on(Action::pause_reads)) {
      pause_loudest(parts_.relief.degree(Action::pause_reads));
    } else {
      relieving_.heard_bytes.clear();
    }
    if (parts_.relief.is_on(Action::close_outboxes)) close_slowest(parts_.relief.degree(Action::close_outboxes), now);
  }
}

base::Duration Worker::shortened(base::Duration timeout) {
  if (!parts_.relief.is_on(Action::shorten_timeouts)) return timeout;
  metrics_.relieved_by(Action::shorten_timeouts).add();
  return parts_.relief.shortened(timeout);
}

bool Worker::refuses_clients() {
  if (!parts_.relief.is_on(Action::refuse_clients)) return false;
  metrics_.relieved_by(Action::refuse_clients).add();
  return true;
}

// --- sockets' memory ---

void Worker::measure_sockets() {
  relieving_.socket_bytes.resize(slab_.slots());
  const auto measure = [this](const Connection& connection) {
    note_socket_bytes(connection.slot_, kernel_bytes(connection.descriptor_));
  };
  flusher_.for_each_waiting(measure);
  const std::uint32_t count = std::min(measured_at_a_time, slab_.slots());
  for (std::uint32_t at = 0; at < count; ++at) {
    relieving_.next_measured = (relieving_.next_measured + 1) % slab_.slots();
    measure(slab_.at(relieving_.next_measured));
  }
}

void Worker::note_socket_bytes(std::uint32_t slot, std::uint32_t bytes) {
  if (slot >= relieving_.socket_bytes.size()) return;
  metrics_.socket_bytes.subtract(std::exchange(relieving_.socket_bytes[slot], bytes));
  metrics_.socket_bytes.add(bytes);
}

// --- the loudest ---

// Reads no further for a while from those that sent most since last time: so many that together they sent the share
// `degree` of all.
void Worker::pause_loudest(double degree) {
  struct Loud {
    std::uint64_t bytes;
    std::uint32_t slot;
  };
  std::vector<Loud> loud;
  std::uint64_t total = 0;
  const bool is_first = relieving_.heard_bytes.empty();
  relieving_.heard_bytes.resize(slab_.slots());
  for (std::uint32_t slot = 0; slot < slab_.slots(); ++slot) {
    const Connection& connection = slab_.at(slot);
    const std::uint64_t before = std::exchange(relieving_.heard_bytes[slot], connection.bytes_received_);
    if (is_first || !connection.is_open() || connection.bytes_received_ <= before) continue;
    const std::uint64_t bytes = connection.bytes_received_ - before;
    total += bytes;
    if (bytes > quiet_bytes) loud.push_back({bytes, slot});
  }
  std::ranges::sort(loud, std::greater(), &Loud::bytes);
  const auto wanted = static_cast<std::uint64_t>(degree * static_cast<double>(total));
  std::uint64_t paused = 0;
  for (const Loud& one : loud) {
    if (paused > wanted) return;
    paused += one.bytes;
    Connection& connection = slab_.at(one.slot);
    if (connection.reads_paused_) continue;
    metrics_.relieved_by(Action::pause_reads).add();
    delay_reads(connection, choose_every);
  }
}

// --- the slowest ---

// Closes those whose oldest frame has waited longest: shared memory is free once the last of them has let go of it.
// They are told nothing, as they read nothing.
void Worker::close_slowest(double degree, base::TimePoint now) {
  struct Slow {
    base::TimePoint oldest;
    std::uint32_t slot;
  };
  std::vector<Slow> slow;
  flusher_.for_each_waiting([&](const Connection& connection) {
    const base::Duration patience = connection.descriptor_ < 0 ? silent_after : stuck_after;
    const bool is_stuck = connection.is_blocked_ && now - connection.outbox_.oldest() >= patience;
    if (connection.is_open() && is_stuck) slow.push_back({connection.outbox_.oldest(), connection.slot_});
  });
  // Few are closed one by one, but not for a pressure that has all but gone.
  const auto share = static_cast<std::size_t>(closed_share * degree * static_cast<double>(slow.size()));
  const std::size_t count = std::min(slow.size(), std::max<std::size_t>(share, degree >= 0.1 ? 1 : 0));
  std::ranges::partial_sort(slow, slow.begin() + static_cast<std::ptrdiff_t>(count), {}, &Slow::oldest);
  for (std::size_t at = 0; at < count; ++at) {
    Connection& connection = slab_.at(slow[at].slot);
    metrics_.relieved_by(Action::close_outboxes).add();
    abandon(connection, EndReason::slow_client);
  }
}

// What a client that reads nothing leaves in the kernel would stay there for minutes.
void Worker::discard_unsent(const Connection& connection) {
  if (connection.is_blocked_ && parts_.relief.is_on(Action::shorten_timeouts)) discard_at_close(connection.descriptor_);
}

}  // namespace sluice::workers
