#include "control/grpc_certificates.hpp"

#include <gtest/gtest.h>

#include "base/read_file.hpp"
#include "tests/unit/gateway/tls_test_files.hpp"

namespace sluice::control {
namespace {

class GrpcCertificatesTest : public testing::Test {
 protected:
  GrpcCertificatesTest() {
    write("server");
    options_.grpc_tls_cert = folder_.path("server.crt");
    options_.grpc_tls_key = folder_.path("server.key");
  }

  void write(std::string_view name, std::chrono::hours until = std::chrono::hours(24)) {
    gateway::write_pair(folder_, name, {.until = until});
  }
  std::string refusal() {
    const auto loaded = GrpcCertificates::load(options_);
    return loaded ? "" : loaded.error().detail;
  }
  static std::string text(const std::string& path) { return base::read_file(path).value(); }

  base::TestFolder folder_;
  Options options_;
};

TEST_F(GrpcCertificatesTest, GrpcIsGivenCopies) {
  const auto loaded = GrpcCertificates::load(options_);
  ASSERT_TRUE(loaded) << loaded.error().detail;
  EXPECT_EQ(text((*loaded)->certificate_path()), text(options_.grpc_tls_cert));
  EXPECT_EQ(text((*loaded)->key_path()), text(options_.grpc_tls_key));
  EXPECT_EQ((*loaded)->clients_path(), "");
  EXPECT_EQ(GrpcCertificates::files(options_), (std::vector{options_.grpc_tls_cert, options_.grpc_tls_key}));
}

TEST_F(GrpcCertificatesTest, ItsEndIsTold) {
  const auto loaded = GrpcCertificates::load(options_);
  ASSERT_TRUE(loaded);
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  EXPECT_NEAR(static_cast<double>((*loaded)->expires()), static_cast<double>(now + 24 * 3600), 60);
}

TEST_F(GrpcCertificatesTest, ANewPairReplacesTheOldOne) {
  const auto loaded = GrpcCertificates::load(options_);
  ASSERT_TRUE(loaded);
  const std::uint64_t before = (*loaded)->expires();
  write("server", std::chrono::hours(48));
  (*loaded)->reload();
  EXPECT_EQ(text((*loaded)->certificate_path()), text(options_.grpc_tls_cert));
  EXPECT_EQ(text((*loaded)->key_path()), text(options_.grpc_tls_key));
  EXPECT_GT((*loaded)->expires(), before);
}

TEST_F(GrpcCertificatesTest, WhatIsWrongChangesNothing) {
  options_.grpc_client_ca = options_.grpc_tls_cert;
  const auto loaded = GrpcCertificates::load(options_);
  ASSERT_TRUE(loaded);
  const std::string certificate = text(options_.grpc_tls_cert), key = text(options_.grpc_tls_key);
  write("other");
  folder_.write("server.key", text(folder_.path("other.key")));
  (*loaded)->reload();
  folder_.write("server.crt", "nonsense");
  (*loaded)->reload();
  EXPECT_EQ(text((*loaded)->certificate_path()), certificate);
  EXPECT_EQ(text((*loaded)->key_path()), key);
  EXPECT_EQ(text((*loaded)->clients_path()), certificate);
}

TEST_F(GrpcCertificatesTest, AShorterTextLeavesNothingOfTheLongerOne) {
  MemoryFile file;
  file.write("a long text");
  file.write("short");
  EXPECT_EQ(text(file.path()), "short");
}

TEST_F(GrpcCertificatesTest, EachMistakeNamesItsOption) {
  write("other");
  const std::string good = options_.grpc_tls_key;
  options_.grpc_tls_key = folder_.path("other.key");
  EXPECT_EQ(refusal(),
            "--grpc-tls-key: " + folder_.path("other.key") + ": is not the key of " + options_.grpc_tls_cert);
  options_.grpc_tls_key = options_.grpc_tls_cert;
  EXPECT_EQ(refusal(),
            "--grpc-tls-key: " + options_.grpc_tls_cert + ": holds no private key in PEM form without a passphrase");
  options_.grpc_tls_key = good;
  options_.grpc_client_ca = good;
  EXPECT_EQ(refusal(), "--grpc-client-ca: " + good + ": holds no certificate in PEM form");
  options_.grpc_client_ca = folder_.path("none");
  EXPECT_TRUE(refusal().starts_with("--grpc-client-ca: " + folder_.path("none") + ": cannot be read"));
  folder_.write("cut.crt", text(options_.grpc_tls_cert) + "-----BEGIN CERTIFICATE-----\nMIIB\n");
  options_.grpc_tls_cert = folder_.path("cut.crt");
  EXPECT_EQ(refusal(), "--grpc-tls-cert: " + folder_.path("cut.crt") + ": a certificate of its chain cannot be read");
}

}  // namespace
}  // namespace sluice::control
