#include "gateway/client_counts.hpp"

#include <utility>

namespace sluice::gateway {

using base::Errc;
using base::fail;

class ClientCounts::Taken {
 public:
  Taken(ClientCounts& counts, Counts& of, std::string name) : counts_(counts), of_(of), name_(std::move(name)) {}
  Taken(const Taken&) = delete;
  Taken& operator=(const Taken&) = delete;
  ~Taken() { counts_.give_back(of_, name_); }

 private:
  ClientCounts& counts_;
  Counts& of_;
  const std::string name_;
};

// Null if there are as many as may be. Under the lock.
ClientCounts::Place ClientCounts::take(Counts& counts, const std::string& name, std::size_t max) {
  std::size_t& count = counts[name];
  if (count >= max) return nullptr;
  auto place = std::make_shared<const Taken>(*this, counts, name);
  ++count;
  return place;
}

void ClientCounts::give_back(Counts& counts, const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = counts.find(name);
  if (--found->second == 0) counts.erase(found);
}

base::Result<ClientCounts::Place> ClientCounts::take_address(const workers::Worker& worker,
                                                             const workers::Connection& connection) {
  const auto all_rate = static_cast<double>(options_.connects_per_second_max);
  const auto rate = static_cast<double>(options_.address_connects_per_second_max);
  const std::size_t max = options_.address_connections_max;
  if (all_rate == 0 && rate == 0 && max == 0) return Place();
  const std::string address = worker.remote_address(connection).host();
  const base::TimePoint now = worker.now();
  const std::lock_guard lock(mutex_);
  if (all_rate > 0 && !pace_.has_some(now, all_rate)) {
    return fail(Errc::too_many, "more clients a second come than may; try again in a moment");
  }
  base::TokenBucket* const pace = rate > 0 ? &paces_[address] : nullptr;
  if (pace != nullptr && !pace->has_some(now, rate)) {
    return fail(Errc::too_many, "more clients a second come from this address than may; try again in a moment");
  }
  Place place = max > 0 ? take(addresses_, address, max) : Place();
  if (max > 0 && !place) return fail(Errc::too_many, "there are as many clients from this address as may be");
  if (all_rate > 0) pace_.take(1);
  if (pace != nullptr) pace->take(1);
  return place;
}

base::Result<ClientCounts::Place> ClientCounts::take_user(const std::string& user) {
  const std::size_t max = options_.user_connections_max;
  if (max == 0 || user.empty()) return Place();
  const std::lock_guard lock(mutex_);
  Place place = take(users_, user, max);
  if (!place) return fail(Errc::too_many, "there are as many connections of this user as may be");
  return place;
}

void ClientCounts::trim(base::TimePoint now) {
  const auto rate = static_cast<double>(options_.address_connects_per_second_max);
  if (rate == 0) return;
  const std::lock_guard lock(mutex_);
  boost::unordered::erase_if(paces_, [&](const auto& one) { return one.second.is_full(now, rate); });
}

}  // namespace sluice::gateway
