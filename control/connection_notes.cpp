#include "control/connection_notes.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sluice::control {

void ConnectionNotes::set_on(bool is_on) {
  if (std::exchange(is_on_, is_on) == is_on || is_on) return;
  notes_.clear();
  ends_.clear();
  is_broken_ = false;
}

ConnectionNote& ConnectionNotes::add(const base::ConnectionId& connection) {
  if (notes_.size() >= notes_max_) {
    notes_.clear();
    is_broken_ = true;
  }
  ++last_;
  ConnectionNote& note = notes_.emplace_back();
  note.connection = connection;
  return note;
}

void ConnectionNotes::tell(const std::shared_ptr<const workers::ClientEvent>& event) {
  if (is_on_) add(event->connection).told = event;
}

void ConnectionNotes::own(const base::ConnectionId& connection, std::string_view group, const ReplicaPlace& place) {
  if (!is_on_) return;
  const bool goes_on = !notes_.empty() && notes_.back().connection == connection && !notes_.back().is_over;
  ConnectionNote& note = goes_on ? notes_.back() : add(connection);
  note.owners.push_back({std::string(group), place});
}

void ConnectionNotes::hold_end(const base::ConnectionId& connection) {
  if (is_on_) ++ends_[connection];
}

void ConnectionNotes::release_end(const base::ConnectionId& connection) {
  const auto found = ends_.find(connection);
  if (found == ends_.end() || --found->second > 0) return;
  ends_.erase(found);
  add(connection).is_over = true;
}

ConnectionNotes::Taken ConnectionNotes::take(std::size_t notes_max) {
  const std::size_t count = std::min(notes_max, notes_.size());
  const auto end = notes_.begin() + static_cast<std::ptrdiff_t>(count);
  Taken taken;
  taken.notes.assign(std::make_move_iterator(notes_.begin()), std::make_move_iterator(end));
  notes_.erase(notes_.begin(), end);
  taken.last = last_ - notes_.size();
  taken.is_broken = std::exchange(is_broken_, false);
  return taken;
}

}  // namespace sluice::control
