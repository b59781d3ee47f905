#include "gateway/proxy_header.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>

namespace sluice::gateway {
namespace {

using State = ProxyHeader::State;

constexpr std::string_view signature_1 = "PROXY ", signature_2{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t line_bytes_max = 107, fixed_bytes_2 = 16;

bool begins_alike(std::string_view bytes, std::string_view signature) {
  const std::size_t size = std::min(bytes.size(), signature.size());
  return bytes.substr(0, size) == signature.substr(0, size);
}

std::string_view take_word(std::string_view& rest) {
  const auto space = rest.find(' ');
  const std::string_view word = rest.substr(0, space);
  rest.remove_prefix(space == std::string_view::npos ? rest.size() : space + 1);
  return word;
}

// "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n", "PROXY UNKNOWN ...\r\n"
ProxyHeader read_line(std::string_view bytes) {
  const auto end = bytes.substr(0, line_bytes_max).find("\r\n");
  if (end == std::string_view::npos) return {bytes.size() < line_bytes_max ? State::incomplete : State::malformed};
  std::string_view rest = bytes.substr(0, end);
  take_word(rest);
  const std::string_view family = take_word(rest);
  if (family == "UNKNOWN") return {State::complete, end + 2};
  if (family != "TCP4" && family != "TCP6") return {State::malformed};
  const std::string source(take_word(rest));
  take_word(rest);
  const std::string port(take_word(rest));
  const bool has_brackets = family == "TCP6";
  const auto address = base::Address::parse(has_brackets ? "[" + source + "]:" + port : source + ":" + port);
  if (!address || source == "localhost" || take_word(rest).empty()) return {State::malformed};
  return {State::complete, end + 2, *address};
}

std::uint16_t number_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[at]) << 8 |
                                    static_cast<unsigned char>(bytes[at + 1]));
}

std::optional<base::Address> source_of(unsigned family, std::string_view addresses) {
  constexpr unsigned tcp_ipv4 = 0x11, tcp_ipv6 = 0x21;
  sockaddr_storage storage{};
  if (family == tcp_ipv4 && addresses.size() >= 12) {
    auto& ipv4 = reinterpret_cast<sockaddr_in&>(storage);
    ipv4.sin_family = AF_INET;
    std::memcpy(&ipv4.sin_addr, addresses.data(), 4);
    ipv4.sin_port = htons(number_at(addresses, 8));
    return base::Address::from(storage);
  }
  if (family == tcp_ipv6 && addresses.size() >= 36) {
    auto& ipv6 = reinterpret_cast<sockaddr_in6&>(storage);
    ipv6.sin6_family = AF_INET6;
    std::memcpy(&ipv6.sin6_addr, addresses.data(), 16);
    ipv6.sin6_port = htons(number_at(addresses, 32));
    return base::Address::from(storage);
  }
  return std::nullopt;
}

ProxyHeader read_binary(std::string_view bytes) {
  constexpr unsigned version = 0x20, local = 0, proxy = 1, unspecified = 0, kinds_max = 0x32;
  if (bytes.size() < fixed_bytes_2) return {};
  const unsigned command = static_cast<unsigned char>(bytes[12]), family = static_cast<unsigned char>(bytes[13]);
  const std::size_t length = number_at(bytes, 14);
  if ((command & 0xF0) != version || (command & 0x0F) > proxy || family > kinds_max) return {State::malformed};
  if (fixed_bytes_2 + length > proxy_header_bytes_max) return {State::malformed};
  if (bytes.size() < fixed_bytes_2 + length) return {};
  ProxyHeader header{State::complete, fixed_bytes_2 + length};
  if ((command & 0x0F) == local || family == unspecified) return header;
  header.source = source_of(family, bytes.substr(fixed_bytes_2, length));
  constexpr unsigned tcp_ipv4 = 0x11, tcp_ipv6 = 0x21;
  const bool is_cut = !header.source && (family == tcp_ipv4 || family == tcp_ipv6);
  return is_cut ? ProxyHeader{State::malformed} : header;
}

}  // namespace

ProxyHeader read_proxy_header(std::string_view bytes) {
  if (begins_alike(bytes, signature_1)) return bytes.size() < signature_1.size() ? ProxyHeader{} : read_line(bytes);
  if (begins_alike(bytes, signature_2)) return bytes.size() < signature_2.size() ? ProxyHeader{} : read_binary(bytes);
  return {State::malformed};
}

}  // namespace sluice::gateway
