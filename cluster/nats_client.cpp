#include "cluster/nats_client.hpp"

#include <openssl/rand.h>

#include <array>
#include <charconv>
#include <utility>

#include "base/assert.hpp"
#include "cluster/nats_protocol.hpp"

namespace sluice::cluster {
namespace {

using base::Errc;
using base::fail;

constexpr std::uint64_t inbox_subscription = 0;
constexpr std::size_t inbox_random_bytes = 16;

template <std::size_t size>
std::array<unsigned char, size> random_bytes() {
  std::array<unsigned char, size> bytes;
  SLUICE_ASSERT(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  return bytes;
}

// Nobody can guess it, so that nobody can answer who was not asked.
std::string make_inbox() {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string inbox = "_INBOX.";
  for (const unsigned char byte : random_bytes<inbox_random_bytes>()) {
    inbox += digits[byte >> 4];
    inbox += digits[byte & 15];
  }
  return inbox + ".";
}

std::uint64_t make_seed() {
  std::uint64_t seed = 0;
  for (const unsigned char byte : random_bytes<sizeof seed>()) seed = seed << 8 | byte;
  return seed;
}

base::Error no_connection() { return fail(Errc::unavailable, "there is no connection to a NATS server"); }

}  // namespace

// --- NatsSubscription ---

NatsSubscription::NatsSubscription(NatsSubscription&& other) noexcept
    : client_(std::exchange(other.client_, nullptr)), number_(other.number_) {}

NatsSubscription& NatsSubscription::operator=(NatsSubscription&& other) noexcept {
  if (this == &other) return *this;
  end();
  client_ = std::exchange(other.client_, nullptr);
  number_ = other.number_;
  return *this;
}

void NatsSubscription::end() {
  if (NatsClient* const client = std::exchange(client_, nullptr)) client->unsubscribe(number_);
}

void NatsSubscription::end_after(std::uint64_t messages) {
  if (client_ != nullptr) client_->unsubscribe_after(number_, messages);
}

// --- beginning and end ---

base::Result<std::unique_ptr<NatsClient>> NatsClient::make(boost::asio::io_context& loop, NatsSettings settings,
                                                           NatsClient::Listener& listener) {
  if (const auto checked = check(settings); !checked) return checked.error();
  std::vector<NatsUrl> urls;
  for (const std::string& text : settings.urls) urls.push_back(NatsUrl::parse(text).value());
  return std::unique_ptr<NatsClient>(new NatsClient(loop, std::move(settings), urls, listener));
}

NatsClient::NatsClient(boost::asio::io_context& loop, NatsSettings settings, const std::vector<NatsUrl>& urls,
                       NatsClient::Listener& listener)
    : loop_(loop),
      settings_(std::move(settings)),
      listener_(listener),
      servers_(urls, {settings_.backoff_min, settings_.backoff_max}, make_seed()),
      connect_timer_(loop, [this] { connect(); }),
      deadline_timer_(loop, [this] { expire(); }),
      lame_duck_timer_(loop, [this] { leave_lame_duck(); }),
      inbox_(make_inbox()) {
  // Who asks for TLS at one server does not want to be led to another one without.
  requires_tls_ = settings_.tls.is_wanted();
  for (const NatsUrl& url : urls) requires_tls_ = requires_tls_ || url.requires_tls;
}

NatsClient::~NatsClient() = default;

void NatsClient::start() {
  owner_.take();
  connect_timer_.set_after({});
}

void NatsClient::stop() {
  owner_.check();
  connect_timer_.cancel();
  lame_duck_timer_.cancel();
  if (connection_) connection_->end();
  fail_waiting(fail(Errc::unavailable, "the client of NATS is stopped"));
}

void NatsClient::connect() {
  owner_.check();
  is_lame_duck_ = false;
  const NatsServers::Server& server = servers_.next();
  NatsConnection::Listener& to = *this;
  connection_ = std::make_unique<NatsConnection>(loop_, settings_, server, requires_tls_, to);
}

void NatsClient::on_joining(std::string& out) {
  nats_protocol::append_subscribe(out, inbox_ + "*", {}, inbox_subscription);
  for (const auto& [number, subscription] : subscriptions_) {
    nats_protocol::append_subscribe(out, subscription->pattern, subscription->queue_group, number);
    if (subscription->messages_max == 0) continue;
    nats_protocol::append_unsubscribe(out, number, subscription->messages_max - subscription->received);
  }
}

void NatsClient::on_ready() {
  servers_.learn(info().connect_urls);
  listener_.on_connected(servers_.current().url.text());
  // One that is about to end still takes connections for a moment.
  if (is_connected() && info().is_lame_duck) on_info();
}

void NatsClient::on_lost(const base::Error& error) {
  const bool was_ready = connection_->was_ready();
  const std::string server = servers_.current().url.text();
  servers_.note_lost(connection_->age());
  lame_duck_timer_.cancel();
  // What is told may stop the client, which takes this back.
  connect_timer_.set_after(servers_.delay());
  const base::Error reason = fail(error.code, server + ": " + error.detail);
  if (!was_ready) return listener_.on_connect_failed(server, reason);
  listener_.on_disconnected(reason);
  fail_waiting(fail(Errc::unavailable, "the connection to NATS was lost: " + reason.detail));
}

void NatsClient::fail_waiting(const base::Error& reason) {
  deadline_timer_.cancel();
  deadline_.reset();
  // What is told may ask anew, which fails by now, or is another connection's.
  const auto flushes = std::exchange(flushes_, {});
  for (const OnFlushed& on_flushed : flushes) on_flushed(reason);
  for (const OnReply& on_reply : requests_.take_all()) on_reply(reason);
}

// --- lame ducks (Client Protocol, INFO, ldm) ---

void NatsClient::on_info() {
  servers_.learn(info().connect_urls);
  if (!info().is_lame_duck || is_lame_duck_) return;
  is_lame_duck_ = true;
  listener_.on_lame_duck(servers_.current().url.text());
  // Without another server there is nothing better than to stay until this one ends.
  if (!is_connected() || servers_.size() < 2) return;
  lame_duck_timer_.set_after(settings_.lame_duck_patience);
  leave_lame_duck_if_idle();
}

void NatsClient::leave_lame_duck_if_idle() {
  if (!is_lame_duck_ || !is_connected() || servers_.size() < 2) return;
  if (requests_.size() == 0 && flushes_.empty() && connection_->outgoing_bytes() == 0) leave_lame_duck();
}

void NatsClient::leave_lame_duck() {
  if (!is_connected()) return;
  connection_->end();
  on_lost(fail(Errc::unavailable, "the server is about to end (lame duck)"));
}

// --- publishing ---

base::Status NatsClient::check_room(const NatsPublication& publication) const {
  if (!is_connected()) return no_connection();
  const std::size_t bytes = nats_protocol::message_bytes(publication);
  if (bytes > info().message_bytes_max) {
    return fail(Errc::too_large,
                "a message of " + std::to_string(bytes) +
                    " bytes is more than the NATS server takes: " + std::to_string(info().message_bytes_max));
  }
  const std::size_t waiting = connection_->outgoing_bytes();
  if (waiting + nats_protocol::publish_bytes_max(publication) > settings_.outgoing_bytes_max) {
    return fail(Errc::exhausted, std::to_string(waiting) + " bytes wait to be sent to the NATS server");
  }
  return base::ok();
}

void NatsClient::append(const NatsPublication& publication) {
  nats_protocol::append_publish(connection_->outgoing(), publication);
  connection_->send();
}

base::Status NatsClient::publish(const NatsPublication& publication) {
  owner_.check();
  if (auto checked = nats_protocol::check(publication); !checked) return checked;
  if (auto room = check_room(publication); !room) return room;
  append(publication);
  return base::ok();
}

base::Status NatsClient::flush(OnFlushed on_flushed) {
  owner_.check();
  if (!is_connected()) return no_connection();
  if (flushes_.size() >= settings_.requests_max) return fail(Errc::too_many, "too many flushes wait for NATS");
  flushes_.push_back(std::move(on_flushed));
  connection_->ping();
  return base::ok();
}

void NatsClient::on_pong() {
  SLUICE_ASSERT(!flushes_.empty());
  const OnFlushed on_flushed = std::move(flushes_.front());
  flushes_.pop_front();
  on_flushed(base::ok());
  leave_lame_duck_if_idle();
}

// --- subscriptions ---

base::Result<NatsSubscription> NatsClient::subscribe(std::string_view pattern, std::string_view queue_group,
                                                     OnMessage on_message) {
  owner_.check();
  if (!is_pattern(pattern)) return fail(Errc::bad_request, "that is no subject to subscribe to");
  if (!queue_group.empty() && !is_queue_group(queue_group)) return fail(Errc::bad_request, "that is no queue group");
  const std::uint64_t number = ++last_subscription_;
  auto subscription = std::make_shared<Subscription>();
  subscription->pattern = pattern;
  subscription->queue_group = queue_group;
  subscription->on_message = std::move(on_message);
  subscriptions_.emplace(number, std::move(subscription));
  if (is_connected()) {
    nats_protocol::append_subscribe(connection_->outgoing(), pattern, queue_group, number);
    connection_->send();
  }
  return NatsSubscription(*this, number);
}

void NatsClient::unsubscribe(std::uint64_t number) {
  owner_.check();
  if (subscriptions_.erase(number) == 0 || !is_connected()) return;
  nats_protocol::append_unsubscribe(connection_->outgoing(), number, 0);
  connection_->send();
}

void NatsClient::unsubscribe_after(std::uint64_t number, std::uint64_t messages) {
  owner_.check();
  const auto found = subscriptions_.find(number);
  if (found == subscriptions_.end()) return;
  if (messages <= found->second->received) return unsubscribe(number);
  found->second->messages_max = messages;
  if (!is_connected()) return;
  nats_protocol::append_unsubscribe(connection_->outgoing(), number, messages);
  connection_->send();
}

void NatsClient::on_message(const NatsMessage& message) {
  if (message.subscription == inbox_subscription) return take_reply(message);
  const auto found = subscriptions_.find(message.subscription);
  if (found == subscriptions_.end()) return;  // it ended while this was on its way
  // The call may end the subscription that it is part of.
  const std::shared_ptr<Subscription> subscription = found->second;
  ++subscription->received;
  if (subscription->received == subscription->messages_max) subscriptions_.erase(found);
  subscription->on_message(message);
}

// --- requests (docs.nats.io, Request-Reply; one subscription takes all answers) ---

base::Status NatsClient::request(const NatsPublication& publication, base::Duration patience, OnReply on_reply) {
  owner_.check();
  SLUICE_ASSERT(publication.reply.empty());
  if (requests_.size() >= settings_.requests_max) return fail(Errc::too_many, "too many requests wait for NATS");
  std::array<char, 128> reply;
  NatsPublication asked = publication;
  const std::size_t inbox_bytes = inbox_.copy(reply.data(), reply.size());
  // As long as any number, until there is one.
  asked.reply = {reply.data(), inbox_bytes + 1};
  reply[inbox_bytes] = '0';
  if (auto checked = nats_protocol::check(asked); !checked) return checked;
  if (auto room = check_room(asked); !room) return room;
  const std::uint64_t number = requests_.add(base::Clock::now() + patience, std::move(on_reply));
  const auto end = std::to_chars(reply.data() + inbox_bytes, reply.data() + reply.size(), number).ptr;
  asked.reply = {reply.data(), static_cast<std::size_t>(end - reply.data())};
  append(asked);
  set_deadline_timer();
  return base::ok();
}

void NatsClient::take_reply(const NatsMessage& message) {
  const std::string_view digits = message.subject.substr(std::min(inbox_.size(), message.subject.size()));
  std::uint64_t number = 0;
  const auto [stopped, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || stopped != digits.data() + digits.size()) return;
  const auto on_reply = requests_.take(number);
  if (!on_reply) return;  // its deadline has passed, or it is a second answer
  const bool may_be_status = message.payload.empty() && !message.header_block.empty();
  const auto headers = may_be_status ? message.headers() : base::Result<NatsHeaders>(NatsHeaders());
  if (headers && headers->status() == nats_status::no_responders) {
    (*on_reply)(fail(Errc::unavailable, "nobody at NATS answers that subject"));
  } else {
    (*on_reply)(message);
  }
  leave_lame_duck_if_idle();
}

void NatsClient::set_deadline_timer() {
  const auto next = requests_.deadline();
  if (!next || (deadline_ && *deadline_ <= *next)) return;
  deadline_ = next;
  deadline_timer_.set(*next);
}

void NatsClient::expire() {
  deadline_.reset();
  const base::TimePoint now = base::Clock::now();
  while (const auto on_reply = requests_.take_expired(now))
    (*on_reply)(fail(Errc::timed_out, "NATS did not answer in time"));
  set_deadline_timer();
  leave_lame_duck_if_idle();
}

}  // namespace sluice::cluster
