#pragma once
// Address: an IPv4 or IPv6 address with a port, as options name it and as the kernel takes it.

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace sluice::base {

class Address {
 public:
  static constexpr std::string_view expected = "an address and a port, such as 127.0.0.1:8080, [::1]:8080 or [::]:0";

  // Port 0 of 0.0.0.0.
  Address();
  // Takes "1.2.3.4:80", "[::1]:80" and "localhost:80", which is 127.0.0.1; no other names, since nothing here may wait
  // for a name server. Port 0 stands for any free one.
  static Result<Address> parse(std::string_view text);
  // Takes what the kernel gave (getsockname, accept4), which is AF_INET or AF_INET6.
  static Address from(const sockaddr_storage& storage);

  // Gives the form that parse() takes. A client of a dual-stack socket that came by IPv4 shows as IPv4.
  std::string text() const;
  // The same without the port and without brackets.
  std::string host() const;
  std::uint16_t port() const;
  Address with_port(std::uint16_t port) const;
  // True for 127.0.0.0/8 and ::1, and for the former inside IPv6.
  bool is_loopback() const;
  // True for what stands for every address of the machine: [::] and 0.0.0.0.
  bool is_wildcard() const;
  // True for [::], which a socket serves for IPv4 too (IPV6_V6ONLY off).
  bool is_dual_stack() const;

  int family() const { return any_.sa_family; }
  const sockaddr* socket_address() const { return &any_; }
  socklen_t socket_address_bytes() const;
  bool operator==(const Address& other) const { return text() == other.text(); }

 private:
  bool is_ipv4_inside_ipv6() const;

  union {
    sockaddr any_;
    sockaddr_in ipv4_;
    sockaddr_in6 ipv6_;
  };
};

}  // namespace sluice::base
