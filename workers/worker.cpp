#include "workers/worker.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/assert.hpp"
#include "base/log.hpp"

namespace sluice::workers {
namespace {

constexpr std::size_t turn_mail = 1024;  // handled before the loop looks at its sockets again
constexpr std::chrono::milliseconds paused_reads_retry{2};

}  // namespace

Worker::Worker(Parts parts)
    : parts_(parts),
      now_(base::Clock::now()),
      frames_(parts.queued, metrics_),
      flusher_(slab_, frames_, endings_, metrics_, parts.options, parts.relief),
      delivery_({slab_, rooms_, frames_, flusher_, endings_, metrics_, parts.options, parts.edge, parts.queued,
                 parts.backend, parts.incarnation, parts.id, parts.relief}),
      wheel_(now_),
      log_limit_(20, std::chrono::seconds(1)),
      random_(std::random_device{}()),
      read_buffer_(std::make_unique_for_overwrite<char[]>(read_bytes)),
      acceptor_(readiness_, parts.sockets, metrics_),
      rate_limits_(parts.options) {
  metrics_.last_turn_milliseconds.set(static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch()).count()));
  if (!readiness_.add(mailbox().descriptor(), EPOLLIN | EPOLLET, Readiness::mailbox_tag)) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl of a mailbox");
  }
}

Worker::~Worker() = default;

// --- the loop ---

void Worker::run() {
  owner_.take();
  next_second_ = base::Clock::now();
  while (!stops_) turn();
  for (std::uint32_t slot = 0; slot < slab_.slots(); ++slot) {
    Connection& connection = slab_.at(slot);
    if (connection.phase_ == Connection::Phase::free) continue;
    if (connection.is_open()) connection.end_reason_ = EndReason::draining;
    release(connection);
  }
  frames_.end_turn(base::Clock::now());
}

void Worker::turn() {
  const std::span<const epoll_event> events = readiness_.wait(time_to_wait());
  now_ = base::Clock::now();
  flusher_.note_time(now_);
  for (const epoll_event& event : events) on_event(event.data.u64, event.events);
  if (!again_.empty()) read_again();
  if (!paused_.empty() || !delayed_.empty()) resume_reads();
  wheel_.expire(now_, [this](std::uint32_t slot) { on_deadline(slab_.at(slot)); });
  if (now_ >= next_second_) every_second();
  run_mail();
  if (stops_accepting_) {
    stops_accepting_ = false;
    acceptor_.stop(now_, is_leaving_, [this](int descriptor, ListenerKind kind) { open(descriptor, kind); });
  }
  if (drain_ || shed_) run_drains();
  perform_departures();
  perform_endings();
  flusher_.flush_some(delivery_);
  write_ports();
  perform_departures();
  perform_endings();
  if (delivery_.has_dropped()) tell_dropped();
  if (!flusher_.has_dirty()) frames_.end_turn(base::Clock::now());
  acceptor_.resume_if_due(now_);
  metrics_.rooms.set(rooms_.size());
  metrics_.turns.add();
  metrics_.loop_turn.observe(base::Clock::now() - now_);
  metrics_.last_turn_milliseconds.set(static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch()).count()));
}

std::chrono::nanoseconds Worker::time_to_wait() const {
  if (stops_ || flusher_.has_dirty() || !again_.empty() || !endings_.is_empty() || !departures_.empty() ||
      mail_begin_ < mail_.size() || has_mail_) {
    return std::chrono::nanoseconds(0);
  }
  base::TimePoint wakes_at = next_second_;
  if (const auto timer = wheel_.next()) wakes_at = std::min(wakes_at, *timer);
  for (const auto* const plan : {&drain_, &shed_}) {
    if (*plan) wakes_at = std::min(wakes_at, (*plan)->wakes_at(now_));
  }
  if (const auto pause = acceptor_.paused_until()) wakes_at = std::min(wakes_at, *pause);
  const base::TimePoint now = base::Clock::now();
  if (!delayed_.empty()) wakes_at = std::min(wakes_at, delayed_.top().until);
  if (!paused_.empty()) wakes_at = std::min(wakes_at, now + paused_reads_retry);
  return std::max<std::chrono::nanoseconds>(wakes_at - now, std::chrono::nanoseconds(0));
}

