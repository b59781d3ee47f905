#pragma once
// NatsTest: a loop with clients on it; what they tell is recorded.

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cluster/nats_client.hpp"
#include "tests/unit/cluster/nats_test_server.hpp"

namespace sluice::cluster {

struct NatsTestClient final : NatsClient::Listener {
  std::vector<std::string> servers;  // that it was connected to, in order
  std::vector<base::Error> disconnections, failures;
  std::vector<std::string> lame_ducks, complaints;
  std::unique_ptr<NatsClient> client;

  NatsClient* operator->() const { return client.get(); }

  void on_connected(const std::string& server) override { servers.push_back(server); }
  void on_disconnected(const base::Error& reason) override { disconnections.push_back(reason); }
  void on_connect_failed(const std::string&, const base::Error& reason) override { failures.push_back(reason); }
  void on_lame_duck(const std::string& server) override { lame_ducks.push_back(server); }
  void on_complaint(std::string_view text) override { complaints.emplace_back(text); }
};

class NatsTest : public testing::Test {
 protected:
  // Short where a test waits for it.
  static NatsSettings settings_of(std::vector<std::string> urls) {
    NatsSettings settings;
    settings.urls = std::move(urls);
    settings.name = "test";
    settings.backoff_min = std::chrono::milliseconds(10);
    settings.backoff_max = std::chrono::milliseconds(50);
    return settings;
  }

  // A client that was started.
  NatsTestClient& start(NatsSettings settings) {
    auto& one = *clients_.emplace_back(std::make_unique<NatsTestClient>());
    auto made = NatsClient::make(loop_, std::move(settings), one);
    if (!made) throw std::runtime_error(made.error().detail);
    one.client = std::move(*made);
    one->start();
    return one;
  }
  // One that is connected.
  NatsTestClient& connect(NatsSettings settings) {
    NatsTestClient& one = start(std::move(settings));
    const bool is_connected = until([&one] { return one->is_connected(); });
    EXPECT_TRUE(is_connected) << (one.failures.empty() ? "no answer" : one.failures.back().detail);
    return one;
  }
  NatsTestClient& connect(const NatsTestServer& server) { return connect(settings_of({server.url()})); }

  // Why the first attempt failed.
  base::Error failure_of(NatsSettings settings) {
    const NatsTestClient& one = start(std::move(settings));
    until([&one] { return !one.failures.empty() || !one.servers.empty(); });
    return one.failures.empty() ? base::Error{base::Errc::internal, "it is connected"} : one.failures.front();
  }

  // Runs the loop, asking after each of its turns; false: that took too long.
  bool until(const std::function<bool()>& is_true, std::chrono::seconds patience = std::chrono::seconds(30)) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!is_true()) {
      if (loop_.stopped()) loop_.restart();
      if (loop_.run_one_until(deadline) == 0 && std::chrono::steady_clock::now() >= deadline) return is_true();
    }
    return true;
  }

  // Until the server has taken what was published, and we what it had to say by then.
  bool flush(NatsTestClient& one) {
    bool is_flushed = false;
    if (!one->flush([&is_flushed](const base::Status& status) { is_flushed = status.has_value(); })) return false;
    return until([&is_flushed] { return is_flushed; });
  }

  // Waits for the one thing that `call` tells.
  template <class T>
  base::Result<T> told(const std::function<base::Status(std::function<void(const base::Result<T>&)>)>& call) {
    std::optional<base::Result<T>> result;
    const base::Status status = call([&result](const base::Result<T>& told) {
      EXPECT_FALSE(result) << "told twice";
      result = told;
    });
    if (!status) return status.error();
    if (!until([&result] { return result.has_value(); })) return base::fail(base::Errc::internal, "nothing was told");
    return *std::move(result);
  }

  boost::asio::io_context loop_{1};
  std::vector<std::unique_ptr<NatsTestClient>> clients_;
};

}  // namespace sluice::cluster
