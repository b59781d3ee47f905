#pragma once
// NatsSharedValues: values that all nodes know, in a bucket of JetStream. Any thread may call what the port has; the
// rest belongs to the loop's thread.

#include <functional>
#include <string>
#include <vector>

#include "cluster/open_bucket.hpp"
#include "workers/shared_values.hpp"

namespace sluice::cluster {

class NatsSharedValues final : public workers::SharedValues {
 public:
  using Settings = OpenBucket::Settings;
  // Runs a job on the loop's thread, as NatsPeers::Post.
  using Post = std::function<void(std::function<void()>)>;
  using OnFound = OpenBucket::OnFound;

  // All outlive this, and what was posted is not run after it.
  NatsSharedValues(boost::asio::io_context& loop, Post post, NatsClient& client, Settings settings);

  void put(std::string key, std::string value, OnRevision then) override;
  void remove(std::string key, OnRevision then) override;
  void forget(std::string key, std::uint64_t revision) override;
  void list(std::size_t values_max, OnValues then) override;
  void watch(std::function<void()> on_there) override { watchers_.push_back(std::move(on_there)); }

  // --- on the loop's thread ---

  // As OpenBucket has them.
  void open(OnFound on_found);
  void close() { bucket_.close(); }

 private:
  const Post post_;
  std::vector<std::function<void()>> watchers_;
  OpenBucket bucket_;
};

}  // namespace sluice::cluster