void Worker::on_event(std::uint64_t tag, std::uint32_t events) {
  if ((tag & Readiness::listener_tag) != 0) {
    acceptor_.accept_some(tag & ~Readiness::listener_tag, now_,
                          [this](int descriptor, ListenerKind kind) { open(descriptor, kind); });
    return;
  }
  if (tag == Readiness::mailbox_tag) {
    has_mail_ = true;
    return;
  }
  if ((tag & Readiness::port_tag) != 0) return on_port(ports_[tag & ~Readiness::port_tag], events);
  // No connection is released between the wait and the end of its events, so the slot still is whose it was.
  Connection& connection = slab_.at(static_cast<std::uint32_t>(tag));
  if (connection.phase_ == Connection::Phase::free) return;
  if ((events & EPOLLOUT) != 0) flusher_.unblock(connection);
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) connection.is_hung_up_ = true;
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) read(connection);
}

// --- ports ---

void Worker::add_port(std::unique_ptr<WatchedPort> port) {
  if (!readiness_.add(port->descriptor(), EPOLLIN, Readiness::port_tag | ports_.size())) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl of a port");
  }
  ports_.push_back({std::move(port)});
}

// Ports are level-triggered: what is left shows again.
void Worker::on_port(Port& port, std::uint32_t events) {
  run_job([&](Worker&) {
    if ((events & EPOLLOUT) != 0) port.port->on_writable(*this);
    if ((events & ~EPOLLOUT) != 0) port.port->on_readable(*this);
  });
}

void Worker::write_ports() {
  for (std::size_t index = 0; index < ports_.size(); ++index) {
    Port& port = ports_[index];
    const bool is_full = !port.port->on_written(*this);
    if (is_full == std::exchange(port.is_full, is_full) || has_given_ports_) continue;
    const std::uint32_t events = is_full ? EPOLLIN | EPOLLOUT : EPOLLIN;
    if (!readiness_.change(port.port->descriptor(), events, Readiness::port_tag | index)) {
      base::log_error("port_not_watched", {{"why", std::generic_category().message(errno)}});
    }
  }
}

void Worker::every_second() {
  next_second_ = now_ + std::chrono::seconds(1);
  flusher_.check_ages(delivery_, now_);
  wallet_.expire(std::chrono::system_clock::now(),
                 [this](std::uint32_t slot) { expire(slot, "the token has expired"); });
  parts_.edge.on_second(*this);
  if (parts_.options.connection_age_seconds_max.count() > 0) end_aged();
  if (parts_.id.value != 0) return;
  for (std::size_t at = 0; at < parts_.namespaces.size(); ++at) parts_.sequencers[at]->trim(now_);
}

void Worker::handler_failed(Connection& connection, const char* why) {
  metrics_.handler_exceptions.add();
  base::log_error("handler_failed", {{"why", why}});
  abandon(connection, EndReason::internal_error);
}

void Worker::on_deadline(Connection& connection) {
  switch (connection.phase_) {
    case Connection::Phase::free:
    case Connection::Phase::ending:
      return;
    case Connection::Phase::open:
      return guard(connection, [&] { connection.wire_->on_deadline(*this, connection); });
    case Connection::Phase::flushing:
    case Connection::Phase::lingering:
      // It had its time to take the last words and to say goodbye.
      return abandon(connection, connection.end_reason_);
  }
}

// --- mail ---

