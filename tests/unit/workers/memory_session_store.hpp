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
    const Loss loss = take_loss();
    const auto written = loss == Loss::question ? base::Result<std::uint64_t>(0) : change(key, &value, revision);
    then(loss == Loss::none ? written : base::fail(base::Errc::timed_out, "no answer"));
  }
  void remove(std::string key, std::uint64_t revision, OnRevision then) override {
    then(change(key, nullptr, revision));
  }

  // Nothing can be read or written.
  void set_away(bool is_away) {
    const std::lock_guard lock(mutex_);
    is_away_ = is_away;
  }
  // Of the next write: whoever asks for it waits in vain, and it is done if only the answer is lost.
  enum class Loss : std::uint8_t { none, question, answer };
  void lose_next(Loss loss) {
    const std::lock_guard lock(mutex_);
    next_loss_ = loss;
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
  Loss take_loss() {
    const std::lock_guard lock(mutex_);
    return std::exchange(next_loss_, Loss::none);
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
  bool is_away_ = false;
  Loss next_loss_ = Loss::none;
  std::map<std::string, Entry> entries_;
  std::uint64_t last_ = 0;
};

}  // namespace sluice::workers
