#pragma once
// A pool that runs, each of whose workers has a port of its own, so that a test chooses where a client lives.

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/workers/line_client.hpp"
#include "tests/unit/workers/line_wire.hpp"
#include "tests/unit/workers/messages.hpp"
#include "workers/commands.hpp"
#include "workers/pool.hpp"

namespace sluice::workers {

inline Options with_workers(std::size_t workers) {
  Options options;
  options.workers = workers;
  options.close_timeout_seconds = std::chrono::milliseconds(20'000);
  return options;
}

class RunningWorkers {
 public:
  static constexpr std::uint32_t incarnation = 0x9f31c2d0;
  static constexpr std::uint64_t epoch = 0xc0ffee;

  // `broker` and `overload` outlive this.
  explicit RunningWorkers(const Options& options = with_workers(1), ListenerKind kind = 0,
                          Broker& broker = EmbeddedBroker::instance(), std::uint32_t of = incarnation,
                          const overload::Options* overload = nullptr)
      : pool(options, of, epoch, edge, NoBackend::instance(), broker, overload) {
    for (std::size_t worker = 0; worker < pool.worker_count(); ++worker) {
      listen(base::WorkerId{static_cast<std::uint16_t>(worker)}, kind);
    }
    pool.start();
  }
  ~RunningWorkers() { pool.stop(); }

  LineClient client(std::size_t worker = 0) const { return LineClient(addresses[worker]); }
  // A client that is a member of these rooms.
  LineClient member(const std::string& rooms, std::size_t worker = 0) const {
    LineClient made = client(worker);
    made.send("join " + rooms + "\n");
    EXPECT_TRUE(made.line().starts_with("open "));
    return made;
  }
  // Runs `job` on the worker, behind all mail that is there, and gives what it returns.
  template <class Job>
  auto on(std::uint16_t worker, Job&& job) {
    std::promise<decltype(job(std::declval<Worker&>()))> promise;
    auto future = promise.get_future();
    EXPECT_TRUE(pool.post(base::WorkerId{worker}, [&promise, &job](Worker& one) { promise.set_value(job(one)); }));
    return future.get();
  }
  // Lets the worker finish its turn and begin another.
  void turn(std::uint16_t worker = 0) {
    for (int count = 0; count < 2; ++count) on(worker, [](Worker&) { return 0; });
  }
  // Keeps the worker busy until the guard goes.
  [[nodiscard]] std::shared_ptr<void> block(std::uint16_t worker = 0) {
    auto release = std::make_shared<std::promise<void>>();
    std::promise<void> began;
    EXPECT_TRUE(pool.post(base::WorkerId{worker}, [&began, wait = release->get_future().share()](Worker&) {
      began.set_value();
      wait.wait();
    }));
    began.get_future().wait();
    return {nullptr, [release](void*) { release->set_value(); }};
  }
  // Looks again and again, for at most half a minute.
  template <class Condition>
  static bool eventually(Condition&& condition) {
    const base::TimePoint last = base::Clock::now() + std::chrono::seconds(30);
    while (!condition()) {
      if (base::Clock::now() > last) return false;
      std::this_thread::yield();
    }
    return true;
  }
  bool has_connections(std::uint64_t count) const {
    return eventually([&] { return pool.connections() == count; });
  }
  std::uint64_t closed(EndReason reason, std::uint16_t worker = 0) const {
    return pool.metrics(base::WorkerId{worker}).closed[static_cast<std::size_t>(reason)].read();
  }
  base::Result<Receipt> publish(const std::shared_ptr<Message>& message) { return *pool.publish(message, nullptr); }
  void say(const char* room, const std::string& data) { EXPECT_TRUE(publish(message_to(room, data))); }

  LineEdge edge;
  Pool pool;
  std::vector<base::Address> addresses;  // by worker

 private:
  void listen(base::WorkerId worker, ListenerKind kind) {
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    // As the gateway's own listeners: its connections are not in the way of listening there again.
    EXPECT_EQ(setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    const base::Address any = base::Address::parse("127.0.0.1:0").value();
    EXPECT_EQ(bind(descriptor, any.socket_address(), any.socket_address_bytes()), 0);
    EXPECT_EQ(::listen(descriptor, 512), 0);
    sockaddr_storage storage{};
    socklen_t bytes = sizeof storage;
    EXPECT_EQ(getsockname(descriptor, reinterpret_cast<sockaddr*>(&storage), &bytes), 0);
    addresses.push_back(base::Address::from(storage));
    pool.add_listener(worker, descriptor, kind);
  }
};

}  // namespace sluice::workers
