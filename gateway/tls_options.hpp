#pragma once
// What can be set about TLS towards clients.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "gateway/repeated_addresses.hpp"

namespace sluice::gateway {

// The oldest version that a client may speak.
enum class TlsVersion : std::uint8_t { tls_1_2, tls_1_3 };
inline constexpr std::array<std::string_view, 2> tls_version_names{"1.2", "1.3"};

// Where a certificate (with its chain) and its key are; both PEM. They may be one file.
struct TlsFiles {
  std::string certificate, key;
};

struct TlsOptions {
  static constexpr std::string_view section = "TLS";

  std::vector<base::Address> listen_tls;
  std::vector<std::string> tls_cert, tls_key;
  TlsVersion tls_min_version = TlsVersion::tls_1_2;

  // Pairs certificates and keys by their order. Requires validated options.
  std::vector<TlsFiles> files() const {
    std::vector<TlsFiles> all;
    for (std::size_t at = 0; at < tls_cert.size(); ++at) all.push_back({tls_cert[at], tls_key[at]});
    return all;
  }

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option(
        "listen-tls", listen_tls,
        {.sentence = "Where clients connect with https and wss, beside --listen; [::] takes IPv4 too, port 0 "
                     "is any free one."});
    visitor.option("tls-cert", tls_cert,
                   {.sentence = "PEM file with a certificate and its chain; repeat it for more names, the first serves "
                                "clients that ask for none of them. FILE.ocsp, if there is one, is stapled. Read again "
                                "when it changes and at SIGHUP.",
                    .misfit = file_misfit});
    visitor.option("tls-key", tls_key,
                   {.sentence = "PEM file with the key, without a passphrase, of the --tls-cert in the same place.",
                    .misfit = file_misfit});
    visitor.choice("tls-min-version", tls_min_version, tls_version_names,
                   {.sentence = "The oldest TLS version that clients may speak."});
  }

  // Gives a sentence for each mistake that only several options together make.
  std::vector<std::string> validate() const {
    std::vector<std::string> problems;
    if (tls_cert.size() != tls_key.size()) {
      problems.push_back("--tls-cert, --tls-key: each certificate needs its key in the same place; there are " +
                         std::to_string(tls_cert.size()) + " certificates and " + std::to_string(tls_key.size()) +
                         " keys");
    }
    tell_repeated("--listen-tls", listen_tls, problems);
    return problems;
  }

 private:
  static std::string_view file_misfit(std::string_view path) {
    return path.empty() ? std::string_view{"the path of a file"} : std::string_view{};
  }
};

}  // namespace sluice::gateway
