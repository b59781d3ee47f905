#include "gateway/tls_options.hpp"

#include <gtest/gtest.h>

#include "base/options.hpp"

namespace sluice::gateway {
namespace {

std::vector<std::string> problems_of(const std::vector<std::string>& flags, TlsOptions* filled = nullptr) {
  TlsOptions options;
  base::OptionSet set(false);
  set.add(options);
  auto problems = set.load(flags, {});
  if (filled != nullptr) *filled = options;
  return problems;
}

TEST(TlsOptions, NothingGivenIsNoTls) {
  TlsOptions options;
  EXPECT_TRUE(problems_of({}, &options).empty());
  EXPECT_TRUE(options.listen_tls.empty());
  EXPECT_TRUE(options.files().empty());
}

TEST(TlsOptions, CertificatesAndKeysArePairedByOrder) {
  TlsOptions options;
  EXPECT_TRUE(problems_of({"--listen-tls", "[::]:8443", "--tls-cert", "a.crt", "--tls-cert", "b.crt", "--tls-key",
                           "a.key", "--tls-key", "b.key", "--tls-min-version", "1.3"},
                          &options)
                  .empty());
  ASSERT_EQ(options.files().size(), 2u);
  EXPECT_EQ(options.files()[1].certificate, "b.crt");
  EXPECT_EQ(options.files()[1].key, "b.key");
  EXPECT_EQ(options.tls_min_version, TlsVersion::tls_1_3);
}

TEST(TlsOptions, ACertificateWithoutKeyIsSaid) {
  EXPECT_EQ(problems_of({"--listen-tls", "[::]:8443", "--tls-cert", "a.crt"}),
            std::vector<std::string>{"--tls-cert, --tls-key: each certificate needs its key in the same place; there "
                                     "are 1 certificates and 0 keys"});
}

TEST(TlsOptions, AnAddressGivenTwiceIsSaid) {
  EXPECT_EQ(problems_of({"--listen-tls", "[::]:8443", "--listen-tls", "[::]:8443", "--tls-cert", "a.crt", "--tls-key",
                         "a.key"}),
            std::vector<std::string>{"--listen-tls: [::]:8443 is given twice"});
}

TEST(TlsOptions, AnUnknownVersionIsSaid) { EXPECT_EQ(problems_of({"--tls-min-version", "1.1"}).size(), 1u); }

}  // namespace
}  // namespace sluice::gateway
