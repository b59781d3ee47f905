#include "control/neighbours.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace sluice::control {

using namespace std::chrono_literals;
using workers::ClientEvent;
using workers::PeerChange;

namespace {

// Several nodes may say so of one absence; another takes longer to happen.
constexpr base::Duration announce_again_after = 2s;
// A node that comes is greeted by those that are there.
constexpr base::Duration greetings = 200ms;
constexpr std::size_t window_bytes_max = std::size_t{1} << 20, window_bytes_min = 4096;

}  // namespace

Neighbours::Neighbours(const Parts& parts)
    : parts_(parts),
      incarnation_(parts.pool.incarnation()),
      note_walk_({.pool = parts.pool,
                  .executor = parts.executor,
                  .take = [&hub = parts.hub](std::vector<ClientEvent> told) { hub.note_again(std::move(told)); },
                  .has_room = [this] { return book_.has_room(); }}),
      announce_walk_({.pool = parts.pool,
                      .executor = parts.executor,
                      .take =
                          [&hub = parts.hub](std::vector<ClientEvent> told) {
                            for (ClientEvent& event : told) static_cast<void>(hub.offer(std::move(event)));
                          },
                      .has_room = [&hub = parts.hub] { return !hub.is_crowded(); }}),
      book_({.hub = parts.hub,
             .incarnation = incarnation_,
             .note_again = [this] { note_walk_.start(); },
             .wake = [this] { wake_keepers(); }}),
      kept_(parts.buffer_bytes_max),
      announcer_({.hub = parts.hub,
                  .executor = parts.executor,
                  .metrics = metrics_,
                  .incarnation = incarnation_,
                  .is_there = [this](Node node) { return all_.contains(node); },
                  .tell_announced =
                      [this](Node to, Node whose) {
                        if (const auto one = all_.find(to); one != all_.end()) {
                          one->second->keeping().tell_announced(whose);
                        }
                      }},
                 kept_),
      rooms_({.hub = parts.hub,
              .pool = parts.pool,
              .executor = parts.executor,
              .metrics = metrics_,
              .incarnation = incarnation_}) {}

void Neighbours::start() {
  const auto here = [post = parts_.executor.poster(), weak = std::weak_ptr(self_)](auto run) {
    post([weak, run = std::move(run)] {
      if (const auto alive = weak.lock()) run(**alive);
    });
  };
  parts_.hub.watch({.on_attached = [this](EventHub::ReplicaId id, const EventHub::Wish& wish) { add(id, wish); },
                    .on_detached = [this](EventHub::ReplicaId id) { remove(id); },
                    .on_foreign_done =
                        [this](std::uint64_t attachment, std::uint64_t cursor) {
                          for (const auto& [node, one] : all_) {
                            if (one->attachments().note_done(attachment, cursor)) return;
                          }
                        },
                    .on_notes = [here] { here([](Neighbours& self) { self.book_.collect(); }); },
                    .on_rooms = [here] { here([](Neighbours& self) { self.rooms_.collect(); }); }});
  parts_.peers.watch(
      [here](const PeerChange& change) { here([change](Neighbours& self) { self.on_change(change); }); });
  parts_.peers.serve(Courier::kind, [here](workers::Peers::Question question, workers::Peers::OnAnswer answer) {
    here([question = std::move(question), answer = std::move(answer)](Neighbours& self) {
      self.take(question, answer);
    });
  });
}

// --- nodes ---

Neighbour::Parts Neighbours::neighbour_parts() {
  return {.hub = parts_.hub,
          .calls = parts_.calls,
          .executor = parts_.executor,
          .peers = parts_.peers,
          .metrics = metrics_,
          .replicas = replicas_,
          .new_attachment = [this] { return ++attachments_; },
          .book = book_,
          .kept = kept_,
          .announcer = announcer_,
          .rooms = rooms_,
          .incarnation = incarnation_,
          .name_of = [&pool = parts_.pool](base::NamespaceId id) -> std::string_view {
            return std::as_const(pool).namespaces().name_of(id);
          },
          .on_announced = [this] { announce_anew(); },
          .on_progress =
              [this] {
                look_whether_met();
                look_whether_settled();
              }};
}

