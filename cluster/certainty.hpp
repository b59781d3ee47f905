#pragma once
// Absence: whether a stream that the servers do not know is really not there. Of several servers, one that has just
// become their leader may not yet have read what it leads: it would know of no stream, and make one over what the
// others have (nats-server before 2.11). So what servers in a cluster do not know is asked for again, for a while.
// Pure: no clock. Belongs to whoever looks for one stream.

#include <optional>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "cluster/jetstream.hpp"
#include "cluster/nats_info.hpp"

namespace sluice::cluster {

class Absence {
 public:
  // By then a leader has read all that it leads.
  static constexpr base::Duration certain_after = std::chrono::seconds(2);

  // What to do should the stream, which is to have so many replicas, be missing at `server`, which is asked now.
  IfMissing if_missing(const NatsInfo& server, int replicas, base::TimePoint now) const {
    const bool is_alone = replicas <= 1 && server.cluster.empty();
    const bool is_certain = is_alone || (since_ && now - *since_ >= certain_after);
    return is_certain ? IfMissing::make : IfMissing::tell;
  }
  // What was answered: Errc::not_found, by one after the other, is what makes it certain.
  void take(const base::Status& status, base::TimePoint now) {
    if (status || status.error().code != base::Errc::not_found) return since_.reset();
    if (!since_) since_ = now;
  }
  // Others may answer from here on.
  void forget() { since_.reset(); }

 private:
  std::optional<base::TimePoint> since_;  // when it was not known for the first time
};

}  // namespace sluice::cluster
