#pragma once
// Idempotency: remembers the answers to calls that had a key, so that repeating one is safe. Any thread; one short
// lock.

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.hpp"
#include "control/method.hpp"

namespace sluice::control {

class Idempotency {
 public:
  struct Limits {
    base::Duration lifetime;  // of an answer
    std::size_t keys_max;     // at a time, those of calls under way included
    std::size_t bytes_max;    // of keys and answers
  };
  explicit Idempotency(Limits limits) : limits_(limits) {}

  struct Key {
    Method method;
    std::string_view text;
    bool is_share = false;  // of one node's share of a call, beside the call as a whole
  };
  enum class Found : std::uint8_t {
    nothing,    // the caller does the call now, and then calls finish()
    answer,     // it was done; `answer` is what it said
    different,  // the key was used for a different request
    under_way,  // the same call is being done
    full,       // too many calls with keys are under way
  };
  struct Begun {
    Found found;
    std::string answer;
  };
  // `request` is the whole request's bytes.
  Begun begin(Key key, std::string_view request, base::TimePoint now);
  // The call that begin() allowed has ended: `answer` is remembered, or, if it failed (null), the key is free again.
  void finish(Key key, const std::string* answer, base::TimePoint now);

  std::size_t size() const;

 private:
  struct Entry {
    std::string key;
    std::uint64_t request_hash = 0;
    bool is_done = false;
    std::string answer = {};
    base::TimePoint done{};

    std::size_t bytes() const { return sizeof(Entry) + key.size() + answer.size(); }
  };
  using Entries = std::list<Entry>;

  static std::string text_of(Key key);
  void forget(Entries& from, Entries::iterator entry);
  void forget_old(base::TimePoint now);

  const Limits limits_;
  mutable std::mutex mutex_;                                        // guards all below
  Entries under_way_, done_;                                        // the latter from the one done first
  std::unordered_map<std::string_view, Entries::iterator> by_key_;  // keys view Entry::key
  std::size_t bytes_ = 0;
};

}  // namespace sluice::control
