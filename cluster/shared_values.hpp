#pragma once
// NatsSharedValues: values that all nodes know, in a bucket of JetStream. Any thread may call what the port has; the
// rest belongs to the loop's thread.

#include <string>

#include "base/log_limit.hpp"
#include "cluster/key_value.hpp"
#include "cluster/timer.hpp"
#include "workers/shared_values.hpp"

namespace sluice::cluster {

class NatsSharedValues final : public workers::SharedValues {
 public:
  struct Settings {
    std::string bucket;
    KeyValueSettings values = {};
    base::Duration patience{std::chrono::seconds(2)};  // for each answer of the broker
  };
  // Runs a job on the loop's thread, as NatsPeers::Post.
  using Post = std::function<void(std::function<void()>)>;
  using OnFound = std::function<void(const base::Status& status)>;

  // All outlive this, and what was posted is not run after it.
  NatsSharedValues(boost::asio::io_context& loop, Post post, NatsClient& client, Settings settings);

  void put(std::string key, std::string value, OnRevision then) override;
  void remove(std::string key, OnRevision then) override;
  void forget(std::string key, std::uint64_t revision) override;
  void list(std::size_t values_max, OnValues then) override;
  void watch(std::function<void()> on_there) override { watchers_.push_back(std::move(on_there)); }

  // --- on the loop's thread ---

  // The broker is there: makes the bucket if there is none, again and again until it is there. `on_found` is told that
  // it is, and what waiting would not mend: a bucket with other settings.
  void open(OnFound on_found);
  // It is away, or nothing is wanted of it any more.
  void close();

 private:
  void find();
  void take(const base::Status& status);

  const Settings settings_;
  const Post post_;
  NatsClient& client_;
  std::vector<std::function<void()>> watchers_;
  KeyValue bucket_;
  Timer again_;
  OnFound on_found_;
  std::uint64_t turn_ = 0;  // of open() and close(): an answer of an earlier one counts no more
  bool is_open_ = false;
  base::LogLimit log_limit_{5, std::chrono::minutes(1)};
};

}  // namespace sluice::cluster
