#include "gateway/socket_claims.hpp"

#include <utility>

#include "gateway/run_at.hpp"
#include "gateway/socket_codec.hpp"

namespace sluice::gateway {

using base::Errc;
using base::fail;
using workers::Connection;
using workers::Peers;
using workers::Worker;

namespace {

constexpr std::string_view claim_kind = "socket_claim";
// The client waits for it, and comes in anew if it takes too long.
constexpr base::Duration patience = std::chrono::seconds(2);
// Somebody may write the record while it is read; who does so again and again is not meant by chance.
constexpr int tries_max = 3;
// Once a second its record is read again, if the node that it names does not know the socket: that node may be about to
// let another client have it, or the same one that tried before. Beyond what that takes, the record is out of date.
constexpr int looks_max = 8;

}  // namespace

// One client's, on its way between nodes.
struct SocketClaims::Wish {
  std::string pid;
  base::ConnectionId home;
  base::WorkerId worker;
  OnClaimed claimed;
  std::optional<SocketRecord> record = {};
  int tries = 0, looks = 0;
  bool is_store_away = false;    // for now
  bool may_be_ours = false;      // a write of the record was not answered
  bool has_lost_answer = false;  // of a holder, which may have given it to us
  bool was_given_here = false;   // so it says

  void note(const base::Error& error) {
    is_store_away = error.code != Errc::not_found && error.code != Errc::bad_request;
  }
  void tell_none(Worker& here, WorkerContext& context) const {
    // Its holder may have given it to us, or the store may have it as ours, without our having been told so.
    if (is_store_away && record && (may_be_ours || has_lost_answer)) keep_copy(here, context, pid, record->socket);
    if (is_store_away)
      return claimed(here, context, fail(Errc::unavailable, "what is known of sessions is not to be had"));
    claimed(here, context, std::optional<BrokenSocket>());
  }
};

void SocketClaims::open(workers::Pool& pool) {
  pool_ = &pool;
  if (peers_.is_alone()) return;
  peers_.serve(claim_kind,
               [this](const Peers::Question& question, const Peers::OnAnswer& answer) { give_up(question, answer); });
}

void SocketClaims::claim(Worker& worker, WorkerContext& context, const std::string& pid, OnClaimed claimed) {
  const auto home = seals_.open(Seals::Purpose::recovery, pid);
  if (!home) return claimed(worker, context, std::optional<BrokenSocket>());
  if (!store_.is_there()) {
    if (home->incarnation != worker.incarnation()) return claimed(worker, context, std::optional<BrokenSocket>());
    return claim_socket_here(worker, context, pid, std::move(claimed));
  }
  auto wish = std::make_shared<Wish>(Wish{pid, *home, worker.id(), std::move(claimed)});
  read_record(worker, wish);
}

void SocketClaims::read_record(const Worker& worker, const SharedWish& wish) {
  store_.read(worker.id(), wish->pid, [this, wish](Worker& here, WorkerContext& its, const auto& record) {
    take_record(here, its, wish, record);
  });
}

// Without a record it is as young as that, or the store is away: then it may still be where it was first opened, or
// here; if it is not, nobody knows for now.
void SocketClaims::take_record(Worker& worker, WorkerContext& context, const SharedWish& wish,
                               const base::Result<SocketRecord>& record) {
  wish->record.reset();
  wish->is_store_away = false;
  if (!record) wish->note(record.error());
  if (record) {
    wish->record = *record;
    return claim_at(worker, context, record->holder, wish);
  }
  if (wish->home.incarnation == worker.incarnation()) return claim_at(worker, context, worker.incarnation(), wish);
  const auto take = [this, wish](Worker& here, WorkerContext& its, std::optional<BrokenSocket> socket) {
    if (socket) return wish->claimed(here, its, std::move(socket));
    ask_holder(wish->home.incarnation, wish);
  };
  claim_socket_here(worker, context, wish->pid, take);
}

void SocketClaims::claim_at(Worker& worker, WorkerContext& context, std::uint32_t node, const SharedWish& wish) {
  if (node != worker.incarnation()) return ask_holder(node, wish);
  claim_socket_here(
      worker, context, wish->pid, [this, wish](Worker& here, WorkerContext& its, std::optional<BrokenSocket> socket) {
        if (socket) return wish->claimed(here, its, std::move(socket));
        run_at(here, its, keeper_of(here, its, wish->pid), [this, wish](Worker& there, WorkerContext& own) {
          run_at(there, own, wish->worker,
                 [this, wish, elsewhere = own.recovery.given_to(wish->pid)](Worker& back, WorkerContext& ours) {
                   miss(back, ours, wish, elsewhere);
                 });
        });
      });
}

// Whoever holds it and does not know it has let it go for good, unless it knows better. What it gave to this wish
// in an answer that was lost is in the store.
void SocketClaims::miss(Worker& worker, WorkerContext& context, const SharedWish& wish, std::uint32_t elsewhere) {
  if (elsewhere == worker.incarnation()) wish->was_given_here = wish->has_lost_answer;
  if (elsewhere != 0 && ++wish->tries <= tries_max) return claim_at(worker, context, elsewhere, wish);
  if (wish->was_given_here) return take_from_store(worker, context, wish);
  if (wish->record && ++wish->looks <= looks_max) {
    wish->tries = 0;
    context.next_second.emplace_back([this, wish](Worker& here) { read_record(here, wish); });
    return;
  }
  discard(worker, *wish);
  wish->tell_none(worker, context);
}

void SocketClaims::ask_holder(std::uint32_t holder, const SharedWish& wish) {
  peers_.ask(std::vector{holder}, claim_kind, socket_codec::encode_claim(wish->pid), base::Clock::now() + patience,
             [this, wish](const std::vector<workers::PeerAnswer>& answers) {
               pool_->force(wish->worker, [this, wish, answer = answers.front().payload](Worker& worker) {
                 take_answer(worker, contexts_.context_of(worker), wish, answer);
               });
             });
}

void SocketClaims::take_answer(Worker& worker, WorkerContext& context, const SharedWish& wish,
                               const base::Result<std::string>& answer) {
  if (!answer) {
    wish->has_lost_answer = true;
    return take_from_store(worker, context, wish);
  }
  auto given = socket_codec::decode_claimed(*answer, context.namespaces);
  if (!given || !given->socket) return miss(worker, context, wish, given ? given->elsewhere : 0);
  given->socket->revision = given->revision;
  wish->claimed(worker, context, std::move(given->socket));
}

void SocketClaims::discard(const Worker& worker, const Wish& wish) const {
  if (!wish.record) return;
  store_.remove(worker.id(), wish.pid, wish.record->revision,
                [](Worker&, WorkerContext&, const base::Result<std::uint64_t>&) {});
}

// Its holder cannot be asked: whoever is the first to write the record over is the one that has it.
void SocketClaims::take_from_store(Worker& worker, WorkerContext& context, const SharedWish& wish) {
  if (!wish->record || ++wish->tries > tries_max) return wish->tell_none(worker, context);
  store_.write(worker.id(), wish->pid, wish->record->socket, wish->record->revision,
               [this, wish](Worker& here, WorkerContext& its, const base::Result<std::uint64_t>& revision) {
                 if (revision) {
                   BrokenSocket socket = std::move(wish->record->socket);
                   socket.revision = *revision;
                   return wish->claimed(here, its, std::optional(std::move(socket)));
                 }
                 if (revision.error().code != Errc::already_exists) {
                   wish->note(revision.error());
                   wish->may_be_ours = true;
                   return wish->tell_none(here, its);
                 }
                 store_.read(here.id(), wish->pid, [this, wish](Worker& back, WorkerContext& ours, const auto& record) {
                   if (!record) {
                     wish->note(record.error());
                     return wish->tell_none(back, ours);
                   }
                   take_record(back, ours, wish, record);
                 });
               });
}

// --- sockets that came with their sessions ---

struct SocketClaims::Arrival {
  std::string pid;
  base::ConnectionId id;

