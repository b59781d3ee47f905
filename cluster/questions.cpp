#include "cluster/questions.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace sluice::cluster {

void Questions::add(std::uint64_t number, Asked asked) {
  SLUICE_ASSERT(!asked.nodes.empty());
  due_.emplace(asked.until, number);
  waiting_.emplace(number, std::move(asked));
}

bool Questions::take(std::uint64_t number, workers::PeerAnswer answer) {
  const auto one = waiting_.find(number);
  if (one == waiting_.end()) return false;
  Asked& waiting = one->second;
  const bool is_second = std::ranges::find(waiting.answers, answer.incarnation, &workers::PeerAnswer::incarnation) !=
                         waiting.answers.end();
  if (is_second) return false;
  if (const auto asked = waiting.nodes.extract(answer.incarnation)) {
    // What is known of its name does not hang on whether it is still there.
    answer.name = asked.mapped();
  }
  waiting.answers.push_back(std::move(answer));
  if (waiting.nodes.empty()) finish(one);
  return true;
}

void Questions::fail(std::uint64_t number, std::uint32_t node, const base::Error& error) {
  const auto one = waiting_.find(number);
  if (one != waiting_.end() && one->second.nodes.contains(node)) take(number, {node, {}, error});
}

void Questions::fail_node(std::uint32_t node, const base::Error& error) {
  for (const std::uint64_t number : numbers()) fail(number, node, error);
}

void Questions::fail_all(const base::Error& error) {
  for (const std::uint64_t number : numbers()) {
    if (const auto one = waiting_.find(number); one != waiting_.end()) fail_rest(one, error);
  }
}

void Questions::expire(base::TimePoint now) {
  while (!due_.empty() && due_.begin()->first <= now) {
    fail_rest(waiting_.find(due_.begin()->second),
              base::fail(base::Errc::timed_out, "the node did not answer in time"));
  }
}

std::map<std::uint32_t, std::vector<std::uint64_t>> Questions::asked_before(base::TimePoint then) const {
  std::map<std::uint32_t, std::vector<std::uint64_t>> by_node;
  for (const auto& [number, asked] : waiting_) {
    if (asked.since > then) continue;
    for (const auto& [node, name] : asked.nodes) by_node[node].push_back(number);
  }
  return by_node;
}

std::optional<base::TimePoint> Questions::deadline() const {
  return due_.empty() ? std::nullopt : std::optional(due_.begin()->first);
}

// Those that wait now: what is told may add others and end some.
std::vector<std::uint64_t> Questions::numbers() const {
  std::vector<std::uint64_t> all;
  for (const auto& [number, waiting] : waiting_) all.push_back(number);
  return all;
}

void Questions::fail_rest(All::iterator one, const base::Error& error) {
  for (auto& [node, name] : one->second.nodes) one->second.answers.push_back({node, name, error});
  finish(one);
}

Questions::All::node_type Questions::take_out(All::iterator one) {
  due_.erase({one->second.until, one->first});
  return waiting_.extract(one);
}

void Questions::finish(All::iterator one) {
  Asked waiting = std::move(take_out(one).mapped());
  std::ranges::sort(waiting.answers, {}, &workers::PeerAnswer::incarnation);
  waiting.then(std::move(waiting.answers));
}

}  // namespace sluice::cluster
