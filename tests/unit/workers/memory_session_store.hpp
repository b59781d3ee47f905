#pragma once
// A store of sessions in this process, shared by the nodes that are in it.

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "workers/session_store.hpp"

namespace sluice::workers {

class MemorySessionStore final : public SessionStore {
 public:
  bool is_there() const override { return true; }
  void read(std::string key, OnEntry then) override { then(find(key)); }
  void write(std::string key, std::string value, std::uint64_t revision, OnRevision then) override {
    const auto written = change(key, &value, revision);
    then(takes_lost_answer() ? base::fail(base::Errc::timed_out, "no answer") : written);
  }
  void remove(std::string key, std::uint64_t revision, OnRevision then) override {
    then(change(key, nullptr, revision));
  }

  // Nothing can be read or written.
  void set_away(bool is_away) {
    const std::lock_guard lock(mutex_);
    is_away_ = is_away;
  }
  // The next write is done, and whoever asked for it is not told so.
  void lose_next_answer() {
    const std::lock_guard lock(mutex_);
    loses_next_answer_ = true;
  }
  std::vector<std::pair<std::string, Entry>> all() {
    const std::lock_guard lock(mutex_);
    return {entries_.begin(), entries_.end()};
  }
  std::size_t size() { return all().size(); }
  // So often something was written.
  std::uint64_t writes() {
    const std::lock_guard lock(mutex_);
    return last_;
  }

 private:
  bool takes_lost_answer() {
    const std::lock_guard lock(mutex_);
    return std::exchange(loses_next_answer_, false);
  }
  base::Result<Entry> find(const std::string& key) {
    const std::lock_guard lock(mutex_);
    if (is_away_) return base::fail(base::Errc::unavailable, "away");
    const auto found = entries_.find(key);
    if (found == entries_.end()) return base::fail(base::Errc::not_found, "no entry");
    return found->second;
  }
  base::Result<std::uint64_t> change(const std::string& key, const std::string* value, std::uint64_t revision) {
    const std::lock_guard lock(mutex_);
    if (is_away_) return base::fail(base::Errc::unavailable, "away");
    const auto found = entries_.find(key);
    if ((found == entries_.end() ? 0 : found->second.revision) != revision) {
      return base::fail(base::Errc::already_exists, "another revision");
    }
    ++last_;
    if (value != nullptr) {
      entries_[key] = {*value, last_};
    } else {
      entries_.erase(key);
    }
    return last_;
  }

  std::mutex mutex_;
  bool is_away_ = false, loses_next_answer_ = false;
  std::map<std::string, Entry> entries_;
  std::uint64_t last_ = 0;
};

}  // namespace sluice::workers