  // Nothing: somebody else has claimed it meanwhile, and keeps it.
  void settle(Worker& here, WorkerContext& context, const std::optional<std::uint64_t>& revision) const {
    adopt_record(here, context, pid, revision);
    Connection* const rider = here.find_open(id.slot, id.generation);
    if (!revision || rider == nullptr) return;
    // At once: whoever comes back meanwhile would be looked for where it was.
    context.socket_records.note_changed(here, *rider);
    context.socket_records.write_changed(here);
  }
};

void SocketClaims::take_arrived(Worker& worker, WorkerContext& context, const base::ConnectionId& before,
                                const std::string& pid, const base::ConnectionId& id) {
  note_socket_arrived(worker, context, pid, id);
  if (!store_.is_there()) return;
  peers_.ask(std::vector{before.incarnation}, claim_kind, socket_codec::encode_claim(pid),
             base::Clock::now() + patience,
             [this, arrival = Arrival{pid, id}, from = worker.id()](const std::vector<workers::PeerAnswer>& answers) {
               pool_->force(from, [this, arrival, answer = answers.front().payload](Worker& there) {
                 take_arrival(there, contexts_.context_of(there), arrival, answer);
               });
             });
}

void SocketClaims::take_arrival(Worker& worker, WorkerContext& context, const Arrival& arrival,
                                const base::Result<std::string>& answer) const {
  if (!answer) {
    return store_.read(worker.id(), arrival.pid, [this, arrival](Worker& here, WorkerContext& its, const auto& record) {
      take_recorded(here, its, arrival, record);
    });
  }
  const auto given = socket_codec::decode_claimed(*answer, context.namespaces);
  arrival.settle(worker, context, given && given->socket ? std::optional(given->revision) : std::nullopt);
}

// Where it came from is gone.
void SocketClaims::take_recorded(Worker& worker, WorkerContext& context, const Arrival& arrival,
                                 const base::Result<SocketRecord>& record) const {
  if (!record) return arrival.settle(worker, context, 0);
  store_.write(worker.id(), arrival.pid, record->socket, record->revision,
               [arrival](Worker& here, WorkerContext& its, const base::Result<std::uint64_t>& revision) {
                 arrival.settle(here, its, revision ? std::optional(*revision) : std::nullopt);
               });
}

// --- what others claim ---

namespace {

// On the worker that asked for it.
void answer_claim(Worker& worker, WorkerContext& context, const std::string& pid, std::optional<BrokenSocket> socket,
                  const Peers::OnAnswer& answer) {
  run_at(worker, context, keeper_of(worker, context, pid),
         [pid, answer, socket = std::move(socket)](Worker&, WorkerContext& keeper) mutable {
           if (!socket) {
             const socket_codec::Claimed none{std::nullopt, 0, keeper.recovery.given_to(pid)};
             return answer(socket_codec::encode(none, keeper.namespaces));
           }
           const auto give = [answer, socket = std::move(socket),
                              &namespaces = keeper.namespaces](std::uint64_t revision) {
             answer(socket_codec::encode(socket_codec::Claimed{socket, revision}, namespaces));
           };
           keeper.socket_records.hand_over(pid, give);
         });
}

}  // namespace

void SocketClaims::give_up(const Peers::Question& question, const Peers::OnAnswer& answer) {
  const auto pid = socket_codec::decode_claim(question.payload);
  if (!pid) return answer(pid.error());
  if (!seals_.open(Seals::Purpose::recovery, *pid)) {
    return answer(fail(Errc::bad_request, "the pid of a socket is not sealed with this secret"));
  }
  pool_->force(base::WorkerId{}, [&contexts = contexts_, pid = *pid, asker = question.from, answer](Worker& worker) {
    const auto take = [pid, answer](Worker& here, WorkerContext& its, std::optional<BrokenSocket> socket) {
      answer_claim(here, its, pid, std::move(socket), answer);
    };
    claim_socket_here(worker, contexts.context_of(worker), pid, take, asker);
  });
}

}  // namespace sluice::gateway
