#pragma once
// TlsPair: one certificate with its chain, key, names and OCSP answer, as read from files and checked.

#include <chrono>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "gateway/tls_handles.hpp"
#include "gateway/tls_options.hpp"

namespace sluice::gateway {

struct TlsPair {
  using Time = std::chrono::system_clock::time_point;

  TlsFiles files;
  X509Handle certificate;
  std::vector<X509Handle> chain;  // its issuers, in the file's order
  KeyHandle key;
  std::vector<std::string> names;  // DNS names in lower case; a wildcard begins with "*."
  Time valid_from, valid_until;
  std::string staple;  // OCSP response in DER; empty: there is none
  Time staple_until;   // what is older does more harm than none
};

// The file beside a certificate that holds its OCSP response.
inline std::string staple_file(const TlsFiles& files) { return files.certificate + ".ocsp"; }

// Reads and checks one pair. The error names the file and what is wrong with it, never anything out of a key.
base::Result<TlsPair> load_tls_pair(const TlsFiles& files);

}  // namespace sluice::gateway
