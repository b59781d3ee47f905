#include "gateway/request_target.hpp"

#include <optional>

namespace sluice::gateway {
namespace {

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decode(std::string_view text, bool is_query) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      out += is_query && text[at] == '+' ? ' ' : text[at];
      continue;
    }
    if (at + 2 >= text.size()) return std::nullopt;
    const int high = digit(text[at + 1]), low = digit(text[at + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    at += 2;
  }
  return out;
}

base::Error malformed() {
  return base::fail(base::Errc::bad_request,
                    "a percent sign in the request's target is not followed by two hexadecimal "
                    "digits");
}

}  // namespace

base::Result<RequestTarget> RequestTarget::parse(std::string_view text) {
  if (!text.starts_with('/')) {
    return base::fail(base::Errc::bad_request, "the request's target is not a path, such as /ws?room=lobby");
  }
  const auto question = text.find('?');
  const auto path = decode(text.substr(0, question), false);
  if (!path) return malformed();
  RequestTarget target{*path, {}};
  std::string_view query = question == std::string_view::npos ? std::string_view{} : text.substr(question + 1);
  while (!query.empty()) {
    const auto ampersand = query.find('&');
    const std::string_view pair = query.substr(0, ampersand);
    query = ampersand == std::string_view::npos ? std::string_view{} : query.substr(ampersand + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    auto name = decode(pair.substr(0, equals), true);
    auto value = decode(equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1), true);
    if (!name || !value) return malformed();
    target.parameters.emplace_back(*std::move(name), *std::move(value));
  }
  return target;
}

const std::string* RequestTarget::find(std::string_view name) const {
  for (const auto& [parameter, value] : parameters) {
    if (parameter == name) return &value;
  }
  return nullptr;
}

}  // namespace sluice::gateway
