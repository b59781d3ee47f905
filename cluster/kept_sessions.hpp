#pragma once
// KeptSessions: what is known of clients' sessions, in a bucket of the broker that outlives nodes. Any thread may call
// what the port has; the rest belongs to the loop's thread.

#include <string>

#include "cluster/loop.hpp"
#include "cluster/open_bucket.hpp"
#include "workers/session_store.hpp"

namespace sluice::cluster {

class KeptSessions final : public workers::SessionStore {
 public:
  struct Settings {
    std::string cluster_name;
    KeyValueSettings bucket;
  };
  // All outlive this.
  KeptSessions(Loop& loop, NatsClient& client, const Settings& settings);

  bool is_there() const override { return true; }
  void read(std::string key, OnEntry then) override;
  void write(std::string key, std::string value, std::uint64_t revision, OnRevision then) override;
  void remove(std::string key, std::uint64_t revision, OnRevision then) override;

  // --- on the loop's thread ---

  // There is a connection, and the bucket is looked for, or made; or there is none.
  void open();
  void close() { bucket_.close(); }

 private:
  Loop& loop_;
  OpenBucket bucket_;
  bool is_other_ = false;  // there is a bucket of that name, with other settings: waiting would not mend it
};

}  // namespace sluice::cluster
