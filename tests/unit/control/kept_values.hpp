#pragma once
// What a broker would keep for nodes of one process.

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "workers/shared_values.hpp"

namespace sluice::control {

class KeptValues final : public workers::SharedValues {
 public:
  void put(std::string key, std::string value, OnRevision then) override {
    change([&] { values_[key] = {key, value, ++revision_}; }, then);
  }
  void remove(std::string key, OnRevision then) override {
    change(
        [&] {
          values_.erase(key);
          ++revision_;
        },
        then);
  }
  void forget(std::string key, std::uint64_t revision) override {
    const std::lock_guard lock(mutex_);
    const auto found = values_.find(key);
    if (found != values_.end() && found->second.revision <= revision) values_.erase(found);
  }
  void list(std::size_t values_max, OnValues then) override {
    std::unique_lock lock(mutex_);
    std::vector<workers::SharedValue> all;
    for (const auto& [key, value] : values_) all.push_back(value);
    const bool is_away = is_away_;
    lock.unlock();
    if (is_away) return then(base::fail(base::Errc::unavailable, "the broker is away"));
    if (all.size() > values_max) return then(base::fail(base::Errc::too_many, "too many"));
    then(std::move(all));
  }
  void watch(std::function<void()> on_there) override { watchers_.push_back(std::move(on_there)); }

  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return values_.size();
  }
  void set_away(bool is_away) {
    {
      const std::lock_guard lock(mutex_);
      is_away_ = is_away;
    }
    if (is_away) return;
    for (const auto& on_there : watchers_) on_there();
  }

 private:
  void change(const std::function<void()>& how, const OnRevision& then) {
    std::unique_lock lock(mutex_);
    if (is_away_) {
      lock.unlock();
      return then(base::fail(base::Errc::unavailable, "the broker is away"));
    }
    how();
    const std::uint64_t revision = revision_;
    lock.unlock();
    then(revision);
  }

  std::mutex mutex_;
  std::map<std::string, workers::SharedValue> values_;
  std::uint64_t revision_ = 0;
  bool is_away_ = false;
  std::vector<std::function<void()>> watchers_;
};

}  // namespace sluice::control
