#include "cluster/arrivals.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace sluice::cluster {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t held_bytes_max = std::size_t{64} << 20;
constexpr base::Duration again_after = 1ms;

}  // namespace

Arrivals::Arrivals(boost::asio::io_context& loop, workers::BrokerMetrics& metrics, std::function<void()> on_overflow)
    : metrics_(metrics), on_overflow_(std::move(on_overflow)), again_(loop, [this] {
        comes_again_ = false;
        drain();
      }) {}

void Arrivals::add(std::uint64_t sequence, workers::Sequencer& sequencer, std::shared_ptr<workers::Message> message,
                   Delivered then) {
  Arrival arrival;
  arrival.sequencer = &sequencer;
  arrival.message = std::move(message);
  arrival.then = std::move(then);
  take(sequence, std::move(arrival));
}

void Arrivals::add_mark(std::uint64_t sequence, Mark mark) {
  Arrival arrival;
  arrival.mark = std::move(mark);
  take(sequence, std::move(arrival));
}

void Arrivals::add_volatile(workers::Sequencer& sequencer, std::shared_ptr<workers::Message> message) {
  Arrival arrival;
  arrival.sequencer = &sequencer;
  arrival.message = std::move(message);
  arrival.is_stored = false;
  take(held_.empty() ? watermark_ : held_.rbegin()->first, std::move(arrival));
}

void Arrivals::take(std::uint64_t sequence, Arrival arrival) {
  if (holds_ == 0 && held_.empty() && !is_draining_ && hand_on(sequence, arrival)) return;
  if (arrival.message) held_bytes_ += arrival.message->bytes();
  held_.emplace(sequence, std::move(arrival));
  metrics_.held.set(held_.size());
  if (held_bytes_ > held_bytes_max) {
    begin(watermark_);
    return on_overflow_();
  }
  if (holds_ == 0 && !is_draining_) come_again();
}

void Arrivals::come_again() {
  if (!std::exchange(comes_again_, true)) again_.set_after(again_after);
}

bool Arrivals::hand_on(std::uint64_t sequence, const Arrival& arrival) {
  if (arrival.message) {
    const auto offset = arrival.is_stored ? std::optional(sequence) : std::nullopt;
    if (!arrival.sequencer->deliver(arrival.message, offset)) return false;
  }
  watermark_ = std::max(watermark_, sequence);
  if (arrival.mark) arrival.mark(sequence);
  if (arrival.then) arrival.then(arrival.message);
  return true;
}

void Arrivals::release() {
  SLUICE_ASSERT(holds_ > 0);
  if (--holds_ == 0) drain();
}

void Arrivals::drain() {
  if (is_draining_) return;
  is_draining_ = true;
  while (holds_ == 0 && !held_.empty()) {
    auto first = held_.extract(held_.begin());
    if (!hand_on(first.key(), first.mapped())) {
      held_.insert(held_.begin(), std::move(first));
      come_again();
      break;
    }
    if (first.mapped().message) held_bytes_ -= first.mapped().message->bytes();
  }
  metrics_.held.set(held_.size());
  is_draining_ = false;
}

void Arrivals::begin(std::uint64_t watermark) {
  held_.clear();
  held_bytes_ = 0;
  watermark_ = watermark;
  metrics_.held.set(0);
}

}  // namespace sluice::cluster
