#include "base/address.hpp"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/assert.hpp"

namespace sluice::base {
namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || text.size() > 5 || error != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return port;
}

Error not_an_address(std::string_view text) {
  return fail(Errc::bad_request, "'" + std::string(text) + "' is not " + std::string(Address::expected));
}

}  // namespace

Address::Address() : ipv6_{} { ipv4_.sin_family = AF_INET; }

Result<Address> Address::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return not_an_address(text);
  const auto port = parse_port(text.substr(colon + 1));
  std::string host(text.substr(0, colon));
  if (!port || host.find('\0') != std::string::npos) return not_an_address(text);
  Address address;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    address.ipv6_.sin6_family = AF_INET6;
    address.ipv6_.sin6_port = htons(*port);
    if (inet_pton(AF_INET6, host.c_str(), &address.ipv6_.sin6_addr) != 1) return not_an_address(text);
    return address;
  }
  if (host == "localhost") host = "127.0.0.1";
  address.ipv4_.sin_port = htons(*port);
  if (inet_pton(AF_INET, host.c_str(), &address.ipv4_.sin_addr) != 1) return not_an_address(text);
  return address;
}

Address Address::from(const sockaddr_storage& storage) {
  SLUICE_ASSERT(storage.ss_family == AF_INET || storage.ss_family == AF_INET6);
  Address address;
  if (storage.ss_family == AF_INET) {
    std::memcpy(&address.ipv4_, &storage, sizeof address.ipv4_);
  } else {
    std::memcpy(&address.ipv6_, &storage, sizeof address.ipv6_);
  }
  return address;
}

std::string Address::text() const {
  const bool is_ipv6 = family() == AF_INET6 && !is_ipv4_inside_ipv6();
  return (is_ipv6 ? "[" + host() + "]:" : host() + ":") + std::to_string(port());
}

std::string Address::host() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (family() == AF_INET) {
    inet_ntop(AF_INET, &ipv4_.sin_addr, text.data(), text.size());
  } else if (is_ipv4_inside_ipv6()) {
    inet_ntop(AF_INET, ipv6_.sin6_addr.s6_addr + 12, text.data(), text.size());
  } else {
    inet_ntop(AF_INET6, &ipv6_.sin6_addr, text.data(), text.size());
  }
  return text.data();
}

std::uint16_t Address::port() const { return ntohs(family() == AF_INET ? ipv4_.sin_port : ipv6_.sin6_port); }

Address Address::with_port(std::uint16_t port) const {
  Address address = *this;
  (family() == AF_INET ? address.ipv4_.sin_port : address.ipv6_.sin6_port) = htons(port);
  return address;
}

bool Address::is_loopback() const {
  if (family() == AF_INET) return (ntohl(ipv4_.sin_addr.s_addr) >> 24) == 127;
  if (is_ipv4_inside_ipv6()) return ipv6_.sin6_addr.s6_addr[12] == 127;
  return IN6_IS_ADDR_LOOPBACK(&ipv6_.sin6_addr);
}

bool Address::is_wildcard() const { return is_dual_stack() || host() == "0.0.0.0"; }

bool Address::is_dual_stack() const { return family() == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&ipv6_.sin6_addr); }

socklen_t Address::socket_address_bytes() const { return family() == AF_INET ? sizeof ipv4_ : sizeof ipv6_; }

bool Address::is_ipv4_inside_ipv6() const { return family() == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&ipv6_.sin6_addr); }

}  // namespace sluice::base
