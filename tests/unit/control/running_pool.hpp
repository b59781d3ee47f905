#pragma once
// A pool that runs, with workers but no clients, for tests of what control asks of it.

#include <chrono>
#include <future>
#include <memory>
#include <string>

#include "control/facts.hpp"
#include "workers/pool.hpp"
#include "workers/wire.hpp"

namespace sluice::control {

// Nobody connects, so nothing is encoded.
class NoEdge final : public workers::Edge {
 public:
  std::unique_ptr<workers::Wire> make_wire(workers::Worker&, workers::ListenerKind) override { return nullptr; }
  void encode(base::WorkerId, workers::WireFormat, const workers::Message&, const workers::RoomKey*,
              std::string&) override {}
  void encode_gap(workers::WireFormat, workers::GapReason, std::string&) const override {}
  bool shows_room(workers::WireFormat) const override { return false; }
};

struct RunningPool {
  // `broker` outlives this.
  explicit RunningPool(workers::Broker& broker = workers::EmbeddedBroker::instance()) {
    options.workers = 2;
    options.namespaces = {"/admin"};
    options.mailbox_messages_max = 64;
    options.history_messages = 4;
    pool = std::make_unique<workers::Pool>(options, 0x9f31c2d0, 0xc0ffee, edge, workers::NoBackend::instance(), broker);
    pool->start();
  }
  ~RunningPool() {
    release.set_value();
    pool->stop();
  }

  // Keeps the worker busy until the pool ends. Returns once it is.
  void block(std::uint16_t worker) {
    std::promise<void> began;
    const bool posted = pool->post(base::WorkerId{worker}, [&began, wait = released](workers::Worker&) {
      began.set_value();
      wait.wait();
    });
    if (posted) began.get_future().wait();
  }

  static std::string position(std::uint64_t offset) { return base::Position{0xc0ffee, offset}.text(); }

  workers::Options options;
  NoEdge edge;
  std::promise<void> release;
  std::shared_future<void> released{release.get_future()};
  std::unique_ptr<workers::Pool> pool;
};

inline Facts some_facts() {
  return {.version = "1.2.3", .node = "n1", .started = std::chrono::system_clock::now(), .room_name_bytes_max = 16};
}

}  // namespace sluice::control
