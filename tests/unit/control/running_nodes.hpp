#pragma once
// Nodes of one cluster in this process: workers with real clients, and the calls of each.

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "control/calls.hpp"
#include "tests/unit/control/kept_values.hpp"
#include "tests/unit/workers/linked_peers.hpp"
#include "tests/unit/workers/running_workers.hpp"

namespace sluice::control {

struct RunningNode {
  RunningNode(workers::PeerNetwork& network, workers::SharedValues& values, std::uint32_t incarnation,
              const std::string& name)
      : peers(network, incarnation, name, &values),
        workers(options(), 0, workers::EmbeddedBroker::instance(), incarnation),
        facts{.version = "1.2.3", .node = name, .started = {}, .room_name_bytes_max = 256} {
    executor.start();
  }
  static workers::Options options() {
    workers::Options made = workers::with_workers(2);
    made.namespaces = {"/admin"};
    return made;
  }
  static Options small_pages() {
    Options made;
    made.list_page_max = 3;
    return made;
  }

  // Does the call here and gives its outcome.
  template <class Request, class Response>
  Outcome<Response> ask(void (Calls::*call)(const Request&, base::TimePoint, const Answer<Response>&),
                        const Request& request, std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    std::promise<Outcome<Response>> promise;
    (calls.*call)(request, base::Clock::now() + patience,
                  [&promise](Outcome<Response> outcome) { promise.set_value(std::move(outcome)); });
    return promise.get_future().get();
  }
  // Waits until whatever was posted to the executor is done.
  void settle() {
    std::promise<void> done;
    executor.post([&done] { done.set_value(); });
    done.get_future().wait();
  }

  workers::LinkedPeers peers;
  workers::RunningWorkers workers;
  Options control_options = small_pages();
  Facts facts;
  Metrics metrics;
  ReadinessFlag readiness;
  Executor executor;
  identity::Revocations revocations;
  Calls calls{{workers.pool, peers, revocations, executor, metrics, readiness,
               [this](bool is_ready) { readiness.set_ready(is_ready); }, control_options, facts}};
};

class NodesTest : public testing::Test {
 protected:
  // All end before one is taken down: they answer each other.
  ~NodesTest() override {
    for (const auto& node : nodes_) node->executor.stop();
  }

  RunningNode& start(std::uint32_t incarnation, const std::string& name) {
    return *nodes_.emplace_back(std::make_unique<RunningNode>(network_, values_, incarnation, name));
  }
  // As a kill does: others find that it is gone.
  void lose(RunningNode& node) {
    network_.lose(node.workers.pool.incarnation());
    for (const auto& one : nodes_) one->settle();
  }

  workers::PeerNetwork network_;
  KeptValues values_;
  std::vector<std::unique_ptr<RunningNode>> nodes_;
};

}  // namespace sluice::control
