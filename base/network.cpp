#include "base/network.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace sluice::base {
namespace {

using Bytes = std::array<std::uint8_t, 16>;

constexpr int ipv4_offset_bits = 96;

Bytes mapped(const in_addr& ipv4) {
  Bytes bytes{};
  bytes[10] = bytes[11] = 0xFF;
  std::memcpy(bytes.data() + 12, &ipv4, 4);
  return bytes;
}

Bytes bytes_of(const Address& address) {
  if (address.family() == AF_INET) {
    return mapped(reinterpret_cast<const sockaddr_in*>(address.socket_address())->sin_addr);
  }
  Bytes bytes{};
  std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(address.socket_address())->sin6_addr, bytes.size());
  return bytes;
}

Error not_a_network(std::string_view text) {
  return fail(Errc::bad_request, "'" + std::string(text) + "' is not " + std::string(Network::expected));
}

}  // namespace

Result<Network> Network::parse(std::string_view text) {
  const auto slash = text.find('/');
  const std::string host(text.substr(0, slash));
  Network network;
  in_addr ipv4{};
  in6_addr ipv6{};
  int bits_max = 128, offset = 0;
  if (host.find('\0') != std::string::npos) return not_a_network(text);
  if (inet_pton(AF_INET, host.c_str(), &ipv4) == 1) {
    network.bytes_ = mapped(ipv4);
    bits_max = 32;
    offset = ipv4_offset_bits;
  } else if (inet_pton(AF_INET6, host.c_str(), &ipv6) == 1) {
    std::memcpy(network.bytes_.data(), &ipv6, network.bytes_.size());
  } else {
    return not_a_network(text);
  }
  int bits = bits_max;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc() || end != digits.data() + digits.size() || bits < 0 || bits > bits_max) {
      return not_a_network(text);
    }
  }
  network.bits_ = bits + offset;
  return network;
}

bool Network::contains(const Address& address) const {
  const Bytes other = bytes_of(address);
  const auto whole = static_cast<std::size_t>(bits_ / 8);
  if (!std::equal(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(whole), other.begin())) return false;
  const int rest = bits_ % 8;
  return rest == 0 || (bytes_[whole] ^ other[whole]) >> (8 - rest) == 0;
}

}  // namespace sluice::base
