#pragma once
// SharedValues: the PORT for small values that all nodes of a cluster know, also those that start later: the broker
// keeps them under keys for as long as it is set to, and gives each change a revision, which tells of any two which is
// later. Any thread may call; what is handed over is called later, once, on a thread of its own, which must not be kept
// waiting.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace sluice::workers {

struct SharedValue {
  std::string key, value;
  std::uint64_t revision = 0;
};

class SharedValues {
 public:
  using OnRevision = std::function<void(base::Result<std::uint64_t> revision)>;
  using OnValues = std::function<void(base::Result<std::vector<SharedValue>> values)>;

  virtual ~SharedValues() = default;

  // A key is of letters, digits, - and _, with inner dots. Errc::unavailable or timed_out: the broker is away, or did
  // not answer; then it may have been done.
  virtual void put(std::string key, std::string value, OnRevision then) = 0;
  // Whether there was one or not.
  virtual void remove(std::string key, OnRevision then) = 0;
  // Leaves no trace of it, nor of its removal, unless it was changed after that revision. As far as the broker is
  // there; whether it was done is not told.
  virtual void forget(std::string key, std::uint64_t revision) = 0;
  // All there are: one question after the other. Errc::too_many: more than `values_max`.
  virtual void list(std::size_t values_max, OnValues then) = 0;
  // Tells each time that the broker is there again: what was changed meanwhile was perhaps not heard. Before anything
  // starts.
  virtual void watch(std::function<void()> on_there) = 0;
};

}  // namespace sluice::workers
