#include "control/attachments.hpp"

#include <algorithm>
#include <utility>

#include "control/event_kinds.hpp"
#include "sluice/v1/backends.pb.h"

namespace sluice::control {
void Attachments::add(EventHub::ReplicaId id) {
  attachments_.emplace(parts_.new_number(), Attachment{.replica = id});
  parts_.wake();
}

void Attachments::remove(EventHub::ReplicaId id) {
  std::erase_if(attachments_, [&](const auto& one) {
    if (one.second.replica != id) return false;
    if (one.second.is_told) detached_.push_back(one.first);
    return true;
  });
  parts_.wake();
}

bool Attachments::note_done(std::uint64_t number, std::uint64_t cursor) {
  const auto found = attachments_.find(number);
  if (found == attachments_.end()) return false;
  found->second.done = std::max(found->second.done, cursor);
  pass_over(found->second);
  parts_.wake();
  return true;
}

// What was not told is dealt with as soon as all before it is.
void Attachments::pass_over(Attachment& attachment) {
  std::set<std::uint64_t>& passed = attachment.passed_over;
  while (!passed.empty() && *passed.begin() <= attachment.done + 1) {
    attachment.done = std::max(attachment.done, *passed.begin());
    passed.erase(passed.begin());
  }
}

// --- what we tell ---

void Attachments::fill(Telling& telling, std::size_t) {
  for (const std::uint64_t number : std::exchange(detached_, {})) {
    telling.add_items()->mutable_detach()->set_attachment(number);
  }
  for (auto& [number, attachment] : attachments_) {
    if (!std::exchange(attachment.is_told, true)) tell(telling, number, parts_.replicas.at(attachment.replica));
    if (attachment.told == attachment.done) continue;
    attachment.told = attachment.done;
    auto& told = *telling.add_items()->mutable_acknowledge();
    told.set_attachment(number);
    told.set_cursor(attachment.done);
  }
}

void Attachments::tell(Telling& telling, std::uint64_t number, const OwnReplica& replica) const {
  auto& told = *telling.add_items()->mutable_attach();
  told.set_attachment(number);
  told.set_replica(attachments_.at(number).replica);
  told.set_group(replica.wish.group);
  told.set_verdicts(replica.wish.gives_verdicts);
  const EventFilter& filter = replica.wish.filter;
  for (const auto& [kind, bits] : event_kinds) {
    if ((filter.kinds() & bits) != 0) told.add_kinds(static_cast<std::uint32_t>(kind));
  }
  told.mutable_namespaces()->Assign(filter.patterns().namespaces.begin(), filter.patterns().namespaces.end());
  told.mutable_rooms()->Assign(filter.patterns().rooms.begin(), filter.patterns().rooms.end());
  told.mutable_events()->Assign(filter.patterns().events.begin(), filter.patterns().events.end());
  told.set_events_max(replica.events_max);
  told.set_bytes_max(replica.bytes_max);
}

// Those of before are gone there, with what was not acknowledged.
void Attachments::tell_anew() {
  attachments_.clear();
  detached_.clear();
  for (const auto& [id, replica] : parts_.replicas) add(id);
}

// --- what we are told ---

void Attachments::take(const Item& item) {
  if (item.has_events()) return take(item.events());
  if (item.has_refuse()) take(item.refuse());
}

void Attachments::take(const cluster::v1::Events& events) {
  const auto found = attachments_.find(events.attachment());
  if (found == attachments_.end()) return;
  Attachment& attachment = found->second;
  std::vector<EventHub::Foreign> heard;
  std::uint64_t cursor = events.cursor();
  for (const std::string& bytes : events.events()) {
    const std::uint64_t own = cursor++;
    if (own <= attachment.heard) continue;  // it was told again
    attachment.heard = own;
    auto event = event_of(bytes);
    if (!event) {
      attachment.passed_over.insert(own);
      continue;
    }
    event->attachment = found->first;
    event->cursor = own;
    heard.push_back(*std::move(event));
  }
  parts_.metrics.heard.add(heard.size());
  if (!attachment.passed_over.empty()) {
    pass_over(attachment);
    parts_.wake();
  }
  if (!heard.empty() || events.lost() > 0) parts_.hub.deliver(attachment.replica, std::move(heard), events.lost());
}

// Nothing: the other node could not send it, or it is no event.
std::optional<EventHub::Foreign> Attachments::event_of(const std::string& bytes) const {
  if (bytes.empty()) return std::nullopt;
  auto event = std::make_shared<v1::Event>();
  if (!event->ParseFromString(bytes)) {
    parts_.metrics.malformed.add();
    return std::nullopt;
  }
  return EventHub::Foreign{.event = std::move(event), .bytes = sizeof(v1::Event) + bytes.size()};
}

void Attachments::take(const cluster::v1::RefuseReplica& refusal) {
  const auto found = attachments_.extract(refusal.attachment());
  if (found.empty()) return;
  parts_.hub.end(found.mapped().replica, base::fail(base::errc_named(refusal.reason()), refusal.detail()));
}

}  // namespace sluice::control
