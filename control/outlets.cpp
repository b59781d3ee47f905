#include "control/outlets.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "control/event_kinds.hpp"

namespace sluice::control {
namespace {

constexpr std::size_t outlets_max = 10'000;  // of one node
constexpr std::size_t events_at_a_time = 1024;
// A node does not take more at once; nobody else's messages are that large.
constexpr std::size_t event_bytes_max = std::size_t{7} << 20;

}  // namespace

// --- what they are told ---

void Outlets::fill(Telling& telling, std::size_t bytes_max) {
  for (Refusal& refusal : std::exchange(refusals_, {})) {
    auto& told = *telling.add_items()->mutable_refuse();
    told.set_attachment(refusal.attachment);
    told.set_reason(std::string(base::row_of(refusal.why.code).name));
    told.set_detail(std::move(refusal.why.detail));
  }
  // Each in its turn, so that one that hears much does not keep the others waiting.
  std::size_t bytes = 0;
  for (std::size_t left = outlets_.size(); left > 0 && bytes < bytes_max; --left) {
    auto one = outlets_.lower_bound(next_);
    if (one == outlets_.end()) one = outlets_.begin();
    next_ = one->first + 1;
    if (auto why = parts_.hub.misfortune(one->second.id)) {
      const std::uint64_t attachment = one->first;
      detach(attachment);
      refuse(attachment, *std::move(why));
      if (outlets_.empty()) return;
      continue;
    }
    bytes += fill_events(telling, one->first, one->second, bytes_max - bytes);
  }
}

std::size_t Outlets::fill_events(Telling& telling, std::uint64_t attachment, Outlet& outlet, std::size_t bytes_max) {
  if (!outlet.has_more || outlet.bytes >= outlet.bytes_max) return 0;
  const EventHub::Batch batch =
      parts_.hub.take(outlet.id, events_at_a_time, std::min(bytes_max, outlet.bytes_max - outlet.bytes));
  outlet.lost += batch.lost;
  if (batch.entries.empty() && batch.lost == 0) {
    outlet.has_more = false;
    return 0;
  }
  auto& events = *telling.add_items()->mutable_events();
  events.set_attachment(attachment);
  events.set_lost(outlet.lost);
  events.set_cursor(batch.cursor + 1 - batch.entries.size());
  std::size_t bytes = 0;
  for (const EventHub::Entry& entry : batch.entries) bytes += add(entry, events);
  if (!batch.entries.empty()) outlet.on_the_way.push_back({batch.cursor, bytes});
  outlet.bytes += bytes;
  parts_.metrics.told.add(batch.entries.size());
  return bytes;
}

std::size_t Outlets::add(const EventHub::Entry& entry, cluster::v1::Events& events) const {
  v1::Event shown;
  parts_.calls.show_event(entry.number, *entry.event, shown);
  std::string& bytes = *events.add_events();
  if (shown.ByteSizeLong() <= event_bytes_max) {
    bytes = shown.SerializeAsString();
    return entry.bytes();
  }
  // Its place is kept, so that cursors mean the same on both sides.
  parts_.metrics.too_large.add();
  base::log_warning("event_too_large", {{"connection", shown.connection()}, {"bytes", shown.ByteSizeLong()}});
  events.set_lost(events.lost() + 1);
  return entry.bytes();
}

void Outlets::on_taken() {
  for (auto& [attachment, outlet] : outlets_) outlet.lost = 0;
}

void Outlets::tell_anew() {
  for (auto& [attachment, outlet] : outlets_) {
    parts_.hub.rewind(outlet.id);
    outlet.on_the_way.clear();
    outlet.bytes = 0;
    outlet.has_more = true;
  }
}

void Outlets::set_away(bool is_away) {
  is_away_ = is_away;
  for (const auto& [attachment, outlet] : outlets_) parts_.hub.set_away(outlet.id, is_away);
}

// --- what they say ---

void Outlets::take(const Item& item) {
  if (item.has_attach()) return attach(item.attach());
  if (item.has_detach()) return detach(item.detach().attachment());
  if (item.has_acknowledge()) acknowledge(item.acknowledge().attachment(), item.acknowledge().cursor());
}

void Outlets::attach(const cluster::v1::AttachReplica& request) {
  const std::uint64_t attachment = request.attachment();
  if (outlets_.contains(attachment) || outlets_.size() >= outlets_max) {
    return refuse(attachment, base::fail(base::Errc::exhausted, "a node has too many replicas of backends"));
  }
  workers::KindSet kinds = 0;
  for (const std::uint32_t kind : request.kinds()) kinds |= kinds_of(static_cast<int>(kind));
  EventFilter::Patterns patterns{.namespaces = {request.namespaces().begin(), request.namespaces().end()},
                                 .rooms = {request.rooms().begin(), request.rooms().end()},
                                 .events = {request.events().begin(), request.events().end()}};
  const EventHub::Wish wish{.group = request.group(),
                            .credits = std::max<std::uint64_t>(request.events_max(), 1),
                            .gives_verdicts = request.verdicts(),
                            .filter = parts_.calls.filter_of(kinds, std::move(patterns)),
                            .elsewhere = ReplicaPlace{parts_.node, request.replica()}};
  const auto attached =
      parts_.hub.attach(wish, [post = parts_.executor.poster(), weak = std::weak_ptr(self_), attachment] {
        post([weak, attachment] {
          if (const auto alive = weak.lock()) (*alive)->wake(attachment);
        });
      });
  if (!attached) return refuse(attachment, attached.error());
  parts_.hub.set_away(*attached, is_away_);
  Outlet& outlet = outlets_[attachment];
  outlet.id = *attached;
  outlet.bytes_max = std::max<std::size_t>(request.bytes_max(), 1);
  parts_.wake();
}

void Outlets::wake(std::uint64_t attachment) {
  const auto outlet = outlets_.find(attachment);
  if (outlet == outlets_.end()) return;
  outlet->second.has_more = true;
  parts_.wake();
}

void Outlets::refuse(std::uint64_t attachment, base::Error why) {
  base::log_warning("backend_replica_refused", {{"attachment", attachment}, {"why", why.detail}});
  refusals_.push_back({attachment, std::move(why)});
  parts_.wake();
}

void Outlets::detach(std::uint64_t attachment) {
  const auto outlet = outlets_.extract(attachment);
  if (!outlet.empty()) parts_.hub.detach(outlet.mapped().id);
}

void Outlets::acknowledge(std::uint64_t attachment, std::uint64_t cursor) {
  const auto found = outlets_.find(attachment);
  if (found == outlets_.end()) return;
  Outlet& outlet = found->second;
  if (cursor <= outlet.acknowledged || !parts_.hub.acknowledge(outlet.id, cursor)) return;
  parts_.hub.credit(outlet.id, cursor - outlet.acknowledged);
  outlet.acknowledged = cursor;
  while (!outlet.on_the_way.empty() && outlet.on_the_way.front().cursor <= cursor) {
    outlet.bytes -= outlet.on_the_way.front().bytes;
    outlet.on_the_way.pop_front();
  }
  outlet.has_more = true;
  parts_.wake();
}

void Outlets::detach_all() {
  for (auto& [attachment, outlet] : std::exchange(outlets_, {})) parts_.hub.detach(outlet.id);
  refusals_.clear();
}

bool Outlets::are_settled() const {
  return refusals_.empty() &&
         std::ranges::all_of(outlets_, [this](const auto& one) { return parts_.hub.is_settled(one.second.id); });
}

}  // namespace sluice::control
