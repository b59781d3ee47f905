#pragma once
// NatsInfo: what a server says of itself, at first and whenever that changes (Client Protocol, INFO). Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace sluice::cluster {

struct NatsInfo {
  std::string server_id, server_name, version, cluster;
  std::string nonce;                      // to be signed by who has a key; empty: nothing is
  std::vector<std::string> connect_urls;  // of the cluster's servers, HOST:PORT
  std::size_t message_bytes_max = 0;      // headers and payload (max_payload)
  bool has_headers = false;
  bool has_jetstream = false;
  bool requires_tls = false;
  bool offers_tls = false;    // or requires it
  bool is_lame_duck = false;  // it is about to end, and clients had better go elsewhere

  // Errc::bad_request: `json` is no INFO.
  static base::Result<NatsInfo> parse(std::string_view json);
};

}  // namespace sluice::cluster
