#include "cluster/outgoing.hpp"

#include <utility>

namespace sluice::cluster {
namespace {

using base::Errc;
using base::fail;
using namespace std::chrono_literals;

constexpr base::Duration again_after = 50ms;
constexpr base::Duration look_every = 250ms;

// Whether the same message may fare better later.
bool is_passing(Errc code) { return code == Errc::unavailable || code == Errc::timed_out || code == Errc::exhausted; }

}  // namespace

Outgoing::Outgoing(boost::asio::io_context& loop, NatsClient& client, base::Duration patience)
    : streams_(client, patience), again_(loop, [this] { send_again(); }), expiry_(loop, [this] { expire(); }) {}

void Outgoing::add(Message message) {
  const auto entry = std::make_shared<Entry>(Entry{std::move(message)});
  if (waiting_.empty()) expiry_.set_after(look_every);
  waiting_.push_back(entry);
  if (is_open_ && !is_stalled_) send(entry);
}

void Outgoing::forget_done() {
  while (!waiting_.empty() && waiting_.front()->is_done) waiting_.pop_front();
}

void Outgoing::open() {
  is_open_ = true;
  is_stalled_ = true;
  if (under_way_ == 0) send_again();
}

void Outgoing::close() {
  is_open_ = false;
  again_.cancel();
}

void Outgoing::send(const std::shared_ptr<Entry>& entry) {
  if (std::exchange(entry->is_sent, true)) ++repeated_;
  const Message& message = entry->message;
  ++under_way_;
  const auto status =
      streams_.publish({.message = {.subject = message.subject, .payload = message.payload}, .message_id = message.id},
                       [this, entry](const auto& receipt) {
                         --under_way_;
                         take(entry, receipt);
                       });
  if (status) return;
  --under_way_;
  take(entry, status.error());
}

void Outgoing::take(const std::shared_ptr<Entry>& entry, const base::Result<PublishReceipt>& receipt) {
  if (!entry->is_done && (receipt || !is_passing(receipt.error().code))) finish(*entry, receipt);
  forget_done();
  if (!receipt && is_passing(receipt.error().code)) is_stalled_ = true;
  if (is_stalled_ && is_open_ && under_way_ == 0) again_.set_after(again_after);
}

void Outgoing::finish(Entry& entry, const base::Result<PublishReceipt>& receipt) {
  entry.is_done = true;
  // What is told may publish.
  const Then then = std::move(entry.message.then);
  if (then) then(receipt);
}

void Outgoing::send_again() {
  if (!is_open_ || under_way_ > 0) return;
  is_stalled_ = false;
  const std::deque<std::shared_ptr<Entry>> all = waiting_;
  for (const auto& entry : all) {
    if (is_stalled_) return;
    if (!entry->is_done) send(entry);
  }
}

void Outgoing::expire() {
  const base::TimePoint now = base::Clock::now();
  const std::deque<std::shared_ptr<Entry>> all = waiting_;
  for (const auto& entry : all) {
    if (entry->is_done || entry->message.until > now) continue;
    finish(*entry, fail(Errc::unavailable, entry->is_sent
                                               ? "the broker has not acknowledged the message in time; it may have it"
                                               : "the broker is away"));
  }
  forget_done();
  if (!waiting_.empty()) expiry_.set_after(look_every);
}

void Outgoing::fail_all(const base::Error& reason) {
  const auto all = std::exchange(waiting_, {});
  for (const auto& entry : all) {
    if (!entry->is_done) finish(*entry, reason);
  }
}

}  // namespace sluice::cluster
