#include "cluster/nats_connection.hpp"

#include <utility>

#include "cluster/nats_credentials.hpp"
#include "cluster/nats_protocol.hpp"
#include "cluster/nats_tls.hpp"

namespace sluice::cluster {
namespace {

using base::Errc;
using base::fail;

// After these the connection goes on; after all others the server ends it (Client Protocol, +OK/ERR).
bool is_harmless(std::string_view complaint) {
  return complaint.starts_with("Permissions Violation") || complaint.starts_with("Invalid Subject") ||
         complaint.starts_with("Invalid Publish Subject");
}

base::Error refusal(std::string_view complaint) {
  const bool is_about_credentials = complaint.starts_with("Auth") || complaint.find("Authentication") != complaint.npos;
  return fail(is_about_credentials ? Errc::unauthenticated : Errc::unavailable,
              "the server refuses the connection: " + std::string(complaint));
}

}  // namespace

NatsConnection::NatsConnection(boost::asio::io_context& loop, const NatsSettings& settings,
                               const NatsServers::Server& server, bool requires_tls, Listener& listener)
    : settings_(settings), server_(server), requires_tls_(requires_tls), listener_(listener), timer_(loop, [this] {
        if (stage_ == Stage::ready) return check_pings();
        lose(fail(Errc::timed_out,
                  "the server is not ready within " + std::to_string(settings_.connect_patience.count()) + " ms"));
      }) {
  timer_.set_after(settings_.connect_patience);
  NatsLink::Listener& to = *this;
  link_.emplace(loop, to);
  link_->open(server_.url.host, server_.url.port);
}

void NatsConnection::end() {
  stage_ = Stage::ended;
  timer_.cancel();
  link_.reset();
}

void NatsConnection::lose(base::Error error) {
  const bool was_ready = is_ready();
  end();
  // A server says why before it closes.
  if (was_ready && !last_complaint_.empty()) error.detail += ", saying: " + last_complaint_;
  listener_.on_lost(error);
}

base::Duration NatsConnection::age() const {
  return was_ready() ? base::Clock::now() - ready_since_ : base::Duration();
}

void NatsConnection::on_bytes(std::string_view bytes) {
  while (!bytes.empty() && !is_ended()) {
    const NatsParser::Event event = parser_.next(bytes, settings_.message_bytes_max);
    take(event, bytes);
  }
}

void NatsConnection::on_written() {
  if (is_ready()) listener_.on_written();
}

void NatsConnection::take(const NatsParser::Event& event, std::string_view rest) {
  const bool has_joined = stage_ == Stage::joining || stage_ == Stage::ready;
  switch (event.kind) {
    case NatsParser::Kind::none:
    case NatsParser::Kind::ok:
      return;
    case NatsParser::Kind::info:
      return take_info(event.text, rest);
    case NatsParser::Kind::error:
      return take_complaint(event.text);
    case NatsParser::Kind::failure:
      return lose(fail(Errc::bad_request, "the server does not speak the protocol: " + std::string(event.text)));
    case NatsParser::Kind::ping:
      if (!has_joined) break;
      link_->outgoing().append(nats_protocol::pong);
      return link_->send();
    case NatsParser::Kind::pong:
      if (!has_joined) break;
      return take_pong();
    case NatsParser::Kind::message:
      if (!has_joined) break;
      return listener_.on_message(event.message);
  }
  lose(fail(Errc::bad_request, "the server does not speak the protocol: INFO was expected first"));
}

void NatsConnection::take_info(std::string_view json, std::string_view rest) {
  auto info = NatsInfo::parse(json);
  if (!info) return lose(info.error());
  info_ = std::move(*info);
  if (is_ready()) return listener_.on_info();
  if (stage_ != Stage::greeting) return;
  if (!info_.has_headers) return lose(fail(Errc::unavailable, "the server is too old: it knows no headers"));
  const bool wants_tls = requires_tls_ || info_.requires_tls;
  if (!wants_tls) return join();
  if (!info_.offers_tls) {
    return lose(fail(Errc::unavailable, "the server offers no TLS, which is required here"));
  }
  // Whoever stands between could have put them there, to be taken for what was said under TLS.
  if (!rest.empty()) return lose(fail(Errc::bad_request, "the server sent bytes in clear where TLS was to begin"));
  secure();
}

void NatsConnection::secure() {
  auto context = make_tls_context(settings_.tls);
  if (!context) return lose(context.error());
  stage_ = Stage::securing;
  is_secured_ = true;
  link_->secure(std::move(*context), server_.certified_host);
}

void NatsConnection::join() {
  nats_protocol::Connect connect{.name = settings_.name,
                                 .user = settings_.user,
                                 .password = settings_.password,
                                 .token = settings_.token,
                                 .is_secured = is_secured_,
                                 .wants_echo = settings_.wants_echo};
  std::optional<NatsCredentials> credentials;
  std::string signature;
  if (!settings_.credentials_file.empty()) {
    auto read = NatsCredentials::read(settings_.credentials_file);
    if (!read) return lose(read.error());
    credentials = std::move(*read);
    connect.jwt = credentials->jwt;
    if (credentials->jwt.empty()) connect.public_key = credentials->key.public_text();
    if (!info_.nonce.empty()) signature = to_base64url(credentials->key.sign(info_.nonce));
    connect.signature = signature;
  }
  stage_ = Stage::joining;
  std::string& out = link_->outgoing();
  nats_protocol::append_connect(out, connect);
  listener_.on_joining(out);
  out.append(nats_protocol::ping);
  link_->send();
}

void NatsConnection::take_complaint(std::string_view text) {
  if (!is_ready() && !is_harmless(text)) return lose(refusal(text));
  if (!is_harmless(text)) last_complaint_ = text;
  listener_.on_complaint(text);
}

void NatsConnection::take_pong() {
  if (stage_ == Stage::joining) {
    stage_ = Stage::ready;
    ready_since_ = base::Clock::now();
    timer_.set_after(settings_.ping_interval);
    return listener_.on_ready();
  }
  if (pings_.empty()) return;  // an answer to nothing; servers send none
  const bool is_told = pings_.front();
  pings_.pop_front();
  if (is_told) return listener_.on_pong();
  --unanswered_;
}

void NatsConnection::ping() {
  pings_.push_back(true);
  link_->outgoing().append(nats_protocol::ping);
  link_->send();
}

void NatsConnection::check_pings() {
  if (unanswered_ >= settings_.unanswered_pings_max) {
    return lose(fail(Errc::timed_out, "the server answers no more: " + std::to_string(unanswered_) +
                                          " pings, one each " + std::to_string(settings_.ping_interval.count()) +
                                          " ms"));
  }
  ++unanswered_;
  pings_.push_back(false);
  link_->outgoing().append(nats_protocol::ping);
  link_->send();
  timer_.set_after(settings_.ping_interval);
}

}  // namespace sluice::cluster
