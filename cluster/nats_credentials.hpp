#pragma once
// NatsCredentials: what a credentials file holds (docs.nats.io, User Credentials): a user's token and the seed that its
// key is made of, or a seed alone for servers that know the user by its key.

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "cluster/nkey.hpp"

namespace sluice::cluster {

struct NatsCredentials {
  std::string jwt;  // empty: there is none
  Nkey key;

  // Errc::bad_request says what is missing or wrong, without a secret.
  static base::Result<NatsCredentials> parse(std::string_view text);
  // The same of a file; the error names it.
  static base::Result<NatsCredentials> read(const std::string& path);
};

}  // namespace sluice::cluster
