// The part of Worker that is about taking no more clients, and ending those that there are over a time.
#include <fcntl.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/mix.hpp"
#include "workers/commands.hpp"
#include "workers/worker.hpp"

namespace sluice::workers {
namespace {

std::int64_t rank_of(const Connection& connection, DrainOrder order) {
  switch (order) {
    case DrainOrder::chance:
      break;
    case DrainOrder::newest:
      return -connection.since().time_since_epoch().count();
    case DrainOrder::oldest:
      return connection.since().time_since_epoch().count();
    case DrainOrder::idle:
      return connection.active_at().time_since_epoch().count();
  }
  return 0;
}

// Of that part of its life connections end at random moments.
constexpr double age_jitter = 0.2;

// From 0 to 1, for each connection another, and always the same.
double chance_of(const Connection& connection, std::uint32_t incarnation) {
  const std::uint64_t own = std::uint64_t{connection.slot()} << 32 | connection.generation();
  return static_cast<double>(base::mix(own ^ incarnation) >> 11) / static_cast<double>(std::uint64_t{1} << 53);
}

// A request is over soon by itself; and who rides ends with whom it rides on.
bool lives_long(const Connection& connection) {
  return connection.is_open() && !connection.is_rider() &&
         (connection.is_announced() || connection.protocol() != Protocol::http);
}

// Its first request is on its way: as who comes only behind this, it ends with the plan at the latest.
constexpr base::Duration arriving_max = std::chrono::seconds(1);
bool is_arriving(const Connection& connection, base::TimePoint now) {
  return connection.protocol() == Protocol::http && !connection.is_announced() &&
         now - connection.since() < arriving_max;
}

}  // namespace

void Worker::stop_accepting(bool for_good) {
  stops_accepting_ = true;
  is_accepting_ = false;
  is_leaving_ = is_leaving_ || for_good;
}

void Worker::give_up_listeners() {
  is_accepting_ = stops_accepting_ = false;
  is_leaving_ = true;
  acceptor_.close_all();
  if (std::exchange(has_given_ports_, true)) return;
  for (const Port& port : ports_) readiness_.remove(port.port->descriptor());
}

ListeningSockets Worker::listening_sockets() const {
  ListeningSockets sockets;
  sockets.listeners = acceptor_.copies();
  for (const Port& port : ports_) {
    base::Descriptor copy(fcntl(port.port->descriptor(), F_DUPFD_CLOEXEC, 0));
    if (copy) sockets.ports.push_back(std::move(copy));
  }
  return sockets;
}

base::Status Worker::may_listen() const {
  if (is_leaving_) return base::fail(base::Errc::unavailable, "the process is about to end");
  return acceptor_.are_addresses_free();
}

base::Status Worker::listen_again() {
  if (is_leaving_) return base::fail(base::Errc::unavailable, "the process is about to end");
  stops_accepting_ = false;
  return acceptor_.listen_again();
}

void Worker::undrain() {
  // A signal that came first wants its drain.
  if (is_leaving_) return;
  is_accepting_ = true;
  drain_.reset();
  shed_.reset();
}

void Worker::drain(DrainWish wish) {
  std::vector<DrainPlan::Item> items;
  for (std::uint32_t slot = 0; slot < slab_.slots(); ++slot) {
    const Connection& connection = slab_.at(slot);
    if (!connection.is_open() || connection.is_rider() || is_arriving(connection, now_)) continue;
    items.push_back({slot, connection.generation_, rank_of(connection, wish.order)});
  }
  shed_.reset();
  drain_.emplace(std::move(items), now_, std::move(wish), random_);
}

std::uint64_t Worker::shed(DrainWish wish, double percent) {
  std::vector<DrainPlan::Item> items;
  for (std::uint32_t slot = 0; slot < slab_.slots(); ++slot) {
    const Connection& connection = slab_.at(slot);
    if (!lives_long(connection)) continue;
    items.push_back({slot, connection.generation_, rank_of(connection, wish.order)});
  }
  std::shuffle(items.begin(), items.end(), random_);
  std::ranges::stable_sort(items, {}, &DrainPlan::Item::rank);
  const double wanted = static_cast<double>(items.size()) * percent / 100;
  // What is left of a whole one is left to chance, so that it is so many over all workers, too.
  const double chance = std::uniform_real_distribution<double>(0, 1)(random_);
  items.resize(std::min(items.size(), static_cast<std::size_t>(std::floor(wanted + chance))));
  const std::size_t count = items.size();
  shed_.emplace(std::move(items), now_, std::move(wish), random_);
  return count;
}

void Worker::run_plan(DrainPlan& plan) {
  while (const DrainPlan::Item* const due = plan.next_due(now_)) {
    if (Connection* const connection = slab_.find(due->slot, due->generation)) end(*connection, plan.ending(random_));
  }
}

void Worker::run_drains() {
  if (shed_) {
    run_plan(*shed_);
    if (shed_->is_over(now_)) shed_.reset();
  }
  if (!drain_) return;
  run_plan(*drain_);
  const bool is_at_end = drain_->take_end(now_), is_overdue = drain_->is_overdue(now_);
  if (is_at_end || is_overdue) {
    for (std::uint32_t slot = 0; slot < slab_.slots(); ++slot) {
      Connection& connection = slab_.at(slot);
      if (connection.phase_ == Connection::Phase::free || connection.is_rider()) continue;
      if (connection.is_open()) end(connection, drain_->ending(random_));
      if (is_overdue) abandon(connection, connection.end_reason_);
    }
  }
  if (drain_->is_done(now_)) drain_.reset();
}

// Looks at a share of the connections each second, at all of them often enough for their age.
void Worker::end_aged() {
  const std::chrono::milliseconds age_max = parts_.options.connection_age_seconds_max;
  const std::uint32_t slots = slab_.slots();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(age_max / 64).count();
  const auto turns = static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 1, 30));
  for (std::uint32_t count = (slots + turns - 1) / turns; count > 0; --count) {
    Connection& connection = slab_.at(aged_slot_ < slots ? aged_slot_ : 0);
    aged_slot_ = connection.slot_ + 1;
    if (!lives_long(connection)) continue;
    const double part = 1 - age_jitter * chance_of(connection, parts_.incarnation);
    if (now_ - connection.since_ < age_max * part) continue;
    end(connection, {EndReason::aged, 1001, "the connection is as old as it may be"});
  }
}

base::Status may_listen(Worker& worker) { return worker.may_listen(); }

base::Status listen_again(Worker& worker) { return worker.listen_again(); }

std::uint64_t shed(Worker& worker, const DrainWish& wish, double percent) { return worker.shed(wish, percent); }

}  // namespace sluice::workers
