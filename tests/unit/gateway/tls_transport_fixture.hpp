#pragma once
// What tests of TlsTransport begin with: certificates, a worker's TLS, and clients that have shaken hands.

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "gateway/tls_transport.hpp"
#include "tests/unit/gateway/tls_test_client.hpp"
#include "tests/unit/gateway/tls_test_files.hpp"

namespace sluice::gateway {

inline constexpr int tls_versions[]{0x0303, 0x0304};  // RFC 8446, 4.1.2 and 4.2.1

// A worker's TLS with certificates for first.example, second.example and *.wild.example.
class TlsTransportTest : public testing::Test {
 protected:
  explicit TlsTransportTest(TlsVersion oldest = TlsVersion::tls_1_2)
      : files_{write_pair(folder_, "first", {.names = {"first.example"}}),
               write_pair(folder_, "second", {.names = {"second.example", "*.wild.example"}})},
        certificates_(load(oldest)),
        worker_(certificates_, metrics_) {}

  std::shared_ptr<const TlsCertificates> load(TlsVersion oldest = TlsVersion::tls_1_2) {
    auto loaded = TlsCertificates::load(files_, oldest, ticket_keys_);
    EXPECT_TRUE(loaded) << loaded.error().detail;
    return *loaded;
  }
  // A link whose handshake is done.
  std::unique_ptr<TlsTestLink> connect(const TlsTestClient::Wishes& wishes = {}, int send_bytes = 0) {
    auto link = std::make_unique<TlsTestLink>(worker_, wishes, send_bytes);
    link->run();
    EXPECT_TRUE(link->client.is_connected()) << link->transport->failure();
    return link;
  }
  // Connects twice, the second time with the ticket of the first.
  std::unique_ptr<TlsTestLink> resume(int version, TlsTestLink& first) {
    const SessionHandle session = first.client.session();
    EXPECT_NE(session, nullptr);
    return connect({.version = version, .session = session.get()});
  }

  TestFolder folder_;
  std::vector<TlsFiles> files_;
  std::shared_ptr<TlsTicketKeys> ticket_keys_ = std::make_shared<TlsTicketKeys>();
  base::Snapshot<TlsCertificates> certificates_;
  workers::TlsMetrics metrics_;
  TlsWorker worker_;
};

}  // namespace sluice::gateway
