// sluice-bench-nats [URL]: what our client of NATS costs against a real server with JetStream: messages published and
// delivered, and messages stored with so many acknowledgements under way. Prints a JSON object a row.

#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <ctime>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "bench/load/clock.hpp"
#include "bench/load/json_object.hpp"
#include "cluster/jetstream.hpp"

namespace {

using namespace sluice;
using namespace std::chrono_literals;

constexpr std::uint64_t delivered_max = 1'000'000, stored_max = 200'000;
const std::string payload(128, 'x');

[[noreturn]] void give_up(const std::string& why) { throw std::runtime_error(why); }

// Nothing may fail in a run that is measured.
struct Listener final : cluster::NatsClient::Listener {
  void on_connected(const std::string&) override {}
  void on_disconnected(const base::Error& reason) override { give_up(reason.detail); }
  void on_connect_failed(const std::string&, const base::Error& reason) override { give_up(reason.detail); }
  void on_lame_duck(const std::string&) override {}
  void on_complaint(std::string_view text) override { give_up(std::string(text)); }
};

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

class Bench {
 public:
  explicit Bench(const std::string& url) {
    cluster::NatsSettings settings;
    settings.urls = {url};
    auto made = cluster::NatsClient::make(loop_, settings, listener_);
    if (!made) give_up(made.error().detail);
    client_ = std::move(*made);
    client_->start();
    until([this] { return client_->is_connected(); });
  }

  void deliver() {
    std::uint64_t sent = 0, heard = 0;
    // So many are on their way that neither side waits for the other.
    const auto send = [&] {
      while (sent < delivered_max && sent - heard < 20'000) {
        if (!client_->publish({.subject = "bench", .payload = payload})) break;
        ++sent;
      }
    };
    const auto subscription = client_->subscribe("bench", [&](const cluster::NatsMessage&) {
      if (++heard % 64 == 0) send();
    });
    measure("publish and deliver", 0, delivered_max, [&] {
      send();
      until([&] { return heard == delivered_max; });
    });
  }

  void store(std::uint64_t under_way_max) {
    const cluster::JetStream streams(*client_, 10s);
    bool is_there = false;
    const cluster::StreamSettings settings{
        .name = "BENCH", .subjects = {"bench.stored"}, .messages_max = 10'000, .storage = Storage::memory};
    const auto asked = streams.ensure_stream(settings, cluster::IfMissing::make,
                                             [&is_there](const base::Result<cluster::StreamState>& state) {
                                               if (!state) give_up(state.error().detail);
                                               is_there = true;
                                             });
    if (!asked) give_up(asked.error().detail);
    until([&] { return is_there; });

    const std::uint64_t count = under_way_max == 1 ? stored_max / 20 : stored_max;
    std::uint64_t sent = 0, stored = 0;
    std::function<void()> send = [&] {
      while (sent < count && sent - stored < under_way_max) {
        const std::string id = std::to_string(base::Clock::now().time_since_epoch().count()) + std::to_string(sent);
        const auto status =
            streams.publish({.message = {.subject = "bench.stored", .payload = payload}, .message_id = id},
                            [&](const base::Result<cluster::PublishReceipt>& receipt) {
                              if (!receipt) give_up(receipt.error().detail);
                              ++stored;
                              send();
                            });
        if (!status) give_up(status.error().detail);
        ++sent;
      }
    };
    measure("store with acknowledgement", under_way_max, count, [&] {
      send();
      until([&] { return stored == count; });
    });
  }

 private:
  using Storage = cluster::StreamSettings::Storage;

  void until(const std::function<bool()>& is_true) {
    while (!is_true()) loop_.run_one();
  }
  static void measure(const char* row, std::uint64_t under_way, std::uint64_t count, const std::function<void()>& act) {
    const auto began = bench::now();
    const double cpu = cpu_seconds();
    act();
    const double seconds = static_cast<double>(bench::now() - began) / 1e9, messages = static_cast<double>(count);
    const auto line = bench::JsonObject()
                          .add("row", row)
                          .add("under_way", under_way)
                          .add("messages_per_second", messages / seconds)
                          .add("client_cpu_us_per_message", (cpu_seconds() - cpu) * 1e6 / messages);
    std::printf("%s\n", line.text().c_str());
  }

  boost::asio::io_context loop_{1};
  Listener listener_;
  std::unique_ptr<cluster::NatsClient> client_;
};

}  // namespace

int main(int count, char** arguments) {
  try {
    Bench bench(count > 1 ? arguments[1] : "nats://127.0.0.1:4222");
    bench.deliver();
    for (const std::uint64_t under_way_max : {1, 64, 1'000, 10'000}) bench.store(under_way_max);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sluice-bench-nats: %s\n", error.what());
    return 1;
  }
}
