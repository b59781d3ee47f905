#include "gateway/proxy_transport.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "gateway/proxy_header.hpp"

namespace sluice::gateway {

using State = workers::Transport::State;
using Progress = workers::Transport::Progress;

// The header is looked at where it lies, since only as much as it has may be taken away.
std::optional<Progress> ProxyTransport::read_header(int descriptor) {
  std::array<char, proxy_header_bytes_max> bytes;
  const ssize_t seen = recv(descriptor, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
  if (seen == 0) return Progress{State::ended};
  if (seen < 0) {
    if (errno == EINTR) return Progress{State::open};
    return Progress{errno == EAGAIN || errno == EWOULDBLOCK ? State::blocked : State::failed};
  }
  const ProxyHeader header = read_proxy_header({bytes.data(), static_cast<std::size_t>(seen)});
  if (header.state == ProxyHeader::State::incomplete) return Progress{State::blocked};
  if (header.state == ProxyHeader::State::malformed) {
    failure_ = "a trusted proxy's connection does not begin with a PROXY header (--proxy-protocol)";
    return Progress{State::failed};
  }
  const ssize_t taken = recv(descriptor, bytes.data(), header.bytes, MSG_DONTWAIT);
  if (taken != static_cast<ssize_t>(header.bytes)) return Progress{State::failed};
  source_ = header.source;
  has_header_ = true;
  return std::nullopt;
}

Progress ProxyTransport::read(int descriptor, std::span<char> into) {
  if (!has_header_) {
    if (const auto progress = read_header(descriptor)) return *progress;
  }
  if (inner_) return inner_->read(descriptor, into);
  const ssize_t taken = recv(descriptor, into.data(), into.size(), MSG_DONTWAIT);
  if (taken < 0) {
    if (errno == EINTR) return {State::open};
    return {errno == EAGAIN || errno == EWOULDBLOCK ? State::blocked : State::failed};
  }
  if (taken == 0) return {State::ended};
  // What may be left, the end of the stream among it, is asked for again: no edge need come for it.
  const auto bytes = static_cast<std::size_t>(taken);
  return {State::open, bytes, bytes};
}

Progress ProxyTransport::write(int descriptor, std::span<const iovec> pieces) {
  if (inner_) return inner_->write(descriptor, pieces);
  if (pieces.empty()) return {};
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  const ssize_t sent = sendmsg(descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) {
    if (errno == EINTR) return {State::open};
    return {errno == EAGAIN || errno == EWOULDBLOCK ? State::blocked : State::failed};
  }
  std::size_t wanted = 0;
  for (const iovec& piece : pieces) wanted += piece.iov_len;
  const auto bytes = static_cast<std::size_t>(sent);
  return {bytes < wanted ? State::blocked : State::open, bytes, bytes};
}

Progress ProxyTransport::end(int descriptor) { return inner_ ? inner_->end(descriptor) : Progress{}; }

std::string_view ProxyTransport::failure() const { return failure_.empty() && inner_ ? inner_->failure() : failure_; }

}  // namespace sluice::gateway
