#include "control/keeping.hpp"

#include <algorithm>
#include <utility>

#include "base/node_message.hpp"

namespace sluice::control {
namespace {

constexpr std::size_t notes_at_a_time = 1000;

}  // namespace

// --- what we tell ---

void Keeping::tell_announced(std::uint32_t whose) {
  announced_.push_back(whose);
  parts_.wake();
}

void Keeping::fill(Telling& telling, std::size_t) {
  for (; announced_told_ < announced_.size(); ++announced_told_) {
    telling.add_items()->mutable_announced()->set_node(announced_[announced_told_]);
  }
  if (!parts_.book.is_keeper(parts_.node)) return;
  if (std::exchange(version_, parts_.book.version()) != version_) {
    const auto& keepers = parts_.book.keepers();
    telling.add_items()->mutable_keepers()->mutable_nodes()->Assign(keepers.begin(), keepers.end());
  }
  const auto notes = parts_.book.give(parts_.node, notes_at_a_time);
  if (notes.empty()) return;
  auto& kept = *telling.add_items()->mutable_keep();
  for (const ConnectionNote* const note : notes) put(*note, *kept.add_connections());
}

void Keeping::put(const ConnectionNote& note, cluster::v1::KeptConnection& out) const {
  base::put_id(note.connection, *out.mutable_connection());
  out.set_over(note.is_over);
  if (note.told) {
    out.set_told(true);
    out.set_namespace_(std::string(parts_.name_of(note.told->name_space)));
    out.set_session(note.told->session);
    out.set_protocol(static_cast<std::uint32_t>(note.told->protocol));
    out.set_connected_for_ms(static_cast<std::uint64_t>(note.told->connected_for.count()));
  }
  for (const ConnectionOwner& owner : note.owners) {
    auto& told = *out.add_owners();
    told.set_group(owner.group);
    told.set_node(owner.place.node);
    told.set_replica(owner.place.replica);
  }
}

void Keeping::on_taken() {
  announced_.erase(announced_.begin(), announced_.begin() + static_cast<std::ptrdiff_t>(announced_told_));
  announced_told_ = 0;
  parts_.book.confirm(parts_.node);
}

void Keeping::tell_anew() {
  announced_told_ = 0;
  version_ = 0;
  parts_.book.restart(parts_.node);
}

void Keeping::set_away(bool is_away) { parts_.book.set_away(parts_.node, is_away); }

// --- what we are told ---

void Keeping::take(const Item& item) {
  if (item.has_keepers()) {
    parts_.kept.set_keepers(parts_.node, {item.keepers().nodes().begin(), item.keepers().nodes().end()});
  } else if (item.has_keep()) {
    for (const cluster::v1::KeptConnection& note : item.keep().connections()) take(note);
    parts_.metrics.kept.set(parts_.kept.size());
  } else if (item.has_announced()) {
    if (item.announced().node() == parts_.incarnation) return parts_.on_announced();
    parts_.announcer.on_announced(item.announced().node());
  }
}

void Keeping::take(const cluster::v1::KeptConnection& note) {
  const auto id = base::take_id(note.connection());
  if (!id || id->incarnation != parts_.node) return parts_.metrics.malformed.add();
  if (note.over()) return parts_.kept.erase(parts_.node, *id);
  if (note.told()) {
    KeptConnection kept{.name_space = note.namespace_(), .session = note.session()};
    const bool is_known = note.protocol() < workers::protocol_names.size();
    if (is_known) kept.protocol = static_cast<workers::Protocol>(note.protocol());
    constexpr std::uint64_t century_ms = 3'155'760'000'000;
    kept.since = base::Clock::now() - std::chrono::milliseconds(std::min(note.connected_for_ms(), century_ms));
    parts_.kept.put(parts_.node, *id, std::move(kept));
  }
  for (const auto& owner : note.owners()) {
    parts_.kept.own(parts_.node, *id, {owner.group(), {owner.node(), owner.replica()}});
  }
}

// It tells anew of those that it has.
void Keeping::forget() {
  parts_.kept.take(parts_.node);
  parts_.metrics.kept.set(parts_.kept.size());
}

}  // namespace sluice::control
