#include "gateway/tls_certificates.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "tests/unit/gateway/tls_test_client.hpp"
#include "tests/unit/gateway/tls_test_files.hpp"

namespace sluice::gateway {
namespace {

using namespace std::chrono_literals;

class TlsCertificatesTest : public testing::Test {
 protected:
  base::Result<std::shared_ptr<const TlsCertificates>> load(const std::vector<TlsFiles>& files) {
    return TlsCertificates::load(files, TlsVersion::tls_1_2, std::make_shared<TlsTicketKeys>());
  }
  std::string refusal(const TlsFiles& files) {
    const auto loaded = load({files});
    EXPECT_FALSE(loaded);
    return loaded ? "" : loaded.error().detail;
  }

  TestFolder folder_;
};

TEST_F(TlsCertificatesTest, NamesAndTimesAreThoseOfTheCertificate) {
  const auto loaded = load({write_pair(folder_, "a", {.names = {"A.example", "*.b.example"}, .until = 48h}),
                            write_pair(folder_, "c", {.names = {"c.example"}, .until = 24h})});
  ASSERT_TRUE(loaded);
  const TlsCertificates& certificates = **loaded;
  EXPECT_EQ(certificates.pairs()[0].names, (std::vector<std::string>{"a.example", "*.b.example"}));
  EXPECT_EQ(certificates.valid_until(), certificates.pairs()[1].valid_until);
  const auto left = certificates.valid_until() - std::chrono::system_clock::now();
  EXPECT_GT(left, 23h);
  EXPECT_LE(left, 24h);
}

TEST_F(TlsCertificatesTest, ANameIsFoundWholeOrByAWildcardForOneLabel) {
  const auto loaded = load({write_pair(folder_, "a", {.names = {"a.example", "*.example"}}),
                            write_pair(folder_, "b", {.names = {"b.example", "a.example"}})});
  ASSERT_TRUE(loaded);
  const TlsCertificates& certificates = **loaded;
  const auto* const first = certificates.find("a.example");
  const auto* const second = certificates.find("b.example");
  EXPECT_NE(first, nullptr);
  EXPECT_NE(first, second);
  EXPECT_EQ(certificates.find("A.EXAMPLE."), first);
  EXPECT_EQ(certificates.find("anything.example"), first);
  EXPECT_EQ(certificates.find("two.labels.example"), nullptr);
  EXPECT_EQ(certificates.find("example"), nullptr);
  EXPECT_EQ(certificates.find(".example"), nullptr);
  EXPECT_EQ(certificates.find(""), nullptr);
}

TEST_F(TlsCertificatesTest, WithoutAlternativeNamesTheCommonNameCounts) {
  const auto loaded = load({write_pair(folder_, "a", {.names = {"old.example"}, .has_alternative_names = false})});
  ASSERT_TRUE(loaded);
  EXPECT_NE((*loaded)->find("old.example"), nullptr);
}

TEST_F(TlsCertificatesTest, TwoKindsOfKeysForOneNameServeEveryClient) {
  const auto keys = std::make_shared<TlsTicketKeys>();
  const std::vector<TlsFiles> files{write_pair(folder_, "ec", {.names = {"a.example"}}),
                                    write_pair(folder_, "rsa", {.names = {"a.example"}, .is_rsa = true})};
  const auto loaded = TlsCertificates::load(files, TlsVersion::tls_1_2, keys);
  ASSERT_TRUE(loaded) << loaded.error().detail;
  const base::Snapshot<TlsCertificates> certificates(*loaded);
  workers::TlsMetrics metrics;
  TlsWorker worker(certificates, metrics);
  for (const auto& [ciphers, kind] : {std::pair("ECDHE-ECDSA-AES128-GCM-SHA256", EVP_PKEY_EC),
                                      std::pair("ECDHE-RSA-AES128-GCM-SHA256", EVP_PKEY_RSA)}) {
    TlsTestLink link(worker, {.version = TLS1_2_VERSION, .ciphers = ciphers});
    link.run();
    ASSERT_TRUE(link.client.is_connected()) << link.transport->failure();
    X509* const certificate = SSL_get0_peer_certificate(link.client.ssl());
    EXPECT_EQ(EVP_PKEY_get_base_id(X509_get0_pubkey(certificate)), kind);
  }
}

TEST_F(TlsCertificatesTest, TheChainIsServed) {
  const TestPair issuer = make_pair_of({.names = {"issuer.example"}}), leaf = make_pair_of({});
  folder_.write("chain.crt", leaf.certificate + issuer.certificate);
  folder_.write("chain.key", leaf.key);
  const auto loaded = load({{folder_.path("chain.crt"), folder_.path("chain.key")}});
  ASSERT_TRUE(loaded) << loaded.error().detail;
  const base::Snapshot<TlsCertificates> certificates(*loaded);
  workers::TlsMetrics metrics;
  TlsWorker worker(certificates, metrics);
  TlsTestLink link(worker, {});
  link.run();
  EXPECT_EQ(sk_X509_num(SSL_get_peer_cert_chain(link.client.ssl())), 2);
}

TEST_F(TlsCertificatesTest, OneFileMayHoldBoth) {
  const TestPair pair = make_pair_of({});
  folder_.write("both.pem", pair.key + pair.certificate);
  EXPECT_TRUE(load({{folder_.path("both.pem"), folder_.path("both.pem")}}));
}

TEST_F(TlsCertificatesTest, AFileThatIsNotThereIsNamed) {
  const TlsFiles files = write_pair(folder_, "a");
  EXPECT_EQ(refusal({folder_.path("none.crt"), files.key}),
            "--tls-cert: " + folder_.path("none.crt") + ": cannot be read: No such file or directory");
  EXPECT_EQ(refusal({files.certificate, folder_.path("none.key")}),
            "--tls-key: " + folder_.path("none.key") + ": cannot be read: No such file or directory");
  EXPECT_EQ(refusal({folder_.path(""), files.key}),
            "--tls-cert: " + folder_.path("") + ": cannot be read: Is a directory");
}

TEST_F(TlsCertificatesTest, AFileWithoutACertificateOrKeyIsNamed) {
  const TlsFiles files = write_pair(folder_, "a");
  folder_.write("junk", "junk");
  EXPECT_EQ(refusal({folder_.path("junk"), files.key}),
            "--tls-cert: " + folder_.path("junk") + ": holds no certificate in PEM form");
  EXPECT_EQ(refusal({files.certificate, folder_.path("junk")}),
            "--tls-key: " + folder_.path("junk") + ": holds no private key in PEM form");
  EXPECT_EQ(refusal({files.certificate, files.certificate}),
            "--tls-key: " + files.certificate + ": holds no private key in PEM form");
}

TEST_F(TlsCertificatesTest, AFileIsReadUpToItsLimit) {
  const TestPair pair = make_pair_of({});
  folder_.write("a.key", pair.key);
  const std::string filler((1 << 20) - pair.certificate.size() - 1, '\n');
  folder_.write("a.crt", pair.certificate + filler + "\n");
  EXPECT_TRUE(load({{folder_.path("a.crt"), folder_.path("a.key")}}));
  folder_.write("a.crt", pair.certificate + filler + "\n\n");
  EXPECT_EQ(refusal({folder_.path("a.crt"), folder_.path("a.key")}),
            "--tls-cert: " + folder_.path("a.crt") + ": is larger than 1 MiB");
}

TEST_F(TlsCertificatesTest, AChainThatIsCutIsRefused) {
  const TestPair issuer = make_pair_of({}), leaf = make_pair_of({});
  folder_.write("cut.crt", leaf.certificate + issuer.certificate.substr(0, issuer.certificate.size() / 2));
  folder_.write("cut.key", leaf.key);
  EXPECT_EQ(refusal({folder_.path("cut.crt"), folder_.path("cut.key")}),
            "--tls-cert: " + folder_.path("cut.crt") + ": a certificate of its chain cannot be read");
}

TEST_F(TlsCertificatesTest, AnotherCertificatesKeyIsRefused) {
  const TlsFiles a = write_pair(folder_, "a"), b = write_pair(folder_, "b");
  EXPECT_EQ(refusal({a.certificate, b.key}), "--tls-key: " + b.key + ": is not the key of " + a.certificate);
  const TlsFiles rsa = write_pair(folder_, "rsa", {.is_rsa = true});
  EXPECT_EQ(refusal({a.certificate, rsa.key}), "--tls-key: " + rsa.key + ": is not the key of " + a.certificate);
}

TEST_F(TlsCertificatesTest, AnEncryptedKeyIsRefused) {
  const TestPair pair = make_pair_of({});
  folder_.write("a.crt", pair.certificate);
  folder_.write("a.key", pair.encrypted_key);
  EXPECT_EQ(refusal({folder_.path("a.crt"), folder_.path("a.key")}),
            "--tls-key: " + folder_.path("a.key") + ": the key is encrypted; one without a passphrase is needed");
}

TEST_F(TlsCertificatesTest, OneBadPairRefusesAll) {
  const TlsFiles a = write_pair(folder_, "a"), b = write_pair(folder_, "b");
  EXPECT_FALSE(load({a, {b.certificate, a.key}}));
}

TEST_F(TlsCertificatesTest, WhatIsOutOfDateIsServedWithAWarning) {
  const TlsFiles old = write_pair(folder_, "old", {.from = -48h, .until = -24h});
  const TlsFiles early = write_pair(folder_, "early", {.from = 24h, .until = 48h});
  const auto loaded = load({old, early, write_pair(folder_, "good")});
  ASSERT_TRUE(loaded);
  const auto warnings = (*loaded)->warnings(std::chrono::system_clock::now());
  ASSERT_EQ(warnings.size(), 2u);
  EXPECT_TRUE(warnings[0].starts_with(old.certificate + ": expired on 20")) << warnings[0];
  EXPECT_TRUE(warnings[1].starts_with(early.certificate + ": is valid only from 20")) << warnings[1];
}

TEST_F(TlsCertificatesTest, AStapleThatIsNoneIsRefusedAndAStaleOneWarnedOf) {
  const TlsFiles files = write_pair(folder_, "a");
  folder_.write("a.crt.ocsp", "junk");
  EXPECT_EQ(refusal(files),
            "--tls-cert: " + folder_.path("a.crt.ocsp") + ": is no successful OCSP response in DER form");
  folder_.write("a.crt.ocsp", make_pair_of({}).stale_staple);
  const auto loaded = load({files});
  ASSERT_TRUE(loaded);
  const auto now = std::chrono::system_clock::now();
  ASSERT_EQ((*loaded)->warnings(now).size(), 1u);
  EXPECT_TRUE((*loaded)->warnings(now)[0].starts_with(folder_.path("a.crt.ocsp") + ": is out of date since 20"));
  EXPECT_TRUE((*loaded)->staple_of((*loaded)->pairs()[0].certificate.get(), now).empty());
}

}  // namespace
}  // namespace sluice::gateway
