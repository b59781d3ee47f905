#include "bench/load/connection.hpp"

#include <arpa/inet.h>
#include <sys/epoll.h>

#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "bench/load/event_stream.hpp"
#include "bench/load/loop.hpp"

namespace sluice::bench {

namespace {

// The example of RFC 6455, 1.3: the server computes as much for it as for any other.
constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";
// What browsers offer.
constexpr std::string_view deflate_offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";

// Fills in the connection's number: {i}, or {i/10} for a number that ten connections share.
std::string numbered(std::string path, std::size_t number) {
  const auto at = path.find("{i");
  const auto end = path.find('}', at);
  if (at == std::string::npos || end == std::string::npos) return path;
  const bool is_shared = path[at + 2] == '/';
  const std::size_t among = is_shared ? std::stoul(path.substr(at + 3)) : 1;
  return path.replace(at, end + 1 - at, std::to_string(number / among));
}

// The value of `name` in JSON of ours, which has no escapes in it.
std::string_view member_of(std::string_view json, std::string_view name) {
  const auto at = json.find(name);
  if (at == std::string_view::npos) return {};
  const std::string_view value = json.substr(at + name.size());
  return value.substr(0, value.find('"'));
}

in_addr_t source_of(const Options& options, std::size_t number) {
  if (options.sources < 2) return 0;
  return htonl(0x7F000001 + static_cast<std::uint32_t>(number % options.sources));
}

}  // namespace

void Connection::open() {
  const Shared& shared = loop_.shared();
  began_ = now();
  state_ = State::connecting;
  rest_.clear();
  out_.clear();
  fragments_.clear();
  const Socket::Status status = socket_.connect(shared.server, source_of(shared.options, number_));
  if (status == Socket::Status::ended) {
    on_ended();
  } else {
    loop_.watch(socket_.descriptor(), *this);
  }
}

void Connection::on_ready(std::uint32_t events) {
  if (state_ == State::idle) return;
  if (state_ == State::connecting) {
    if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0) return;
    if (!socket_.is_connected()) return on_ended();
    state_ = State::securing;
  }
  if (state_ == State::securing) advance_to_upgrade();
  if (state_ < State::upgrading) return;
  if (!out_.empty()) flush();
  if ((events & ~EPOLLOUT) != 0) read((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
}

void Connection::advance_to_upgrade() {
  switch (socket_.secure(loop_.shared().tls.get())) {
    case Socket::Status::again:
      return;
    case Socket::Status::ended:
      return on_ended();
    case Socket::Status::done:
      state_ = State::upgrading;
      send_request();
  }
}

Access Connection::access() const {
  return role_ == Role::listener ? loop_.shared().options.access : Access::websocket;
}

const std::string& Connection::path() const {
  const Options& options = loop_.shared().options;
  if (role_ == Role::echo) return options.echo_path;
  return role_ == Role::publisher && !options.publisher_path.empty() ? options.publisher_path : options.path;
}

void Connection::send_request() {
  switch (access()) {
    case Access::websocket:
      return send_upgrade();
    case Access::sse:
      return send_get({});
    case Access::poll:
      // As a client begins: it learns where it stands, and has every later poll held from there.
      return send_get("wait=0");
  }
}

void Connection::send_get(std::string_view more_of_query) {
  const Options& options = loop_.shared().options;
  out_ += "GET " + numbered(path(), number_);
  if (!more_of_query.empty()) {
    out_ += path().find('?') == std::string::npos ? '?' : '&';
    out_ += more_of_query;
  }
  out_ += " HTTP/1.1\r\nHost: " + options.host + "\r\nAccept: ";
  out_ += access() == Access::sse ? "text/event-stream\r\n" : "application/json\r\n";
  out_ += options.headers + "\r\n";
  flush();
}

void Connection::send_upgrade() {
  const Options& options = loop_.shared().options;
  out_ += "GET " + numbered(path(), number_) + " HTTP/1.1\r\nHost: ";
  out_ += options.host + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n";
  out_ += "Sec-WebSocket-Key: ";
  out_ += key;
  out_ += "\r\n";
  if (options.deflate) out_ += deflate_offer;
  out_ += options.headers + "\r\n";
  flush();
}

void Connection::send_message(Nanoseconds sent) {
  const Shared& shared = loop_.shared();
  std::string& text = loop_.scratch();
  text.clear();
  shared.speech->write(text, shared.body, sent, role_);
  reply(text);
}

void Connection::reply(std::string_view text) {
  append_frame(out_, Opcode::text, text);
  flush();
}

void Connection::send_close() {
  state_ = State::closing;
  append_frame(out_, Opcode::close, std::string_view("\x03\xe8", 2));  // 1000, a normal closure
  flush();
}

void Connection::finish() {
  if (state_ == State::idle) return;
  state_ = State::closing;
  on_ended();
}

void Connection::flush() {
  while (!out_.empty()) {
    const auto [status, bytes] = socket_.write(out_);
    out_.erase(0, bytes);
    if (status == Socket::Status::again) return;
    // The end shows itself to the next read.
    if (status == Socket::Status::ended) return out_.clear();
  }
}

void Connection::read(bool until_end) {
  while (state_ != State::idle) {
    const std::span<char> buffer = loop_.read_buffer(rest_);
    const std::span<char> room = buffer.subspan(rest_.size());
    const auto [status, bytes] = socket_.read(room);
    if (status == Socket::Status::again) return;
    if (status == Socket::Status::ended) return on_ended();
    received_ = now();
    const std::string_view all(buffer.data(), rest_.size() + bytes);
    const std::size_t used = parse(all);
    rest_.assign(all.substr(used));
    if (bytes < room.size() && !until_end && !socket_.is_secure()) return;
  }
}

// Gives how much of `bytes` was used.
std::size_t Connection::parse(std::string_view bytes) {
  std::size_t used = 0;
  if (state_ == State::upgrading) {
    used = parse_answer(bytes);
    if (used == 0) return 0;
  }
  while (state_ > State::upgrading) {
    const std::string_view rest = bytes.substr(used);
    const std::size_t more = parse_part(rest);
    if (more == 0) return used;
    used += more;
  }
  return bytes.size();
}

std::size_t Connection::parse_part(std::string_view bytes) {
  switch (access()) {
    case Access::websocket:
      return parse_frame(bytes);
    case Access::sse:
      return parse_event(bytes);
    case Access::poll:
      return refuse_answer(bytes);
  }
  return 0;
}

std::size_t Connection::parse_frame(std::string_view bytes) {
  const auto frame = first_frame(bytes);
  if (!frame) return 0;
  on_frame(*frame);
  return frame->bytes;
}

std::size_t Connection::parse_event(std::string_view bytes) {
  const auto event = first_event(bytes);
  if (!event) return 0;
  if (!event->data.empty()) loop_.shared().speech->on_text(event->data, role_, *this);
  return event->bytes;
}

std::size_t Connection::parse_answer(std::string_view bytes) {
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  const std::string_view head = bytes.substr(0, end);
  if (!head.starts_with(access() == Access::websocket ? "HTTP/1.1 101" : "HTTP/1.1 200")) {
    loop_.complain("request refused: " + std::string(head.substr(0, head.find('\r'))));
    on_ended();
    return bytes.size();
  }
  if (access() == Access::poll) return begin_held_poll(head, bytes);
  keeps_context_ = head.find("permessage-deflate") != std::string_view::npos &&
                   head.find("server_no_context_takeover") == std::string_view::npos;
  state_ = State::greeting;
  loop_.shared().speech->begin(*this);
  return end + 4;
}

// Nothing is said in the room: a poll that is answered was not held.
std::size_t Connection::refuse_answer(std::string_view bytes) {
  if (bytes.empty()) return 0;
  loop_.complain("a poll was not held: " + std::string(bytes.substr(0, bytes.find('\r'))));
  on_ended();
  return bytes.size();
}

// `bytes` begin with `head`, which answers the first poll.
std::size_t Connection::begin_held_poll(std::string_view head, std::string_view bytes) {
  constexpr std::string_view length = "Content-Length: ";
  const auto at = head.find(length);
  if (at == std::string_view::npos) return on_ended(), bytes.size();
  const std::size_t whole = head.size() + 4 + std::stoul(std::string(head.substr(at + length.size())));
  if (bytes.size() < whole) return 0;
  const std::string_view cursor = member_of(bytes.substr(head.size(), whole - head.size()), R"("cursor":")");
  state_ = State::greeting;
  send_get("wait=60s&cursor=" + std::string(cursor));
  greeted();
  return whole;
}

void Connection::on_frame(const Frame& frame) {
  switch (frame.opcode) {
    case Opcode::text:
    case Opcode::binary:
    case Opcode::continuation:
      return on_data(frame);
    case Opcode::ping:
      Counters::bump(loop_.counters().pongs);
      append_frame(out_, Opcode::pong, frame.payload);
      return flush();
    case Opcode::close:
      return on_ended();
    case Opcode::pong:
      return;
  }
}

void Connection::on_data(const Frame& frame) {
  if (frame.opcode != Opcode::continuation && frame.is_last) return on_message(frame.payload, frame.is_deflated);
  if (frame.opcode != Opcode::continuation) is_fragment_deflated_ = frame.is_deflated;
  fragments_ += frame.payload;
  if (!frame.is_last) return;
  const std::string whole = std::move(fragments_);
  fragments_.clear();
  on_message(whole, is_fragment_deflated_);
}

void Connection::on_message(std::string_view payload, bool is_deflated) {
  if (!is_deflated) return loop_.shared().speech->on_text(payload, role_, *this);
  // Inflating for a thousand clients on one core would measure the generator: a sample of them tells the latency.
  if (number_ % loop_.shared().options.inflate_every != 0) return loop_.count_message(*this);
  if (keeps_context_ && !own_inflater_) own_inflater_ = std::make_unique<Inflater>();
  Inflater& inflater = keeps_context_ ? *own_inflater_ : loop_.inflater();
  loop_.shared().speech->on_text(inflater.inflate(payload, keeps_context_), role_, *this);
}

void Connection::greeted() {
  if (state_ != State::greeting) return;
  state_ = State::open;
  loop_.on_opened(*this, now() - began_);
}

void Connection::received(std::string_view message) {
  const auto sent = loop_.shared().body.sent(message);
  if (sent) loop_.on_message(*this, *sent, received_);
}

void Connection::on_ended() {
  const State was = state_;
  state_ = State::idle;
  socket_.close();
  own_inflater_.reset();
  Counters& counters = loop_.counters();
  Counters::bump(was == State::closing ? counters.finished : was == State::open ? counters.ended : counters.failed);
  loop_.on_ended(*this, was < State::open);
}

}  // namespace sluice::bench
