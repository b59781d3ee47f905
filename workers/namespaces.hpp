#pragma once
// Namespaces: the node's worlds of rooms by name: those that were declared, and those that came by a pattern. They only
// grow, up to a bound. All members are for any thread.

#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"

namespace sluice::workers {

struct NamespaceRules {
  std::vector<std::string> declared = {};  // beside "/", which is the first
  std::vector<std::string> patterns = {};  // of names that may come (base/pattern.hpp)
  std::size_t count_max = 1024;            // of all together; at least as many as are declared
};

class Namespaces {
 public:
  // Calls `on_made` for each namespace before anybody else knows its id, in the order of ids.
  explicit Namespaces(const NamespaceRules& rules = {},
                      std::function<void(base::NamespaceId, const std::string& name)> on_made = {});
  Namespaces(const Namespaces&) = delete;
  Namespaces& operator=(const Namespaces&) = delete;

  // The namespace called `name`, made now if a pattern allows it. Errc::not_found if nothing does, exhausted if there
  // are as many as may be.
  base::Result<base::NamespaceId> resolve(std::string_view name);
  // Whether resolve() would find or make it, unless there are too many.
  bool allows(std::string_view name) const;
  // Of one that exists.
  const std::string& name_of(base::NamespaceId id) const { return names_[id.value]; }
  // Ids are below it; may grow at any time.
  std::size_t size() const { return size_.load(std::memory_order_acquire); }

  static constexpr std::size_t name_bytes_max = 128;
  // What is expected of a name; empty if it is well-formed.
  static std::string_view misfit(std::string_view name);

 private:
  std::optional<base::NamespaceId> find(std::string_view name) const;
  // Without a lock: nearly all that is asked for was declared.
  std::optional<base::NamespaceId> find_declared(std::string_view name) const;
  base::NamespaceId add(std::string_view name);
  bool matches(std::string_view name) const;

  const std::vector<std::string> patterns_;
  const std::function<void(base::NamespaceId, const std::string&)> on_made_;
  // As long as it will ever be, so that names are read without a lock by whoever has their id.
  std::vector<std::string> names_;
  std::size_t declared_ = 0;  // of them, those at the front that were there from the beginning
  std::atomic<std::size_t> size_{0};
  mutable std::mutex mutex_;
  std::unordered_map<std::string_view, base::NamespaceId> by_name_;  // under mutex_; keys are in names_
};

}  // namespace sluice::workers
