#include "gateway/origins.hpp"

#include "gateway/http_head.hpp"
#include "gateway/options.hpp"

namespace sluice::gateway {
namespace {

struct HostPort {
  std::string_view host, port;  // the port is empty if none was given
};

HostPort split(std::string_view text) {
  const auto colon = text.rfind(':');
  // A colon inside brackets is part of an IPv6 address.
  if (colon == std::string_view::npos || text.find(']', colon) != std::string_view::npos) return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

// Whether the page came from the host that it connects to. A proxy in front may have taken TLS off, so a Host without a
// port stands for the default port of the origin's own scheme.
bool is_same(std::string_view origin, std::string_view host) {
  const auto scheme_end = origin.find("://");
  if (scheme_end == std::string_view::npos) return false;
  const std::string_view scheme = origin.substr(0, scheme_end);
  const std::string_view standard = scheme == "https" ? "443" : "80";
  const HostPort page = split(origin.substr(scheme_end + 3)), here = split(host);
  const std::string_view page_port = page.port.empty() ? standard : page.port;
  const std::string_view here_port = here.port.empty() ? standard : here.port;
  return !page.host.empty() && equals_ignoring_case(page.host, here.host) && page_port == here_port;
}

}  // namespace

bool is_origin_allowed(const std::vector<std::string>& allowed, std::string_view origin, std::string_view host) {
  if (origin.empty()) return true;
  for (const std::string& one : allowed) {
    if (one == any_origin) return true;
    if (origin != "null" && (one == same_origin ? is_same(origin, host) : equals_ignoring_case(one, origin)))
      return true;
  }
  return false;
}

}  // namespace sluice::gateway
