#include "workers/namespaces.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/pattern.hpp"

namespace sluice::workers {

Namespaces::Namespaces(const NamespaceRules& rules, std::function<void(base::NamespaceId, const std::string&)> on_made)
    : patterns_(rules.patterns), on_made_(std::move(on_made)), names_(std::max<std::size_t>(rules.count_max, 1)) {
  add("/");
  for (const std::string& name : rules.declared) {
    if (find(name)) continue;
    SLUICE_ASSERT(size() < names_.size());
    add(name);
  }
  declared_ = size();
}

std::optional<base::NamespaceId> Namespaces::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<base::NamespaceId> Namespaces::find_declared(std::string_view name) const {
  const auto end = names_.begin() + static_cast<std::ptrdiff_t>(declared_);
  const auto found = std::find(names_.begin(), end, name);
  if (found == end) return std::nullopt;
  return base::NamespaceId{static_cast<std::uint16_t>(found - names_.begin())};
}

// Under the mutex, or before anybody else is there.
base::NamespaceId Namespaces::add(std::string_view name) {
  const base::NamespaceId id{static_cast<std::uint16_t>(size_.load(std::memory_order_relaxed))};
  std::string& kept = names_[id.value];
  kept = name;
  if (on_made_) on_made_(id, kept);
  by_name_.emplace(kept, id);
  size_.store(std::size_t{id.value} + 1, std::memory_order_release);
  return id;
}

bool Namespaces::matches(std::string_view name) const {
  return misfit(name).empty() &&
         std::ranges::any_of(patterns_, [name](const auto& pattern) { return base::matches_pattern(pattern, name); });
}

base::Result<base::NamespaceId> Namespaces::resolve(std::string_view name) {
  if (const auto declared = find_declared(name)) return *declared;
  const std::lock_guard lock(mutex_);
  if (const auto found = find(name)) return *found;
  if (!matches(name)) return base::fail(base::Errc::not_found, "there is no such namespace");
  if (size() == names_.size()) {
    return base::fail(base::Errc::exhausted, "there are as many namespaces as may be (option namespaces-max)");
  }
  return add(name);
}

bool Namespaces::allows(std::string_view name) const {
  if (find_declared(name)) return true;
  const std::lock_guard lock(mutex_);
  return find(name).has_value() || matches(name);
}

std::string_view Namespaces::misfit(std::string_view name) {
  constexpr std::string_view expected = "a name of at most 128 bytes that begins with /, without spaces, ? or commas";
  if (!name.starts_with('/') || name.size() > name_bytes_max) return expected;
  for (const char c : name) {
    if ((c >= 0 && c <= ' ') || c == 0x7F || c == ',' || c == '?') return expected;
  }
  return {};
}

}  // namespace sluice::workers
