#include "gateway/socket_records.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "gateway/run_at.hpp"
#include "gateway/socket_io_socket.hpp"
#include "gateway/socket_recovery.hpp"

namespace sluice::gateway {

using base::Errc;
using workers::Connection;
using workers::Worker;

namespace {

// Of one worker's sockets at a time: enough that a broker which answers within milliseconds takes thousands in a
// second, few enough that nobody else's words wait behind them.
constexpr std::size_t under_way_max = 256;

}  // namespace

std::size_t SocketRecords::Hash::operator()(const Seals::Nonce& nonce) const {
  std::size_t hash = 0;
  std::memcpy(&hash, nonce.data(), sizeof hash);
  return hash;
}

SocketRecords::Record* SocketRecords::find(const std::string& pid) {
  const auto found = records_.find(Seals::nonce_of(pid));
  return found == records_.end() ? nullptr : &found->second;
}

void SocketRecords::forget(const std::string& pid) { records_.erase(Seals::nonce_of(pid)); }

// --- of those that live here ---

void SocketRecords::note_changed(Worker& worker, Connection& rider) {
  if (!are_kept()) return;
  auto* const socket = dynamic_cast<SocketIoSocket*>(&rider.wire());
  if (socket == nullptr || !socket->begin_change()) return;
  changed_.push_back({rider.slot(), rider.generation()});
  worker.metrics().roaming.records_waiting.set(changed_.size() + under_way_);
}

void SocketRecords::write_changed(Worker& worker) {
  while (!changed_.empty() && !is_stalled_ && under_way_ < under_way_max) {
    const Slot one = changed_.front();
    changed_.pop_front();
    write_one(worker, one);
  }
  worker.metrics().roaming.records_waiting.set(changed_.size() + under_way_);
}

void SocketRecords::write_one(Worker& worker, const Slot& one) {
  Connection* const rider = worker.find_open(one.slot, one.generation);
  auto* const socket = rider != nullptr ? dynamic_cast<SocketIoSocket*>(&rider->wire()) : nullptr;
  if (socket == nullptr) return;
  socket->end_change();
  ++under_way_;
  WorkerContext& context = contexts_.context_of(worker);
  const std::string pid = socket->pid();
  const auto write_there = [pid, one, from = worker.id(), broken = socket->broken(worker, *rider)](Worker& there,
                                                                                                   WorkerContext& its) {
    SocketRecords& records = its.socket_records;
    records.write(there, pid, broken, [&records, pid, one, from](Worker& keeper, bool is_settled) {
      // It may break before it is tried again.
      if (!is_settled) records.unwritten_.push_back(pid);
      run_at(keeper, records.contexts_.context_of(keeper), from, [one, is_settled](Worker& back, WorkerContext& ours) {
        ours.socket_records.take_done(back, one, is_settled);
      });
    });
  };
  run_at(worker, context, keeper_of(worker, context, pid), write_there);
}

void SocketRecords::take_done(Worker& worker, const Slot& one, bool is_settled) {
  --under_way_;
  if (is_settled) return write_changed(worker);
  is_stalled_ = true;
  worker.metrics().roaming.records_waiting.set(changed_.size() + under_way_);
  Connection* const rider = worker.find_open(one.slot, one.generation);
  if (rider != nullptr) note_changed(worker, *rider);
}

void SocketRecords::on_second(Worker& worker) {
  if (!are_kept()) return;
  is_stalled_ = false;
  refresh_some(worker);
  write_changed(worker);
  const Recovery& recovery = contexts_.context_of(worker).recovery;
  for (const std::string& pid : std::exchange(unwritten_, {})) {
    if (const BrokenSocket* const socket = recovery.find(pid)) write_broken(worker, pid, *socket);
  }
  for (const std::string& pid : std::exchange(unremoved_, {})) end(worker, pid);
}

// Records that were not written again for long are gone; so each socket's turn comes in time.
void SocketRecords::refresh_some(Worker& worker) {
  const std::uint32_t slots = worker.slab().slots();
  constexpr auto turns = static_cast<std::uint32_t>(std::chrono::seconds(records_written_again_every).count());
  for (std::uint32_t count = slots / turns + 1; count > 0 && slots > 0; --count) {
    if (++refreshed_ >= slots) refreshed_ = 0;
    Connection& connection = worker.slab().at(refreshed_);
    if (connection.is_open() && connection.is_rider() && connection.is_announced()) note_changed(worker, connection);
  }
}

// --- of those whose keeper this worker is ---

void SocketRecords::write(Worker& worker, const std::string& pid, const BrokenSocket& socket, Written then) {
  Record& record = records_[Seals::nonce_of(pid)];
  if (record.busy) return then(worker, false);
  record.busy = std::make_unique<Busy>();
  store_.write(
      worker.id(), pid, socket, record.revision,
      [this, pid, then = std::move(then)](Worker& there, WorkerContext&, const base::Result<std::uint64_t>& revision) {
        take_written(there, pid, revision, then);
      });
}

void SocketRecords::take_written(Worker& worker, const std::string& pid, const base::Result<std::uint64_t>& revision,
                                 const Written& then) {
  Record* const record = find(pid);
  if (record == nullptr) return then(worker, true);
  if (!revision && revision.error().code == Errc::already_exists) return look_whose(worker, pid, then);
  if (revision) {
    record->revision = *revision;
    worker.metrics().roaming.written.add();
  } else {
    worker.metrics().roaming.unwritten.add();
  }
  settle(worker, pid, *record);
  then(worker, revision.has_value());
}

void SocketRecords::look_whose(const Worker& worker, const std::string& pid, Written then) {
  store_.read(
      worker.id(), pid,
      [this, pid, then = std::move(then)](Worker& there, WorkerContext&, const base::Result<SocketRecord>& found) {
        Record* const record = find(pid);
        if (record == nullptr) return then(there, true);
        const bool is_away = !found && found.error().code != Errc::not_found;
        const bool is_ours = found ? found->holder == there.incarnation() : !is_away;
        // Of another node, or unreadable: this one has no say any more.
        if (!is_ours && (found || found.error().code == Errc::bad_request)) {
          if (record->busy->handed_over) record->busy->handed_over(0);
          forget(pid);
          contexts_.context_of(there).recovery.drop(pid);
          return then(there, true);
        }
        if (is_ours) record->revision = found ? found->revision : 0;
        settle(there, pid, *record);
        then(there, false);
      });
}

void SocketRecords::settle(const Worker& worker, const std::string& pid, Record& record) {
  const std::unique_ptr<Busy> busy = std::move(record.busy);
  if (busy->handed_over) {
    const std::uint64_t revision = record.revision;
    forget(pid);
    busy->handed_over(revision);
  } else if (busy->is_ending) {
    begin_removal(worker, pid, record);
  }
}

void SocketRecords::write_broken(Worker& worker, const std::string& pid, const BrokenSocket& socket) {
  if (!are_kept()) return;
  write(worker, pid, socket, [this, pid](Worker&, bool is_settled) {
    if (!is_settled) unwritten_.push_back(pid);
  });
}

void SocketRecords::end(Worker& worker, const std::string& pid) {
  Record* const record = find(pid);
  if (record == nullptr) return;
  if (record->busy) {
    record->busy->is_ending = true;
  } else {
    begin_removal(worker, pid, *record);
  }
}

void SocketRecords::begin_removal(const Worker& worker, const std::string& pid, Record& record) {
  if (record.revision == 0) return forget(pid);
  record.busy = std::make_unique<Busy>();
  record.busy->is_ending = true;
  store_.remove(worker.id(), pid, record.revision,
                [this, pid](Worker& there, WorkerContext&, const base::Result<std::uint64_t>& revision) {
                  take_removed(there, pid, revision);
                });
}

void SocketRecords::take_removed(const Worker& worker, const std::string& pid,
                                 const base::Result<std::uint64_t>& revision) {
  Record* const record = find(pid);
  if (record == nullptr) return;
  if (!revision && revision.error().code == Errc::already_exists) {
    return look_whose(worker, pid, [](Worker&, bool) {});
  }
  const std::unique_ptr<Busy> busy = std::move(record->busy);
  if (busy->handed_over) busy->handed_over(0);
  if (!revision && revision.error().code != Errc::not_found) return unremoved_.push_back(pid);
  forget(pid);
}

void SocketRecords::hand_over(const std::string& pid, std::function<void(std::uint64_t)> then) {
  Record* const record = find(pid);
  if (record == nullptr) return then(0);
  if (record->busy) {
    record->busy->handed_over = std::move(then);
    return;
  }
  const std::uint64_t revision = record->revision;
  forget(pid);
  then(revision);
}

void SocketRecords::adopt(const std::string& pid, std::uint64_t revision) {
  Record& record = records_[Seals::nonce_of(pid)];
  if (!record.busy) record.revision = revision;
}

void SocketRecords::await(const std::string& pid) {
  Record& record = records_[Seals::nonce_of(pid)];
  if (!record.busy) record.busy = std::make_unique<Busy>();
}

void SocketRecords::end_wait(Worker& worker, const std::string& pid, const std::optional<std::uint64_t>& revision) {
  Record* const record = find(pid);
  if (record == nullptr || !record->busy) return;
  record->revision = revision.value_or(0);
  if (revision) return settle(worker, pid, *record);
  const std::unique_ptr<Busy> busy = std::move(record->busy);
  forget(pid);
  if (busy->handed_over) busy->handed_over(0);
}

}  // namespace sluice::gateway
