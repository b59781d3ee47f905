#pragma once
// NatsUrl: where a NATS server is. Pure.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace sluice::cluster {

struct NatsUrl {
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 0;
  bool requires_tls = false;

  // Takes nats://HOST:PORT, tls://HOST:PORT and HOST:PORT, with port 4222 if none is said, and with IPv6 addresses in
  // brackets. Errc::bad_request says what is wrong; credentials in a URL are refused, since URLs are logged.
  static base::Result<NatsUrl> parse(std::string_view text);
  // HOST:PORT
  std::string text() const;
  bool operator==(const NatsUrl& other) const { return host == other.host && port == other.port; }
};

}  // namespace sluice::cluster
