#include "control/end_announcer.hpp"

#include <algorithm>

#include "base/ids.hpp"
#include "base/log.hpp"

namespace sluice::control {

using namespace std::chrono_literals;
using workers::Backend;
using workers::ClientEvent;

namespace {

constexpr base::Duration again_after = 10ms;  // while backends are behind
constexpr std::size_t ends_at_a_time = 256;
constexpr std::size_t announced_max = 1024;

ClientEvent end_of(const base::ConnectionId& connection, const KeptConnection& kept, base::TimePoint now) {
  ClientEvent event;
  event.kind = ClientEvent::Kind::disconnected;
  event.connection = connection;
  event.asked_name_space = kept.name_space;
  event.protocol = kept.protocol;
  event.session = kept.session;
  event.reason = workers::EndReason::node_lost;
  event.connected_for = std::chrono::duration_cast<std::chrono::milliseconds>(now - kept.since);
  return event;
}

}  // namespace

void EndAnnouncer::on_came(Node node) {
  gone_.erase(node);
  if (std::erase(announced_, node) > 0) parts_.tell_announced(node, node);
}

void EndAnnouncer::on_gone(Node node) {
  if (kept_.all().contains(node)) gone_.insert(node);
  // It may be the one that others were waited for to do this.
  for (const Node gone : std::set<Node>(gone_)) look_at(gone);
}

// The first of its keepers that is there does it.
void EndAnnouncer::look_at(Node gone) {
  for (const Node keeper : kept_.all().at(gone).keepers) {
    if (keeper == parts_.incarnation) return begin(gone);
    if (parts_.is_there(keeper)) return;
  }
  begin(gone);  // its order of keepers was not told yet
}

void EndAnnouncer::on_announced(Node whose) {
  gone_.erase(whose);
  kept_.take(whose);
  parts_.metrics.kept.set(kept_.size());
  if (parts_.is_there(whose)) return parts_.tell_announced(whose, whose);
  remember(whose);
}

void EndAnnouncer::begin(Node gone) {
  gone_.erase(gone);
  KeptConnections::Kept kept = kept_.take(gone);
  parts_.metrics.kept.set(kept_.size());
  Work work{.whose = gone, .keepers = std::move(kept.keepers), .left = {}, .count = kept.connections.size()};
  for (auto& one : kept.connections) work.left.emplace_back(one.first, std::move(one.second));
  if (kept.unkept > 0) {
    parts_.metrics.unkept.add(kept.unkept);
    parts_.hub.lose(kept.unkept);
  }
  under_way_.push_back(std::move(work));
  if (under_way_.size() == 1) go_on();
}

void EndAnnouncer::go_on() {
  const base::TimePoint now = base::Clock::now();
  for (std::size_t left = ends_at_a_time; left > 0 && !under_way_.empty(); --left) {
    Work& work = under_way_.front();
    if (work.left.empty()) {
      finish(work);
      under_way_.pop_front();
    } else if (!announce_one(work, now)) {
      return go_on_at(now + again_after);
    }
  }
  if (!under_way_.empty()) go_on_at(now);
}

void EndAnnouncer::go_on_at(base::TimePoint when) {
  timer_ = parts_.executor.at(when, [this] { go_on(); });
}

// False: backends are behind.
bool EndAnnouncer::announce_one(Work& work, base::TimePoint now) {
  const auto& [connection, kept] = work.left.back();
  if (parts_.hub.offer_end(end_of(connection, kept, now), kept.owners) == Backend::Offer::full) return false;
  parts_.metrics.announced.add();
  work.left.pop_back();
  return true;
}

void EndAnnouncer::finish(const Work& work) {
  if (work.count > 0) {
    base::log_warning("node_ends_announced",
                      {{"incarnation", base::incarnation_text(work.whose)}, {"connections", work.count}});
  }
  for (const Node keeper : work.keepers) {
    if (keeper != parts_.incarnation && parts_.is_there(keeper)) parts_.tell_announced(keeper, work.whose);
  }
  if (work.count == 0) return;
  if (parts_.is_there(work.whose)) return parts_.tell_announced(work.whose, work.whose);
  remember(work.whose);
}

void EndAnnouncer::remember(Node announced) {
  announced_.push_back(announced);
  if (announced_.size() > announced_max) announced_.pop_front();
}

}  // namespace sluice::control