void Neighbours::on_change(const PeerChange& change) {
  if (change.kind == PeerChange::Kind::came) {
    come(change.peer.incarnation);
  } else {
    go(change.peer);
  }
}

void Neighbours::come(Node node) {
  std::unique_ptr<Neighbour>& one = all_[node];
  if (one) return;
  one = std::make_unique<Neighbour>(neighbour_parts(), node, ++sessions_ << 32);
  set_nodes(std::nullopt);
  announcer_.on_came(node);
}

void Neighbours::go(const workers::Peer& peer) {
  if (all_.erase(peer.incarnation) == 0) return;
  set_nodes(peer.heard);
  announcer_.on_gone(peer.incarnation);
  look_at_rooms();
  look_whether_met();
  look_whether_settled();
}

void Neighbours::set_nodes(std::optional<base::TimePoint> untold) {
  std::vector<Node> nodes;
  for (const auto& [node, one] : all_) nodes.push_back(node);
  book_.set_nodes(nodes);
  rooms_.set_nodes(nodes, untold);
}

void Neighbours::wake_keepers() {
  for (const Node keeper : book_.keepers()) {
    if (const auto one = all_.find(keeper); one != all_.end()) one->second->wake();
  }
}

// --- what they tell ---

void Neighbours::take(const workers::Peers::Question& question, const workers::Peers::OnAnswer& answer) {
  const auto one = all_.find(question.from);
  if (one == all_.end()) return answer(base::fail(base::Errc::unavailable, "that node is not known here yet"));
  Topic::Telling telling;
  if (!telling.ParseFromString(question.payload)) {
    const auto error = base::fail(base::Errc::bad_request, "these bytes are nothing that a node tells");
    note_malformed(error);
    return answer(error);
  }
  const auto taken = one->second->take(telling);
  look_at_rooms();
  if (taken) return answer(taken->SerializeAsString());
  note_malformed(taken.error());
  answer(taken.error());
}

void Neighbours::note_malformed(const base::Error& error) {
  metrics_.malformed.add();
  if (!log_limit_.allows(base::Clock::now())) return;
  base::log_warning("node_telling_malformed", {{"why", error.detail}, {"suppressed", log_limit_.take_suppressed()}});
}

// --- our replicas ---

void Neighbours::add(EventHub::ReplicaId id, const EventHub::Wish& wish) {
  const std::size_t window = std::clamp(parts_.buffer_bytes_max / 4, window_bytes_min, window_bytes_max);
  replicas_.emplace(id, OwnReplica{.wish = wish, .bytes_max = window});
  for (const auto& [node, one] : all_) one->attachments().add(id);
  look_at_rooms();
}

void Neighbours::remove(EventHub::ReplicaId id) {
  replicas_.erase(id);
  for (const auto& [node, one] : all_) one->attachments().remove(id);
  look_at_rooms();
  look_whether_settled();
}

// What replicas here and elsewhere want of rooms.
void Neighbours::look_at_rooms() { rooms_.look_at_wishes(); }

// --- this node was taken for lost ---

void Neighbours::announce_anew() {
  const base::TimePoint now = base::Clock::now();
  if (now < next_announce_) return;
  next_announce_ = now + announce_again_after;
  base::log_warning("node_was_lost", {{"what", "others have announced the ends of this node's connections"}});
  parts_.hub.drop_ends();
  announce_walk_.start();
}

// --- the beginning and the end ---

void Neighbours::meet(std::function<void()> then) {
  on_met_ = std::move(then);
  meet_timer_ = parts_.executor.at(base::Clock::now() + greetings, [this] {
    meet_timer_.reset();
    look_whether_met();
  });
}

void Neighbours::look_whether_met() {
  if (!on_met_ || meet_timer_) return;
  if (std::ranges::all_of(all_, [](const auto& one) { return one.second->has_told(); })) {
    std::exchange(on_met_, nullptr)();
  }
}

void Neighbours::settle(std::function<void()> then) {
  on_settled_ = std::move(then);
  look_whether_settled();
}

void Neighbours::look_whether_settled() {
  if (!on_settled_) return;
  const bool is_settled = book_.is_settled() && announcer_.is_idle() &&
                          std::ranges::all_of(all_, [](const auto& one) { return one.second->is_settled(); });
  if (is_settled) std::exchange(on_settled_, nullptr)();
}

}  // namespace sluice::control
