#include "control/neighbour.hpp"

#include <utility>

#include "base/node_message.hpp"

namespace sluice::control {
namespace {

constexpr std::uint32_t format = 1;

}  // namespace

Neighbour::Neighbour(const Parts& parts, std::uint32_t node, std::uint64_t session)
    : on_progress_(parts.on_progress),
      courier_(std::make_unique<Courier>(Courier::Parts{parts.peers, parts.executor, node}, session,
                                         Courier::Load{
                                             .fill = [this](Topic::Telling& telling) { fill(telling); },
                                             .on_taken =
                                                 [this] {
                                                   for (Topic* const topic : topics()) topic->on_taken();
                                                   on_progress_();
                                                 },
                                             .on_anew =
                                                 [this] {
                                                   for (Topic* const topic : topics()) topic->tell_anew();
                                                 },
                                             .on_away =
                                                 [this](bool is_away) {
                                                   for (Topic* const topic : topics()) topic->set_away(is_away);
                                                 },
                                         })),
      keeping_({.node = node,
                .incarnation = parts.incarnation,
                .book = parts.book,
                .kept = parts.kept,
                .announcer = parts.announcer,
                .metrics = parts.metrics,
                .name_of = parts.name_of,
                .on_announced = parts.on_announced,
                .wake = [this] { wake(); }}),
      attachments_({.hub = parts.hub,
                    .metrics = parts.metrics,
                    .replicas = parts.replicas,
                    .new_number = parts.new_attachment,
                    .wake = [this] { wake(); }}),
      rooms_({.node = node, .rooms = parts.rooms, .metrics = parts.metrics, .wake = [this] { wake(); }}),
      outlets_({.hub = parts.hub,
                .calls = parts.calls,
                .executor = parts.executor,
                .metrics = parts.metrics,
                .node = node,
                .wake = [this] { wake(); }}) {}

void Neighbour::fill(Topic::Telling& telling) {
  std::size_t bytes = 0;
  for (Topic* const topic : topics()) {
    topic->fill(telling, Courier::part_bytes_max - bytes);
    bytes = std::min(telling.ByteSizeLong(), Courier::part_bytes_max - 1);
  }
}

base::Result<cluster::v1::Taken> Neighbour::take(const Topic::Telling& telling) {
  if (const auto status = base::check_format(telling.needs(), format, "what a node tells"); !status) {
    return status.error();
  }
  cluster::v1::Taken taken;
  if (telling.session() > session_ && telling.number() == 1) {
    session_ = telling.session();
    number_ = 0;
    for (Topic* const topic : topics()) topic->forget();
  }
  // What comes again was taken, and what is left out will never come.
  if (telling.session() != session_ || telling.number() > number_ + 1) {
    taken.set_begin_anew(telling.session() >= session_);
    return taken;
  }
  if (telling.number() <= number_) return taken;
  number_ = telling.number();
  for (const Topic::Item& item : telling.items()) {
    for (Topic* const topic : topics()) topic->take(item);
  }
  on_progress_();
  return taken;
}

}  // namespace sluice::control
