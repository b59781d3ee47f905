#include "control/page_token.hpp"

#include <array>
#include <cstdio>

namespace sluice::control {

namespace {

constexpr std::size_t digits_max = 38;  // 30 of content, 8 of check

std::string content_of(const PageToken& token) {
  std::array<char, digits_max + 1> text;
  const int size = std::snprintf(text.data(), text.size(), "%02x%08x%08x%04x%08x", static_cast<unsigned>(token.list),
                                 token.incarnation, token.filters, token.worker, token.from);
  return {text.data(), static_cast<std::size_t>(size)};
}

std::optional<std::uint32_t> parse_hex(std::string_view text) {
  std::uint32_t value = 0;
  for (const char c : text) {
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_digit && (c < 'a' || c > 'f')) return std::nullopt;
    value = value << 4 | static_cast<std::uint32_t>(is_digit ? c - '0' : c - 'a' + 10);
  }
  return value;
}

}  // namespace

std::uint32_t fingerprint_of(std::string_view bytes) {
  std::uint32_t hash = 2166136261U;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 16777619U;
  return hash;
}

std::string PageToken::text() const {
  const std::string content = content_of(*this);
  std::array<char, 9> check;
  std::snprintf(check.data(), check.size(), "%08x", fingerprint_of(content));
  return content + check.data();
}

std::optional<PageToken> PageToken::parse(std::string_view text) {
  if (text.size() != digits_max) return std::nullopt;
  const auto list = parse_hex(text.substr(0, 2)), incarnation = parse_hex(text.substr(2, 8)),
             filters = parse_hex(text.substr(10, 8)), worker = parse_hex(text.substr(18, 4)),
             from = parse_hex(text.substr(22, 8));
  if (!list || !incarnation || !filters || !worker || !from) return std::nullopt;
  const PageToken token{static_cast<List>(*list), *incarnation, *filters, static_cast<std::uint16_t>(*worker), *from};
  return token.text() == text ? std::optional{token} : std::nullopt;
}

}  // namespace sluice::control
