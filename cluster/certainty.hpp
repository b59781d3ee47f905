#pragma once
// Certainty: what servers of a cluster say of a stream is to be believed only after a while (nats-server before 2.11).
// One that has just become their leader may not yet have read what it leads: it knows of no stream, and would make one
// over what the others have. And of two who make a stream at the same moment both are told that theirs was made, though
// it is the second one's. So what servers do not know is asked for again, and so is whose stream it is while it is
// empty. Pure: no clock. Belongs to whoever looks for one stream.

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "cluster/jetstream.hpp"
#include "cluster/nats_info.hpp"

namespace sluice::cluster {

class Certainty {
 public:
  // By then a leader has read all that it leads.
  static constexpr base::Duration missing_after = std::chrono::seconds(2);
  // By then all servers have taken what anybody made.
  static constexpr base::Duration made_after = std::chrono::seconds(1);

  // `server` is asked from now on, and the stream is to have so many replicas.
  void begin(const NatsInfo& server, int replicas) {
    is_sole_ = replicas <= 1 && server.cluster.empty();
    missing_since_.reset();
    description_.reset();
  }
  // What to do should the stream be missing.
  IfMissing if_missing(base::TimePoint now) const {
    const bool is_certain = is_sole_ || (missing_since_ && now - *missing_since_ >= missing_after);
    return is_certain ? IfMissing::make : IfMissing::tell;
  }
  // What was answered. True: there is such a stream, and it is as the server says.
  bool take(const base::Result<StreamState>& state, base::TimePoint now) {
    if (!state && state.error().code == base::Errc::not_found) {
      if (!missing_since_) missing_since_ = now;
      return false;
    }
    missing_since_.reset();
    if (!state) return false;
    if (is_sole_ || state->last_sequence > 0) return true;
    if (description_ != state->description) {
      description_ = state->description;
      described_since_ = now;
    }
    return now - described_since_ >= made_after;
  }

 private:
  bool is_sole_ = false;                          // no other server has a part in it
  std::optional<base::TimePoint> missing_since_;  // when it was not known for the first time
  std::optional<std::string> description_;        // of the stream, while it is empty
  base::TimePoint described_since_{};
};

}  // namespace sluice::cluster
