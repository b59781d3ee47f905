#include "gateway/listeners.hpp"

#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace sluice::gateway {
namespace {

using base::Address;
using base::Errc;
using base::fail;

void close_all(const std::vector<int>& descriptors) {
  for (const int descriptor : descriptors) close(descriptor);
}

bool set_option(int descriptor, int level, int name, int value) {
  return setsockopt(descriptor, level, name, &value, sizeof value) == 0;
}

// Gives a bound socket, or -1 with errno.
int bind_socket(const Address& address, int type, bool shares_port) {
  const int descriptor = socket(address.family(), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  // SO_REUSEADDR: connections of an earlier process that are in TIME_WAIT do not count as having the port. To datagram
  // sockets it would mean that anyone may have it.
  const bool is_set = (type != SOCK_STREAM || set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)) &&
                      (!shares_port || set_option(descriptor, SOL_SOCKET, SO_REUSEPORT, 1)) &&
                      (address.family() != AF_INET6 ||
                       set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, address.is_dual_stack() ? 0 : 1));
  if (is_set && bind(descriptor, address.socket_address(), address.socket_address_bytes()) == 0) return descriptor;
  const int error = errno;
  close(descriptor);
  errno = error;
  return -1;
}

base::Error cannot_listen(const Address& address, int error) {
  std::string why = "cannot listen on " + address.text() + ": ";
  if (error == EADDRINUSE) {
    return fail(Errc::unavailable, why +
                                       "the port is in use; stop what has it, choose another port, or say --share-port "
                                       "to every Sluice that shares it");
  }
  if (error == EACCES) return fail(Errc::forbidden, why + "ports below 1024 need the right to bind them");
  return fail(Errc::unavailable, why + std::generic_category().message(error));
}

Address bound_address(int descriptor, const Address& asked) {
  sockaddr_storage storage{};
  socklen_t bytes = sizeof storage;
  return getsockname(descriptor, reinterpret_cast<sockaddr*>(&storage), &bytes) == 0 ? Address::from(storage) : asked;
}

struct Wish {
  std::size_t count;
  int type;
  bool share_port;
};

// Makes what another process handed over ready for use here; that process may use it still.
template <class Prepare>
base::Status adopt(std::vector<base::Descriptor> handed, const Wish& wish, Prepare&& prepare, ListenerSet& set) {
  for (base::Descriptor& one : handed) {
    // One that has been alone is to be one of several.
    const bool is_shared = handed.size() >= wish.count || set_option(one.number(), SOL_SOCKET, SO_REUSEPORT, 1);
    if (!is_shared || !prepare(one.number())) {
      const int error = errno;
      close_all(set.descriptors);
      return cannot_listen(set.address, error);
    }
    set.descriptors.push_back(one.release());
  }
  return base::ok();
}

// Opens sockets, as many as are wanted beside those that were handed over, each of which `prepare` makes ready for use:
// it gives false and errno if it cannot.
template <class Prepare>
base::Result<ListenerSet> open_sockets(const Address& address, const Wish& wish, std::vector<base::Descriptor> handed,
                                       Prepare&& prepare) {
  ListenerSet set{address, {}};
  const auto [count, type, share_port] = wish;
  if (auto status = adopt(std::move(handed), wish, prepare, set); !status) return status.error();
  for (std::size_t at = set.descriptors.size(); at < count; ++at) {
    // The first takes any free port if none was named; the others follow it. A port that is to be ours alone is taken
    // without sharing, which fails whoever has it and keeps everyone out, and is shared with our own only once it
    // is in use: of two processes that start at the same time, one gets it.
    const bool is_alone = at == 0 && !share_port;
    const int descriptor = bind_socket(set.address, type, !is_alone);
    if (descriptor >= 0) set.descriptors.push_back(descriptor);
    const bool is_ready = descriptor >= 0 && prepare(descriptor) &&
                          (!is_alone || count == 1 || set_option(descriptor, SOL_SOCKET, SO_REUSEPORT, 1));
    if (!is_ready) {
      const int error = errno;
      close_all(set.descriptors);
      return cannot_listen(set.address, error);
    }
    if (at == 0) set.address = bound_address(descriptor, address);
  }
  return set;
}

// What a datagram socket says beside datagrams: errors, by both protocols if it serves both, and addresses.
bool ask_for_more(int descriptor, const Address& address) {
  const bool is_ipv6 = address.family() == AF_INET6;
  const bool has_ipv4 = !is_ipv6 || address.is_dual_stack();
  if (is_ipv6 && !set_option(descriptor, IPPROTO_IPV6, IPV6_RECVERR, 1)) return false;
  if (has_ipv4 && !set_option(descriptor, IPPROTO_IP, IP_RECVERR, 1)) return false;
  if (!address.is_wildcard()) return true;
  return is_ipv6 ? set_option(descriptor, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
                 : set_option(descriptor, IPPROTO_IP, IP_PKTINFO, 1);
}

}  // namespace

base::Result<ListenerSet> open_listeners(const Address& address, std::size_t count, const Options& options,
                                         std::size_t socket_send_bytes_max, std::vector<base::Descriptor> handed) {
  return open_sockets(address, {count, SOCK_STREAM, options.share_port}, std::move(handed), [&](int descriptor) {
    return (!options.tcp_no_delay || set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1)) &&
           (socket_send_bytes_max == 0 ||
            set_option(descriptor, SOL_SOCKET, SO_SNDBUF, static_cast<int>(socket_send_bytes_max))) &&
           listen(descriptor, static_cast<int>(options.backlog)) == 0;
  });
}

base::Result<ListenerSet> open_datagram_sockets(const Address& address, std::size_t count, bool share_port,
                                                std::size_t receive_bytes, std::vector<base::Descriptor> handed) {
  return open_sockets(address, {count, SOCK_DGRAM, share_port}, std::move(handed), [&](int descriptor) {
    const int bytes = static_cast<int>(receive_bytes);
    // Whoever may have more than the machine's limit gets it.
    return (set_option(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, bytes) ||
            set_option(descriptor, SOL_SOCKET, SO_RCVBUF, bytes)) &&
           ask_for_more(descriptor, address);
  });
}

}  // namespace sluice::gateway
