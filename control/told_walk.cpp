#include "control/told_walk.hpp"

#include <utility>

#include "workers/commands.hpp"

namespace sluice::control {

using namespace std::chrono_literals;

namespace {

constexpr base::Duration again_after = 10ms;
constexpr std::size_t page_connections = 256;

}  // namespace

void ToldWalk::start() {
  if (std::exchange(is_walking_, true)) {
    again_ = true;
    return;
  }
  worker_ = 0;
  from_ = 0;
  ask();
}

void ToldWalk::ask() {
  const bool is_asked =
      parts_.has_room() && parts_.pool.post(base::WorkerId{static_cast<std::uint16_t>(worker_)},
                                            [take = parts_.take, from = from_, post = parts_.executor.poster(),
                                             weak = std::weak_ptr(self_)](workers::Worker& worker) {
                                              workers::ToldPage page =
                                                  workers::told_connections(worker, from, page_connections);
                                              if (!page.connections.empty()) take(std::move(page.connections));
                                              post([weak, next = page.next] {
                                                if (const auto alive = weak.lock()) (*alive)->go_on(next);
                                              });
                                            });
  timer_.reset();
  if (!is_asked) timer_ = parts_.executor.at(base::Clock::now() + again_after, [this] { ask(); });
}

void ToldWalk::go_on(std::optional<std::uint32_t> next) {
  from_ = next.value_or(0);
  if (!next && ++worker_ == parts_.pool.worker_count()) {
    is_walking_ = false;
    if (std::exchange(again_, false)) start();
    return;
  }
  ask();
}

}  // namespace sluice::control
