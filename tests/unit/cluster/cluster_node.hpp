#pragma once
// ClusterNode: what a node has of its cluster, without workers: mail stays where tests look for it.

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "cluster/cluster.hpp"
#include "tests/unit/cluster/nats_test_server.hpp"
#include "tests/unit/workers/messages.hpp"
#include "workers/mailbox.hpp"
#include "workers/sequencer.hpp"

namespace sluice::cluster {

class ClusterNode {
 public:
  using Texts = std::vector<std::string>;

  explicit ClusterNode(const std::string& url, std::uint32_t incarnation, std::size_t mailbox_messages = 1000,
                       const std::string& cluster_name = "test")
      : mailbox_(std::size_t{1} << 30, mailbox_messages) {
    options_.broker = BrokerKind::nats;
    options_.nats_url = {url};
    options_.cluster_name = cluster_name;
    auto made = Cluster::make({
        .options = options_,
        .node_name = "test",
        .incarnation = incarnation,
    });
    if (!made) throw std::runtime_error(made.error().detail);
    cluster_ = std::move(*made);
    sequencer_ = std::make_unique<workers::Sequencer>(
        workers::Sequencer::Identity{.id = {}, .name = "/", .epoch = 0, .is_mirror = true}, workers::HistoryLimits{},
        budget_, std::vector<workers::Mailbox*>{&mailbox_});
    cluster_->start([] { return workers::NodeLoad(); });
    found_ = cluster_->found().share();
  }
  ~ClusterNode() { cluster_->stop(); }
  ClusterNode(const ClusterNode&) = delete;
  ClusterNode& operator=(const ClusterNode&) = delete;

  base::Status found() { return ended(found_) ? found_.get() : late(); }

  base::Result<workers::Receipt> publish(const std::shared_ptr<workers::Message>& message) {
    auto told = std::make_shared<std::promise<base::Result<workers::Receipt>>>();
    auto future = told->get_future();
    auto outcome =
        cluster_->broker().publish(*sequencer_, message, {}, [told](const auto& receipt) { told->set_value(receipt); });
    if (outcome) return *outcome;
    return ended(future) ? future.get() : base::Result<workers::Receipt>(late().error());
  }
  // Gives its offset.
  std::uint64_t say(const char* room, const std::string& text) {
    const auto receipt = publish(workers::message_to(room, text));
    EXPECT_TRUE(receipt) << receipt.error().detail;
    return receipt ? receipt->position.offset : 0;
  }
  base::Status prepare(const Texts& rooms, std::optional<base::Position> since = std::nullopt) {
    auto told = std::make_shared<std::promise<base::Status>>();
    auto future = told->get_future();
    const auto keys = workers::rooms_named(rooms);
    auto outcome =
        cluster_->broker().prepare(*sequencer_, keys, since, [told](const auto& status) { told->set_value(status); });
    if (outcome) return *outcome;
    return ended(future) ? future.get() : late();
  }
  // Prepares, and joins.
  workers::Joined join(const Texts& rooms, std::optional<base::Position> since = std::nullopt) {
    const auto status = prepare(rooms, since);
    EXPECT_TRUE(status) << status.error().detail;
    auto keys = workers::rooms_named(rooms);
    keys.push_back(workers::RoomKey::everyone());
    return sequencer_->join(base::WorkerId{0}, keys, since);
  }
  // Waits for so many messages, and gives their data in the order in which they came.
  Texts hear(std::size_t count) {
    const auto until = base::Clock::now() + patience;
    while (heard_.size() < count && base::Clock::now() < until) {
      take_mail();
      std::this_thread::yield();
    }
    return std::exchange(heard_, {});
  }
  void take_mail() {
    std::vector<workers::Mail> mail;
    mailbox_.take(mail);
    std::size_t bytes = 0, count = 0;
    for (const workers::Mail& piece : mail) {
      if (!piece.message) {
        ++gaps;
        continue;
      }
      heard_.push_back(piece.message->data);
      positions.push_back(piece.message->position);
      bytes += piece.message->bytes();
      ++count;
    }
    mailbox_.handled(bytes, count);
  }
  template <class Condition>
  static bool eventually(Condition&& condition) {
    const auto until = base::Clock::now() + patience;
    while (!condition()) {
      if (base::Clock::now() > until) return false;
      std::this_thread::yield();
    }
    return true;
  }

  workers::Sequencer& sequencer() { return *sequencer_; }
  Cluster& cluster() { return *cluster_; }
  const workers::BrokerMetrics& metrics() { return *cluster_->broker().metrics(); }

  std::vector<base::Position> positions;  // of all that was heard
  std::size_t gaps = 0;                   // that members were told of

 private:
  static constexpr std::chrono::seconds patience{30};
  template <class Future>
  static bool ended(const Future& future) {
    return future.wait_for(patience) == std::future_status::ready;
  }
  static base::Status late() { return base::fail(base::Errc::timed_out, "nothing was told"); }

  Options options_;
  base::ByteBudget budget_{std::size_t{1} << 30};
  workers::Mailbox mailbox_;
  std::unique_ptr<workers::Sequencer> sequencer_;
  std::unique_ptr<Cluster> cluster_;
  std::shared_future<base::Status> found_;
  Texts heard_;
};

}  // namespace sluice::cluster
