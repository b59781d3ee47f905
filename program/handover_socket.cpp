#include "program/handover_socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace sluice::program {
namespace {

constexpr std::size_t text_bytes_max = 512, descriptors_max = 8;

base::Error error_of(int error) {
  const bool is_nobody = error == ENOENT || error == ECONNREFUSED;
  const base::Errc code = is_nobody         ? base::Errc::not_found
                          : error == EACCES ? base::Errc::forbidden
                                            : base::Errc::unavailable;
  return base::fail(code, std::generic_category().message(error));
}

std::vector<base::Descriptor> descriptors_of(msghdr& header) {
  std::vector<base::Descriptor> all;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    std::array<int, descriptors_max> numbers{};
    const std::size_t bytes = std::min(part->cmsg_len - CMSG_LEN(0), sizeof numbers);
    std::memcpy(numbers.data(), CMSG_DATA(part), bytes);
    for (std::size_t at = 0; at < bytes / sizeof(int); ++at) all.emplace_back(numbers[at]);
  }
  return all;
}

}  // namespace

base::Result<HandoverSocket> HandoverSocket::connect(const std::string& path) {
  base::Descriptor descriptor(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  if (!descriptor) return error_of(errno);
  if (path.size() >= sizeof address.sun_path) return error_of(ENAMETOOLONG);
  std::ranges::copy(path, address.sun_path);
  if (::connect(descriptor.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return error_of(errno);
  }
  return HandoverSocket(std::move(descriptor));
}

base::Result<HandoverSocket::Message> HandoverSocket::receive(base::TimePoint deadline) {
  std::array<char, text_bytes_max> text{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(descriptors_max * sizeof(int))> beside{};
  iovec piece{text.data(), text.size()};
  bool is_reset = false;
  while (true) {
    msghdr header{};
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    header.msg_control = beside.data();
    header.msg_controllen = beside.size();
    const ssize_t got = recvmsg(number(), &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (got >= 0) return Message{{text.data(), static_cast<std::size_t>(got)}, descriptors_of(header)};
    // The other side has gone with something of ours unread; what it said before that is still there.
    if (errno == ECONNRESET && !std::exchange(is_reset, true)) continue;
    if (errno == ECONNRESET) return Message{};
    if (errno != EAGAIN && errno != EINTR) return error_of(errno);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - base::Clock::now()).count();
    if (left <= 0) return base::fail(base::Errc::timed_out, "nothing came in time");
    pollfd wanted{number(), POLLIN, 0};
    poll(&wanted, 1, static_cast<int>(left));
  }
}

bool HandoverSocket::send(std::string_view text, const base::Descriptor& beside) {
  iovec piece{const_cast<char*>(text.data()), text.size()};
  msghdr header{};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  if (beside) {
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    cmsghdr* const part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int));
    const int number = beside.number();
    std::memcpy(CMSG_DATA(part), &number, sizeof number);
  }
  constexpr int patience_ms = 1000;
  while (sendmsg(number(), &header, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
    if (errno == EINTR) continue;
    // As many messages wait as may; whoever wants them reads them.
    pollfd room{number(), POLLOUT, 0};
    if (errno != EAGAIN || poll(&room, 1, patience_ms) <= 0) return false;
  }
  return true;
}

bool HandoverSocket::is_trusted() const {
  ucred peer{};
  socklen_t bytes = sizeof peer;
  if (getsockopt(number(), SOL_SOCKET, SO_PEERCRED, &peer, &bytes) != 0) return false;
  return peer.uid == geteuid() || peer.uid == 0;
}

}  // namespace sluice::program
