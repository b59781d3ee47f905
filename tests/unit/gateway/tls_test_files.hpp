#pragma once
// Certificates, keys and OCSP responses for tests, made on the spot.

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/tls_options.hpp"
#include "tests/unit/base/test_folder.hpp"

namespace sluice::gateway {

using base::TestFolder;

struct TestCertificate {
  std::vector<std::string> names{"localhost"};
  bool is_rsa = false;
  std::chrono::hours from{-1}, until{24};  // from now
  bool has_alternative_names = true;       // false: the first name is the common name only
};

struct TestPair {
  std::string certificate, key, encrypted_key;  // PEM
  std::string staple, stale_staple;             // OCSP responses in DER
};
TestPair make_pair_of(const TestCertificate& wanted);

// Writes NAME.crt and NAME.key.
TlsFiles write_pair(const TestFolder& folder, std::string_view name, const TestCertificate& wanted = {});

}  // namespace sluice::gateway
