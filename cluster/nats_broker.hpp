#pragma once
// NatsBroker: messages get their places from a stream of JetStream, and come to all nodes from there. Any thread may
// call what the port has; the rest belongs to the loop's thread.

#include <atomic>
#include <cstdint>
#include <string>

#include "base/byte_budget.hpp"
#include "cluster/feeds.hpp"
#include "cluster/loop.hpp"
#include "cluster/outgoing.hpp"
#include "cluster/subjects.hpp"
#include "workers/broker.hpp"
#include "workers/broker_metrics.hpp"

namespace sluice::cluster {

class NatsBroker final : public workers::Broker {
 public:
  struct Settings {
    std::string cluster_name;
    Feeds::Settings feeds;
    base::Duration publish_patience = std::chrono::seconds(10);  // until a message is given up
    std::size_t waiting_bytes_max = std::size_t{32} << 20;       // of messages that are not acknowledged
  };
  // All outlive this; `on_doubt` as of Feeds.
  NatsBroker(Loop& loop, NatsClient& client, const Subjects& subjects, const Settings& settings,
             workers::BrokerMetrics& metrics, std::function<void()> on_doubt);

  bool is_shared() const override { return true; }
  std::optional<base::Result<workers::Receipt>> publish(workers::Sequencer& sequencer,
                                                        const std::shared_ptr<workers::Message>& message,
                                                        const Publisher& publisher, OnReceipt then) override;
  std::optional<base::Status> prepare(workers::Sequencer& sequencer, std::span<const workers::RoomKey> rooms,
                                      std::optional<base::Position> since, OnPrepared then) override;

  const workers::BrokerMetrics* metrics() const override { return &metrics_; }

  // --- on the loop's thread ---

  // As Feeds::open().
  void open(base::Position position, SystemTime born);
  void close();
  // As those of Feeds.
  void look_again() { feeds_.look_again(); }
  std::uint64_t watermark() const { return feeds_.watermark(); }
  // Nothing will be acknowledged any more.
  void stop(const base::Error& reason);

 private:
  struct Publication;
  void send(const std::shared_ptr<Publication>& publication);
  void finish(Publication& publication, const base::Result<PublishReceipt>& receipt);

  Loop& loop_;
  NatsClient& client_;
  const Subjects& subjects_;
  const Settings settings_;
  workers::BrokerMetrics& metrics_;
  std::atomic<bool> is_open_{false};
  std::atomic<std::uint32_t> last_shard_{0};
  base::ByteBudget waiting_bytes_;
  Feeds feeds_;
  Outgoing outgoing_;
  std::string id_prefix_;  // of messages' ids, which no other start of a node has
  std::uint64_t last_id_ = 0;
};

}  // namespace sluice::cluster
