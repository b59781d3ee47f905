#include "control/page_token.hpp"

#include <array>
#include <cstdio>

namespace sluice::control {

namespace {

constexpr std::size_t head_digits = 30, check_digits = 8;

std::string content_of(const PageToken& token) {
  std::array<char, head_digits + 1> head;
  const int size = std::snprintf(head.data(), head.size(), "%02x%08x%08x%04x%08x", static_cast<unsigned>(token.list),
                                 token.incarnation, token.filters, token.worker, token.from);
  std::string text(head.data(), static_cast<std::size_t>(size));
  for (const char byte : token.after) {
    constexpr std::string_view digits = "0123456789abcdef";
    text += digits[static_cast<unsigned char>(byte) >> 4];
    text += digits[byte & 15];
  }
  return text;
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
  if (text.size() < head_digits + check_digits || text.size() % 2 != 0) return std::nullopt;
  const auto list = parse_hex(text.substr(0, 2)), incarnation = parse_hex(text.substr(2, 8)),
             filters = parse_hex(text.substr(10, 8)), worker = parse_hex(text.substr(18, 4)),
             from = parse_hex(text.substr(22, 8));
  if (!list || !incarnation || !filters || !worker || !from) return std::nullopt;
  PageToken token{static_cast<List>(*list), *incarnation, *filters, static_cast<std::uint16_t>(*worker), *from, {}};
  const std::string_view after = text.substr(head_digits, text.size() - head_digits - check_digits);
  if (!after.empty() && token.list != List::rooms_by_name) return std::nullopt;
  for (std::size_t at = 0; at < after.size(); at += 2) {
    const auto byte = parse_hex(after.substr(at, 2));
    if (!byte) return std::nullopt;
    token.after += static_cast<char>(*byte);
  }
  return token.text() == text ? std::optional{token} : std::nullopt;
}

}  // namespace sluice::control