void Worker::run_mail() {
  if (mail_begin_ == mail_.size()) {
    mail_.clear();
    mail_begin_ = 0;
    has_mail_ = false;
    mailbox().take(mail_);
  }
  std::size_t bytes = 0;
  const std::size_t end = std::min(mail_.size(), mail_begin_ + turn_mail);
  const std::size_t count = end - mail_begin_;
  for (; mail_begin_ < end; ++mail_begin_) {
    Mail& mail = mail_[mail_begin_];
    if (mail.job) {
      deliver_batch();
      run_job(std::exchange(mail.job, nullptr));
      continue;
    }
    // A batch is of one namespace, whose order it keeps.
    if (!batch_.empty() && batch_.back()->target.name_space != mail.message->target.name_space) deliver_batch();
    bytes += mail.message->bytes();
    metrics_.mailbox_wait.observe(now_ - mail.message->accepted);
    batch_.push_back(std::move(mail.message));
  }
  deliver_batch();
  if (count == 0) return;
  metrics_.mailbox_messages.add(count);
  mailbox().handled(bytes, count);
}

void Worker::deliver_batch() {
  if (batch_.empty()) return;
  delivery_.deliver(batch_, now_);
  const Message& last = *batch_.back();
  const std::size_t index = last.target.name_space.value;
  if (index >= delivered_places_.size()) delivered_places_.resize(index + 1);
  delivered_places_[index] = last.place;
  batch_.clear();
  for (const Delivery::Stray& stray : delivery_.take_strays()) parts_.edge.on_stray(*this, stray.to, *stray.message);
}

void Worker::run_job(const std::function<void(Worker&)>& job) {
  try {
    job(*this);
  } catch (const std::exception& error) {
    metrics_.handler_exceptions.add();
    base::log_error("job_failed", {{"why", error.what()}});
  }
}

std::optional<base::Result<Receipt>> Worker::publish(const std::shared_ptr<Message>& message, OnReceipt then) {
  message->accepted = now_;
  has_mail_ = true;
  Broker::OnReceipt on_receipt;
  if (then && has_shared_broker()) {
    on_receipt = [&mailbox = mailbox(), then = std::move(then)](const base::Result<Receipt>& receipt) {
      mailbox.force([then, receipt](Worker& here) { then(here, receipt); });
    };
  }
  return parts_.broker.publish(sequencer(message->target.name_space), message, {.worker = parts_.id},
                               std::move(on_receipt));
}

bool Worker::count_received(Connection& connection, std::size_t payload_bytes) {
  ++connection.messages_received_;
  slab_.carrier_of(connection).note_activity(now_);
  metrics_.messages_received.add();
  metrics_.payload_bytes_received.add(payload_bytes);
  if (!rate_limits_.is_on()) return true;
  // A client's rate is that of all its namespaces together.
  Connection& carrier = slab_.carrier_of(connection);
  const RateLimits::Ruling ruling = rate_limits_.take(carrier.slot_, carrier.generation_, now_, payload_bytes);
  if (ruling.delay > base::Duration::zero() && !carrier.reads_paused_) {
    metrics_.read_delays.add();
    delay_reads(carrier, ruling.delay);
  }
  if (!ruling.is_over) return true;
  drop_received(DropReason::over_rate);
  if (rate_limits_.action() == OverRate::close) {
    // "Policy violation" (RFC 6455, 7.4.1).
    end(carrier, {EndReason::over_rate, 1008, "messages come faster than they may"});
  }
  return false;
}

// --- endings ---

void Worker::end(Connection& connection, Ending ending) {
  if (!connection.is_open()) return;
  connection.phase_ = Connection::Phase::ending;
  endings_.add(connection.slot_, connection.generation_, true, std::move(ending));
}

void Worker::abandon(Connection& connection, EndReason reason) {
  if (connection.is_open()) connection.phase_ = Connection::Phase::ending;
  endings_.add(connection.slot_, connection.generation_, false, {reason, 1006, {}});
}

// Nobody looks at any connection now, so they may go.
void Worker::perform_endings() {
  while (!endings_.is_empty()) {
    for (const Endings::Pending& pending : endings_.take()) {
      Connection* const connection = slab_.find(pending.slot, pending.generation);
      if (connection == nullptr) continue;
      const bool is_first = connection->phase_ == Connection::Phase::ending;
      if (is_first) connection->end_reason_ = pending.ending.reason;
      if (!pending.with_goodbye) {
        release(*connection);
      } else if (is_first) {
        say_goodbye(*connection, pending.ending);
      }
    }
  }
}

