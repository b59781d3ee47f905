#pragma once
// OpenBucket: a bucket of JetStream that is found, or made, whenever the broker is there. Belongs to the loop's thread.

#include <functional>
#include <optional>
#include <string>

#include "base/log_limit.hpp"
#include "cluster/certainty.hpp"
#include "cluster/key_value.hpp"
#include "cluster/timer.hpp"

namespace sluice::cluster {

class OpenBucket {
 public:
  struct Settings {
    std::string name;
    KeyValueSettings values = {};
    base::Duration patience{std::chrono::seconds(2)};  // for each answer of the broker
    std::string missing = "broker_bucket_missing";     // what the log calls it that it is not there
  };
  // Told that it is there, again if it was made anew, and of what waiting would not mend: one with other settings.
  using OnFound = std::function<void(const base::Status& status)>;

  // All outlive this.
  OpenBucket(boost::asio::io_context& loop, NatsClient& client, Settings settings);

  // The broker is there: looks for the bucket again and again, also whether it still is there.
  void open(OnFound on_found);
  // It is away, or nothing is wanted of it any more.
  void close();
  // It was looked for in vain for so long that nobody need wait for it: the broker has no room for it, say.
  bool is_overdue(base::TimePoint now) const { return !is_open_ && sought_since_ && now - *sought_since_ >= overdue; }
  // Null while it is not there.
  const KeyValue* get() const { return is_open_ ? &bucket_ : nullptr; }

 private:
  static constexpr base::Duration overdue = std::chrono::seconds(10);

  void find();
  void take(const base::Result<StreamState>& state);

  const Settings settings_;
  NatsClient& client_;
  const KeyValue bucket_;
  Timer again_;
  OnFound on_found_;
  Certainty certainty_;
  std::optional<base::TimePoint> sought_since_;  // nothing while the broker is away
  std::uint64_t turn_ = 0;                       // of open() and close(): an answer of an earlier one counts no more
  bool is_open_ = false;
  base::LogLimit log_limit_{5, std::chrono::minutes(1)};
};

}  // namespace sluice::cluster
