#include "control/note_book.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "control/rendezvous.hpp"

namespace sluice::control {

void NoteBook::set_nodes(const std::vector<std::uint32_t>& nodes) {
  const auto is_there = [&nodes](std::uint32_t node) { return std::ranges::find(nodes, node) != nodes.end(); };
  const auto before = order_;
  std::erase_if(order_, [&](std::uint32_t node) { return !is_there(node); });
  std::erase_if(keepers_, [&](const auto& one) { return !is_there(one.first); });
  std::vector<std::uint32_t> candidates = nodes;
  std::erase_if(candidates, [this](std::uint32_t node) { return keepers_.contains(node); });
  const auto chosen = rendezvous(parts_.incarnation, std::move(candidates), keepers_max - order_.size());
  order_.insert(order_.end(), chosen.begin(), chosen.end());
  if (order_ == before) return;
  ++version_;
  parts_.hub.keep_notes(!order_.empty());
  if (order_.empty()) notes_.clear();
  for (const std::uint32_t node : chosen) start_keeper(node);
  settle();
  parts_.wake();
}

// What was noted before it came is noted again.
void NoteBook::start_keeper(std::uint32_t node) {
  collect();
  Keeper& keeper = keepers_[node];
  keeper.given = keeper.confirmed = last_;
  parts_.hub.note_ends();
  parts_.note_again();
}

void NoteBook::collect() {
  for (;;) {
    auto taken = parts_.hub.take_notes(10'000);
    last_ = std::max(last_, taken.last);
    std::uint64_t number = taken.last - taken.notes.size();
    for (ConnectionNote& note : taken.notes) notes_.push_back({++number, std::move(note)});
    if (taken.is_broken) {
      for (auto& [node, keeper] : keepers_) keeper.has_missed = true;
    }
    if (taken.notes.empty()) break;
  }
  if (notes_.size() > notes_max) {
    for (auto& [node, keeper] : keepers_) keeper.has_missed = keeper.has_missed || keeper.confirmed < last_;
    notes_.clear();
  }
  settle();
  if (!notes_.empty()) parts_.wake();
}

std::vector<const ConnectionNote*> NoteBook::give(std::uint32_t node, std::size_t count) {
  Keeper& keeper = keepers_.at(node);
  if (std::exchange(keeper.has_missed, false)) start_keeper(node);
  std::vector<const ConnectionNote*> given;
  auto next = std::ranges::upper_bound(notes_, keeper.given, {}, &Numbered::number);
  for (; next != notes_.end() && given.size() < count; ++next) {
    given.push_back(&next->note);
    keeper.given = next->number;
  }
  if (next == notes_.end()) keeper.given = std::max(keeper.given, last_);
  return given;
}

void NoteBook::confirm(std::uint32_t node) {
  const auto keeper = keepers_.find(node);
  if (keeper == keepers_.end()) return;
  keeper->second.confirmed = keeper->second.given;
  settle();
}

void NoteBook::restart(std::uint32_t node) {
  if (keepers_.contains(node)) start_keeper(node);
}

void NoteBook::set_away(std::uint32_t node, bool is_away) {
  const auto keeper = keepers_.find(node);
  if (keeper == keepers_.end()) return;
  keeper->second.is_away = is_away;
  settle();
}

// Events wait for those that can be reached; notes are held until all have them.
void NoteBook::settle() {
  std::uint64_t reached = last_, all = last_;
  for (auto& [node, keeper] : keepers_) {
    const bool has_all = notes_.empty() || notes_.back().number <= keeper.confirmed;
    if (has_all) keeper.given = keeper.confirmed = last_;
    if (!keeper.is_away) reached = std::min(reached, keeper.confirmed);
    all = std::min(all, keeper.confirmed);
  }
  parts_.hub.confirm_notes(reached);
  while (!notes_.empty() && notes_.front().number <= all) notes_.pop_front();
}

}  // namespace sluice::control
