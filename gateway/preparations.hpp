#pragma once
// Preparations: the clients of one worker that are about to join rooms whose messages do not come to this node yet,
// which takes a while where a broker is shared. Belongs to that worker.

#include <chrono>
#include <functional>
#include <optional>
#include <span>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "gateway/awaited.hpp"
#include "workers/message.hpp"

namespace sluice::workers {
class Worker;
}  // namespace sluice::workers

namespace sluice::gateway {

class Preparations {
 public:
  // How long a client waits.
  static constexpr std::chrono::seconds patience_usual{5};
  // The connection may be gone by then.
  using Then = std::function<void(workers::Worker&, const base::Status&)>;

  // Outlives the worker's mail.
  explicit Preparations(base::Duration patience = patience_usual) : waiting_(patience) {}

  // As Worker::prepare, but for the time that it takes at most. Every failure is Errc::unavailable.
  std::optional<base::Status> prepare(workers::Worker& worker, base::NamespaceId name_space,
                                      std::span<const workers::RoomKey> rooms, std::optional<base::Position> since,
                                      Then then);
  // Once a second.
  void expire(workers::Worker& worker);

 private:
  void take(workers::Worker& worker, std::uint64_t number, const base::Status& status);

  Awaited<Then> waiting_;
};

}  // namespace sluice::gateway
