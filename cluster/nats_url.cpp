#include "cluster/nats_url.hpp"

#include <charconv>

#include "cluster/nats_protocol.hpp"

namespace sluice::cluster {
namespace {

base::Error misfit(std::string_view what) {
  return base::fail(base::Errc::bad_request,
                    "a NATS server's URL " + std::string(what) + "; nats://HOST:PORT or tls://HOST:PORT was expected");
}

}  // namespace

base::Result<NatsUrl> NatsUrl::parse(std::string_view text) {
  NatsUrl url;
  if (const std::size_t end = text.find("://"); end != std::string_view::npos) {
    const std::string_view scheme = text.substr(0, end);
    if (scheme != "nats" && scheme != "tls") return misfit("has another scheme");
    url.requires_tls = scheme == "tls";
    text.remove_prefix(end + 3);
  }
  if (text.ends_with('/')) text.remove_suffix(1);
  if (text.find('@') != std::string_view::npos) return misfit("has credentials in it");
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) return misfit("has an open bracket");
    url.host = text.substr(1, bracket - 1);
    text.remove_prefix(bracket + 1);
    if (!text.empty() && !text.starts_with(':')) return misfit("has something else than a port behind its bracket");
    port = text;
  } else {
    const std::size_t colon = text.find(':');
    url.host = text.substr(0, colon);
    if (colon != std::string_view::npos) port = text.substr(colon);
  }
  const bool is_host = !url.host.empty() && url.host.find_first_of(" /?#[]\t\r\n") == std::string::npos;
  if (!is_host) return misfit("names no host");
  url.port = nats_protocol::default_port;
  if (port.empty()) return url;
  port.remove_prefix(1);
  const auto [stopped, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
  if (error != std::errc() || stopped != port.data() + port.size() || url.port == 0)
    return misfit("has no port of 1 to 65535");
  return url;
}

std::string NatsUrl::text() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace sluice::cluster
