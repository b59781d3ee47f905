#pragma once
// NatsSettings: where servers are, who we are to them, and how patient a client is.

#include <chrono>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace sluice::cluster {

// PEM files, which are read again for each connection. Naming one requires TLS.
struct NatsTls {
  std::string ca_file = {};                          // who may vouch for servers; empty: whom the system trusts
  std::string certificate_file = {}, key_file = {};  // ours; empty: we show none
  bool is_required = false;

  bool is_wanted() const { return is_required || !ca_file.empty() || !certificate_file.empty(); }
};

struct NatsSettings {
  std::vector<std::string> urls;  // NatsUrl::parse
  std::string name = {};          // by which operators of the servers know the connection
  // One kind of credentials, or none.
  std::string user = {}, password = {};
  std::string token = {};
  std::string credentials_file = {};  // read again for each connection
  NatsTls tls = {};
  bool wants_echo = true;  // of its own messages

  // For a server to be reached, to agree on TLS and to take the credentials.
  std::chrono::milliseconds connect_patience{5'000};
  // A connection is lost if a PING is due and as many as these were not answered.
  std::chrono::milliseconds ping_interval{10'000};
  unsigned unanswered_pings_max = 2;
  // Between two attempts, once every server was tried: doubled each round, spread over its second half.
  std::chrono::milliseconds backoff_min{100}, backoff_max{5'000};
  // For what is under way when a server says that it is about to end.
  std::chrono::milliseconds lame_duck_patience{2'000};

  std::size_t outgoing_bytes_max = std::size_t{16} << 20;  // that the kernel has not taken yet
  // Headers and payload of a message that comes: as large as servers can be set to take (64 MiB), and what they add.
  std::size_t message_bytes_max = (std::size_t{64} << 20) + 65'536;
  std::size_t requests_max = 65'536;  // that wait for their answers
};

// Errc::bad_request names what is wrong: no URL, one that is none, two kinds of credentials, a file that is not there.
base::Status check(const NatsSettings& settings);

}  // namespace sluice::cluster
