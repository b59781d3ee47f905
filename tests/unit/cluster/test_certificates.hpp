#pragma once
// A certificate authority for tests, and certificates that it issues, made on the spot.

#include <memory>
#include <string>
#include <string_view>

#include "tests/unit/base/test_folder.hpp"

namespace sluice::cluster {

class TestAuthority {
 public:
  // Writes NAME.crt.
  TestAuthority(const base::TestFolder& folder, std::string_view name);
  // Writes NAME.crt and NAME.key, for `names` as OpenSSL writes them: DNS:localhost,IP:127.0.0.1
  void issue(std::string_view name, const std::string& names) const;

 private:
  const base::TestFolder& folder_;
  std::shared_ptr<void> key_, certificate_;
};

}  // namespace sluice::cluster