void Worker::say_goodbye(Connection& connection, const Ending& ending) {
  leave_all(connection);
  connection.unread_.reset();
  if (connection.reads_paused_) {
    // What the client still says is thrown away, which needs no room.
    connection.reads_paused_ = false;
    metrics_.reads_paused.subtract();
  }
  // Whoever reads too slowly would not get to the last words behind all that waits.
  if (ending.reason == EndReason::slow_client) forget_outbox(connection, false);
  wheel_.disarm(connection.slot_);
  forget_credentials(connection);
  guard(connection, [&] { connection.wire_->on_ending(*this, connection, ending); });
  // Its last words are among its carrier's.
  if (connection.is_rider()) return release(connection);
  connection.phase_ = Connection::Phase::flushing;
  arm(connection, now_ + shortened(parts_.options.close_timeout_seconds));
  if (!connection.is_blocked_) flusher_.flush(connection);
  // What the client still sends is read and thrown away: unread bytes would make the kernel reset the last words.
  if (connection.is_readable_) again(connection);
}

void Worker::leave_all(Connection& connection) {
  if (const std::unique_ptr<CatchUp> catch_up = std::move(connection.catch_up_)) {
    metrics_.drops[static_cast<std::size_t>(DropReason::closing)].add(catch_up->live_messages);
  }
  if (!connection.is_announced_) return;
  connection.is_announced_ = false;
  tell_disconnected(connection);
  std::vector<RoomKey> left;
  rooms_.leave_all(connection.memberships_, memberships_of(), [&left](const RoomKey& key) { left.push_back(key); });
  metrics_.leaves.add(static_cast<std::uint64_t>(
      std::ranges::count_if(left, [](const RoomKey& key) { return key.kind == RoomKey::Kind::room; })));
  sequencer(connection.name_space_).leave(parts_.id, left);
}

void Worker::forget_outbox(Connection& connection, bool everything) {
  const std::size_t bytes = connection.outbox_.bytes();
  const std::uint32_t dropped =
      everything ? connection.outbox_.clear(frames_) : connection.outbox_.drop_unstarted(frames_);
  metrics_.outbox_bytes.subtract(bytes - connection.outbox_.bytes());
  metrics_.outbox_messages.subtract(dropped);
  metrics_.drops[static_cast<std::size_t>(DropReason::closing)].add(dropped);
}

void Worker::release(Connection& connection) {
  leave_all(connection);
  if (connection.wire_) guard(connection, [&] { connection.wire_->on_gone(*this, connection); });
  if (connection.reads_paused_) metrics_.reads_paused.subtract();
  forget_outbox(connection, true);
  if (!connection.is_rider()) {
    const Protocol protocol = connection.wire_ ? connection.wire_->protocol() : Protocol::http;
    if (protocol == Protocol::http) metrics_.accepted[static_cast<std::size_t>(protocol)].add();
    metrics_.closed[static_cast<std::size_t>(connection.end_reason_)].add();
    connection.descriptor_ >= 0 ? acceptor_.release() : parts_.sessions.give_back(1);
  }
  if (connection.descriptor_ >= 0) {
    discard_unsent(connection);
    ::close(connection.descriptor_);
  }
  leave_slot(connection);
}

void Worker::leave_slot(Connection& connection) {
  wheel_.disarm(connection.slot_);
  note_socket_bytes(connection.slot_, 0);
  forget_credentials(connection);
  set_remote_address(connection, std::nullopt);
  if (connection.is_rider()) {
    metrics_.riders.subtract();
  } else {
    const Protocol protocol = connection.wire_ ? connection.wire_->protocol() : Protocol::http;
    metrics_.connections[static_cast<std::size_t>(protocol)].subtract();
  }
  slab_.give_back(connection);
}

}  // namespace sluice::workers
