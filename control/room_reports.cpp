#include "control/room_reports.hpp"

#include <bit>
#include <utility>

namespace sluice::control {
namespace {

constexpr std::size_t changes_max = 100'000;  // that wait; with more all is reported anew
constexpr std::size_t name_bytes_max = 8192;

std::size_t put(const ClusterRoom& room, bool is_occupied, bool is_fresh, cluster::v1::ReportRooms& out) {
  auto& told = *out.add_rooms();
  told.set_namespace_(room.name_space);
  told.set_room(room.name);
  told.set_occupied(is_occupied);
  told.set_fresh(is_fresh);
  return room.name_space.size() + room.name.size() + 16;
}

}  // namespace

RoomReports::RoomReports(Parts parts) : parts_(std::move(parts)) { parts_.rooms.add(parts_.node, *this); }

void RoomReports::set_slots(RoomSlots slots) {
  if (slots == slots_) return;
  const RoomSlots won = slots & ~slots_, lost = slots_ & ~slots;
  slots_ = slots;
  missing_ = (missing_ | won) & slots;
  dropped_ = (dropped_ | lost) & ~slots;
  last_ = {};
  parts_.wake();
}

void RoomReports::report(const ClusterRoom& room, bool is_occupied) {
  changes_.push_back({room, is_occupied});
  if (changes_.size() > changes_max) return begin_anew();
  parts_.wake();
}

void RoomReports::begin_anew() {
  is_anew_ = true;
  changes_.clear();
  missing_ = slots_;
  last_ = {};
  parts_.wake();
}

void RoomReports::tell_anew() {
  begin_anew();
  is_anew_ = false;  // as the session is
  dropped_ = 0;
}

bool RoomReports::has_more() const {
  return is_anew_ || dropped_ != 0 || !changes_.empty() || (missing_ != 0 && parts_.rooms.is_counted());
}

// Changes come first: what is told whole is as it is behind them.
void RoomReports::fill(Telling& telling, std::size_t bytes_max) {
  if (!has_more()) return;
  auto& out = *telling.add_items()->mutable_rooms();
  out.set_anew(std::exchange(is_anew_, false));
  out.set_dropped(std::exchange(dropped_, 0));
  std::size_t bytes = 0;
  for (; !changes_.empty() && bytes < bytes_max; changes_.pop_front()) {
    bytes += put(changes_.front().room, changes_.front().is_occupied, true, out);
  }
  while (missing_ != 0 && bytes < bytes_max && changes_.empty() && parts_.rooms.is_counted()) {
    bytes += fill_slot(out, bytes_max - bytes);
  }
}

std::size_t RoomReports::fill_slot(cluster::v1::ReportRooms& out, std::size_t bytes_max) {
  const auto slot = static_cast<std::size_t>(std::countr_zero(missing_));
  if (std::exchange(slot_, slot) != slot) last_ = {};
  std::size_t bytes = 0;
  const auto& rooms = parts_.rooms.occupied(slot);
  for (auto room = rooms.upper_bound(last_); room != rooms.end(); ++room) {
    if (bytes >= bytes_max) return bytes;
    bytes += put(*room, true, false, out);
    last_ = *room;
  }
  missing_ &= ~slot_bit(slot);
  out.set_complete(out.complete() | slot_bit(slot));
  last_ = {};
  return bytes;
}

// --- what we are told ---

void RoomReports::take(const Item& item) {
  if (!item.has_rooms()) return;
  const cluster::v1::ReportRooms& told = item.rooms();
  parts_.rooms.change([&](RoomKeeper& keeper, base::TimePoint now) {
    if (told.anew()) keeper.begin_anew(parts_.node);
    keeper.drop(parts_.node, told.dropped());
    for (const auto& one : told.rooms()) {
      if (one.namespace_().size() + one.room().size() > name_bytes_max) {
        parts_.metrics.malformed.add();
        continue;
      }
      keeper.report(parts_.node, {one.namespace_(), one.room()}, one.occupied(), one.fresh(), now);
    }
    keeper.complete(parts_.node, told.complete(), now);
  });
}

void RoomReports::forget() {
  parts_.rooms.change([this](RoomKeeper& keeper, base::TimePoint) { keeper.begin_anew(parts_.node); });
}

}  // namespace sluice::control
