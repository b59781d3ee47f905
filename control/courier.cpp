#include "control/courier.hpp"

#include <algorithm>
#include <utility>

namespace sluice::control {

using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t format = 1;
constexpr base::Duration patience = 1s;
// At first the other node may only not have heard of us yet.
constexpr base::Duration again_after = 20ms, again_after_max = 250ms;
constexpr base::Duration stranger_again_after = 5s;  // it may be restarted as a version that knows us

}  // namespace

// Sessions of this courier count on from the one that it is given; the next courier's is much higher.
Courier::Courier(const Parts& parts, std::uint64_t session, Load load)
    : parts_(parts), load_(std::move(load)), session_(session), again_after_(again_after) {
  wake();
}

// What one turn of the executor brings goes together.
void Courier::wake() {
  if (!under_way_.empty() || std::exchange(is_waking_, true)) return;
  parts_.executor.post([weak = std::weak_ptr(self_)] {
    const auto alive = weak.lock();
    if (!alive) return;
    Courier& self = **alive;
    self.is_waking_ = false;
    if (self.under_way_.empty()) self.send();
  });
}

void Courier::begin_anew() {
  ++session_;
  number_ = 0;
  under_way_.clear();
  load_.on_anew();
  wake();
}

void Courier::send() {
  if (under_way_.empty()) {
    Topic::Telling telling;
    telling.set_needs(format);
    telling.set_session(session_);
    telling.set_number(number_ + 1);
    load_.fill(telling);
    // The first part of a session says that it begins.
    if (telling.items().empty() && number_ > 0) return;
    ++number_;
    under_way_ = telling.SerializeAsString();
  }
  retry_timer_.reset();
  parts_.peers.ask(
      {{parts_.to}}, kind, under_way_, base::Clock::now() + patience,
      [post = parts_.executor.poster(), weak = std::weak_ptr(self_)](std::vector<workers::PeerAnswer> answers) {
        post([weak, payload = std::move(answers.front().payload)] {
          if (const auto alive = weak.lock()) (*alive)->take_answer(payload);
        });
      });
}

void Courier::take_answer(const base::Result<std::string>& payload) {
  if (!payload) {
    set_away(true);
    if (payload.error().code == base::Errc::not_found) return try_again(stranger_again_after);
    try_again(again_after_);
    again_after_ = std::min(2 * again_after_, again_after_max);
    return;
  }
  set_away(false);
  again_after_ = again_after;
  cluster::v1::Taken taken;
  if (!taken.ParseFromString(*payload)) return try_again(again_after_max);
  if (taken.begin_anew()) return begin_anew();
  under_way_.clear();
  load_.on_taken();
  if (!is_waking_) send();
}

void Courier::try_again(base::Duration after) {
  retry_timer_ = parts_.executor.at(base::Clock::now() + after, [this] { send(); });
}

void Courier::set_away(bool is_away) {
  if (std::exchange(is_away_, is_away) != is_away) load_.on_away(is_away);
}

}  // namespace sluice::control
