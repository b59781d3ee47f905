#pragma once
// SessionStore: the PORT for what is to outlive a node: what is known of clients' sessions, so that they can go on at
// another one. Values under keys, each with a revision. A node that is alone has none. Any thread may call; what is
// handed over is called once, on a thread of its own, which must not be kept waiting, or inside the call.

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.hpp"

namespace sluice::workers {

class SessionStore {
 public:
  struct Entry {
    std::string value;
    std::uint64_t revision = 0;  // never 0
  };
  // Errc::not_found: there is none, or none any more. Errc::unavailable, timed_out, exhausted: try again later.
  using OnEntry = std::function<void(base::Result<Entry> entry)>;
  // Errc::already_exists: the entry is not of that revision any more, and was left alone. Errc::unavailable, timed_out,
  // exhausted: try again later; it may have been written.
  using OnRevision = std::function<void(base::Result<std::uint64_t> revision)>;

  virtual ~SessionStore() = default;

  // The same for life. Without it nothing else is called.
  virtual bool is_there() const = 0;
  // A key is of letters, digits, - and _.
  virtual void read(std::string key, OnEntry then) = 0;
  // Writes if the entry is of that revision; 0: if there is none. Gives the new one. What is not written again for as
  // long as the store keeps entries is gone.
  virtual void write(std::string key, std::string value, std::uint64_t revision, OnRevision then) = 0;
  virtual void remove(std::string key, std::uint64_t revision, OnRevision then) = 0;
};

// Of a node that is alone.
class NoSessionStore final : public SessionStore {
 public:
  bool is_there() const override { return false; }
  void read(std::string, OnEntry then) override { then(base::fail(base::Errc::not_found, "nothing is kept")); }
  void write(std::string, std::string, std::uint64_t, OnRevision then) override {
    then(base::fail(base::Errc::unavailable, "nothing is kept"));
  }
  void remove(std::string, std::uint64_t, OnRevision then) override {
    then(base::fail(base::Errc::not_found, "nothing is kept"));
  }
  static NoSessionStore& instance() {
    static NoSessionStore one;
    return one;
  }
};

}  // namespace sluice::workers
