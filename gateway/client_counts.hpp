#pragma once
// ClientCounts: how many clients there are from each address and of each user, and how fast they come. Shared by all
// workers, behind one short lock that nobody takes while no limit is set.

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/token_bucket.hpp"
#include "gateway/limit_options.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

class ClientCounts {
 public:
  // `options` outlive this, and this outlives every place.
  explicit ClientCounts(const LimitOptions& options) : options_(options) {}

  // One of those that an address, or a user, may have: given back when nobody holds it. Null: nothing is counted.
  using Place = std::shared_ptr<const void>;

  // A client comes from where the connection's is. Errc::too_many if there are too many, or too many at once.
  base::Result<Place> take_address(const workers::Worker& worker, const workers::Connection& connection);
  // A connection becomes the user's; an empty name is nobody's.
  base::Result<Place> take_user(const std::string& user);
  // Forgets addresses that were quiet. Now and then.
  void trim(base::TimePoint now);

 private:
  using Counts = boost::unordered_flat_map<std::string, std::size_t>;
  class Taken;

  Place take(Counts& counts, const std::string& name, std::size_t max);
  void give_back(Counts& counts, const std::string& name);

  const LimitOptions& options_;
  std::mutex mutex_;
  // All below are under mutex_.
  Counts addresses_, users_;
  boost::unordered_flat_map<std::string, base::TokenBucket> paces_;  // by address
  base::TokenBucket pace_;
};

}  // namespace sluice::gateway
