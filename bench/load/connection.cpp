#include "bench/load/connection.hpp"

#include <arpa/inet.h>
#include <sys/epoll.h>

#include <cstdio>
#include <cstring>
#include <stdexcept>

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

void Connection::send_request() {
  const Options& options = loop_.shared().options;
  out_ += "GET " + numbered(role_ == Role::echo ? options.echo_path : options.path, number_) + " HTTP/1.1\r\nHost: ";
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
    const auto frame = first_frame(bytes.substr(used));
    if (!frame) return used;
    used += frame->bytes;
    on_frame(*frame);
  }
  return bytes.size();
}

std::size_t Connection::parse_answer(std::string_view bytes) {
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  const std::string_view head = bytes.substr(0, end);
  if (!head.starts_with("HTTP/1.1 101")) {
    loop_.complain("upgrade refused: " + std::string(head.substr(0, head.find('\r'))));
    on_ended();
    return bytes.size();
  }
  keeps_context_ = head.find("permessage-deflate") != std::string_view::npos &&
                   head.find("server_no_context_takeover") == std::string_view::npos;
  state_ = State::greeting;
  loop_.shared().speech->begin(*this);
  return end + 4;
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
