#include "cluster/nats_requests.hpp"

#include <algorithm>
#include <utility>

namespace sluice::cluster {

std::uint64_t NatsRequests::add(base::TimePoint deadline, OnReply on_reply) {
  waiting_.emplace(++last_, std::move(on_reply));
  if (due_.size() > 2 * waiting_.size() + 64) drop_taken();
  due_.push_back({deadline, last_});
  std::ranges::push_heap(due_, std::greater<>());
  return last_;
}

std::optional<NatsRequests::OnReply> NatsRequests::take(std::uint64_t number) {
  const auto found = waiting_.find(number);
  if (found == waiting_.end()) return std::nullopt;
  OnReply on_reply = std::move(found->second);
  waiting_.erase(found);
  return on_reply;
}

std::optional<NatsRequests::OnReply> NatsRequests::take_expired(base::TimePoint now) {
  const auto next = deadline();
  if (!next || *next > now) return std::nullopt;
  return take(due_.front().number);
}

std::vector<NatsRequests::OnReply> NatsRequests::take_all() {
  std::vector<std::pair<std::uint64_t, OnReply>> all;
  all.reserve(waiting_.size());
  for (auto& [number, on_reply] : waiting_) all.emplace_back(number, std::move(on_reply));
  waiting_.clear();
  due_.clear();
  std::ranges::sort(all, {}, &std::pair<std::uint64_t, OnReply>::first);
  std::vector<OnReply> in_order;
  in_order.reserve(all.size());
  for (auto& one : all) in_order.push_back(std::move(one.second));
  return in_order;
}

std::optional<base::TimePoint> NatsRequests::deadline() {
  while (!due_.empty() && !waiting_.contains(due_.front().number)) drop_front();
  return due_.empty() ? std::nullopt : std::optional(due_.front().deadline);
}

void NatsRequests::drop_front() {
  std::ranges::pop_heap(due_, std::greater<>());
  due_.pop_back();
}

void NatsRequests::drop_taken() {
  std::erase_if(due_, [this](const Due& one) { return !waiting_.contains(one.number); });
  std::ranges::make_heap(due_, std::greater<>());
}

}  // namespace sluice::cluster
