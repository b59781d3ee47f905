// The handshake inside TlsTransport::read(): versions, names, protocols, tickets, staples, and all that is refused.

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "tests/unit/gateway/tls_transport_fixture.hpp"

namespace sluice::gateway {
namespace {

using State = workers::Transport::State;

class TlsFrom13 : public TlsTransportTest {
 protected:
  TlsFrom13() : TlsTransportTest(TlsVersion::tls_1_3) {}
};

// --- handshake ---

TEST_F(TlsTransportTest, AHandshakeByteByByteIsDone) {
  for (const int version : tls_versions) {
    TlsTestLink link(worker_, {.version = version});
    link.run(1);
    EXPECT_TRUE(link.client.is_connected());
    EXPECT_EQ(link.client.version(), version);
    EXPECT_EQ(link.last.state, State::blocked);
    EXPECT_FALSE(link.transport->has_pending());
    EXPECT_EQ(link.transport->failure(), "");
  }
  EXPECT_EQ(worker_.metrics().full_handshakes.read(), 2u);
}

TEST_F(TlsTransportTest, DataBesideTheHandshakesEndIsRead) {
  TlsTestLink link(worker_, {.version = TLS1_3_VERSION});
  while (!link.client.is_connected()) {
    link.client.advance();
    if (link.client.is_connected()) break;
    link.send_raw(link.client.to_network);
    link.client.to_network.clear();
    link.read();
    link.client.from_network = link.receive_raw();
    link.client.advance();
  }
  link.client.write("early bird");
  link.client.advance();
  link.send_raw(link.client.to_network);
  EXPECT_EQ(link.read().bytes, 10u);
  EXPECT_EQ(link.received, "early bird");
}

TEST_F(TlsTransportTest, AClientGetsTheCertificateOfTheNameItAsksFor) {
  EXPECT_EQ(connect({.name = "first.example"})->client.server_name(), "first.example");
  EXPECT_EQ(connect({.name = "SECOND.example"})->client.server_name(), "second.example");
  EXPECT_EQ(connect({.name = "any.wild.example"})->client.server_name(), "second.example");
  EXPECT_EQ(connect({.name = "unknown.example"})->client.server_name(), "first.example");
  EXPECT_EQ(connect()->client.server_name(), "first.example");
}

TEST_F(TlsTransportTest, Http11IsChosenIfOffered) {
  EXPECT_EQ(connect({.protocols = "\x02h2\x08http/1.1"})->client.protocol(), "http/1.1");
  EXPECT_EQ(connect({.name = "second.example", .protocols = "\x08http/1.1"})->client.protocol(), "http/1.1");
  EXPECT_EQ(connect()->client.protocol(), "");
}

TEST_F(TlsTransportTest, AClientWithOtherProtocolsOnlyIsRefused) {
  TlsTestLink link(worker_, {.protocols = "\x02h2"});
  link.run();
  EXPECT_TRUE(link.client.has_failed());
  EXPECT_EQ(link.last.state, State::failed);
  EXPECT_EQ(link.transport->failure(), "the client offers only application protocols other than http/1.1");
  EXPECT_EQ(worker_.metrics().failed_handshakes.read(), 1u);
}

TEST_F(TlsFrom13, AnOlderVersionIsRefused) {
  TlsTestLink link(worker_, {.version = TLS1_2_VERSION});
  link.run();
  EXPECT_EQ(link.last.state, State::failed);
  EXPECT_EQ(link.transport->failure(), "the client speaks only TLS versions that are not allowed here");
  connect({.version = TLS1_3_VERSION});
}

TEST_F(TlsTransportTest, AVersionFromBefore12IsRefused) {
  TlsTestLink link(worker_, {.version = TLS1_1_VERSION});
  link.run();
  EXPECT_EQ(link.last.state, State::failed);
  EXPECT_EQ(link.transport->failure(), "the client speaks only TLS versions that are not allowed here");
}

TEST_F(TlsTransportTest, NoCipherInCommonIsSaid) {
  TlsTestLink link(worker_, {.version = TLS1_2_VERSION, .ciphers = "AES128-SHA"});
  link.run();
  EXPECT_EQ(link.last.state, State::failed);
  EXPECT_EQ(link.transport->failure(), "the client and the gateway have no cipher, group or signature in common");
}

TEST_F(TlsTransportTest, NoGroupInCommonIsSaid) {
  TlsTestLink link(worker_, {.version = TLS1_3_VERSION, .groups = "P-521"});
  link.run();
  EXPECT_EQ(link.last.state, State::failed);
  EXPECT_EQ(link.transport->failure(), "the client and the gateway have no cipher, group or signature in common");
}

TEST_F(TlsTransportTest, GarbageIsNoTls) {
  TlsTestLink link(worker_, {});
  link.send_raw(std::string("\0\1\2\3\4\5\6\7 and so on", 18));
  EXPECT_EQ(link.read().state, State::failed);
  EXPECT_EQ(link.transport->failure(), "the client does not speak TLS");
  EXPECT_EQ(link.read().state, State::failed);
  EXPECT_EQ(link.write("anything").state, State::failed);
  EXPECT_EQ(link.transport->end(link.descriptor).state, State::failed);
}

TEST_F(TlsTransportTest, PlainHttpIsToldWhereItIs) {
  TlsTestLink link(worker_, {});
  link.send_raw("GET / HTTP/1.1\r\nHost: first.example\r\n\r\n");
  EXPECT_EQ(link.read().state, State::failed);
  EXPECT_EQ(link.transport->failure(), "the client speaks plain HTTP on a TLS port");
  const std::string answer = link.receive_raw();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"));
  const auto body = answer.find("\r\n\r\n") + 4;
  EXPECT_NE(answer.find("Content-Length: " + std::to_string(answer.size() - body) + "\r\n"), std::string::npos);
}

TEST_F(TlsTransportTest, AClientThatLeavesDuringTheHandshakeFails) {
  TlsTestLink link(worker_, {});
  link.client.advance();
  link.send_raw(link.client.to_network.substr(0, 50));
  link.read();
  link.close_client();
  EXPECT_EQ(link.read().state, State::failed);
  EXPECT_EQ(link.transport->failure(), "the client left before the TLS handshake was done");
}

TEST_F(TlsTransportTest, NothingCanBeWrittenDuringTheHandshake) {
  TlsTestLink link(worker_, {});
  EXPECT_EQ(link.flush().state, State::open);
  EXPECT_EQ(link.transport->end(link.descriptor).state, State::open);
  EXPECT_EQ(link.write("HTTP/1.1 408 Request Timeout\r\n\r\n").state, State::failed);
  EXPECT_EQ(link.receive_raw(), "");
}

TEST_F(TlsTransportTest, AClientThatRefusesTheCertificateIsUnderstood) {
  TlsTestLink link(worker_, {});
  SSL_set_verify(link.client.ssl(), SSL_VERIFY_PEER, nullptr);
  link.run();
  EXPECT_EQ(link.last.state, State::failed);
  EXPECT_EQ(link.transport->failure(), "the client does not know the certificate's issuer");
}

TEST_F(TlsTransportTest, AHandshakeThatTheSocketDoesNotTakeAtOnceGoesOn) {
  TlsTestLink link(worker_, {.version = TLS1_2_VERSION}, 1);
  const std::string filler(65536, 'x');
  std::size_t filled = 0;
  for (ssize_t sent = 1; sent > 0; filled += sent > 0 ? static_cast<std::size_t>(sent) : 0) {
    sent = send(link.descriptor, filler.data(), filler.size(), MSG_DONTWAIT);
  }
  link.run_to_server();
  EXPECT_TRUE(link.transport->has_pending());
  EXPECT_EQ(link.flush().state, State::blocked);
  while (filled > 0) filled -= link.receive_raw().substr(0, filled).size();
  link.run();
  EXPECT_TRUE(link.client.is_connected());
}

// --- resumption ---

TEST_F(TlsTransportTest, ATicketResumesTheSession) {
  for (const int version : tls_versions) {
    const auto first = connect({.version = version});
    EXPECT_FALSE(first->client.is_resumed());
    EXPECT_TRUE(resume(version, *first)->client.is_resumed());
  }
  EXPECT_EQ(worker_.metrics().full_handshakes.read(), 2u);
  EXPECT_EQ(worker_.metrics().resumed_handshakes.read(), 2u);
}

TEST_F(TlsTransportTest, AResumedSessionGetsTheNextTicket) {
  const auto first = connect({.version = TLS1_3_VERSION});
  const auto second = resume(TLS1_3_VERSION, *first);
  EXPECT_TRUE(resume(TLS1_3_VERSION, *second)->client.is_resumed());
}

TEST_F(TlsTransportTest, ATicketOutlivesNewCertificatesAndAnotherWorkerTakesIt) {
  for (const int version : tls_versions) {
    const auto first = connect({.version = version});
    const SessionHandle session = first->client.session();
    certificates_.publish(load());
    workers::TlsMetrics metrics;
    TlsWorker other(certificates_, metrics);
    TlsTestLink link(other, {.version = version, .session = session.get()});
    link.run();
    EXPECT_TRUE(link.client.is_resumed());
  }
}

TEST_F(TlsTransportTest, ATicketOfAForgottenKeyBeginsAnew) {
  for (const int version : tls_versions) {
    const auto first = connect({.version = version});
    for (std::size_t times = 0; times < TlsTicketKeys::keys_max; ++times) ticket_keys_->rotate();
    EXPECT_FALSE(resume(version, *first)->client.is_resumed());
  }
}

TEST_F(TlsTransportTest, ATicketOfAnOlderKeyIsTakenAndRenewed) {
  for (const int version : tls_versions) {
    const auto first = connect({.version = version});
    for (std::size_t times = 1; times < TlsTicketKeys::keys_max; ++times) ticket_keys_->rotate();
    const auto second = resume(version, *first);
    EXPECT_TRUE(second->client.is_resumed());
    ticket_keys_->rotate();
    EXPECT_TRUE(resume(version, *second)->client.is_resumed());
  }
}

// --- stapling ---

TEST_F(TlsTransportTest, AnOcspResponseBesideTheCertificateIsStapled) {
  const TestPair pair = make_pair_of({.names = {"first.example"}});
  folder_.write("first.crt", pair.certificate);
  folder_.write("first.key", pair.key);
  folder_.write("first.crt.ocsp", pair.staple);
  certificates_.publish(load());
  for (const int version : tls_versions) {
    EXPECT_EQ(connect({.version = version, .asks_for_staple = true})->client.staple(), pair.staple);
    EXPECT_EQ(connect({.version = version})->client.staple(), "");
    const auto second = connect({.version = version, .name = "second.example", .asks_for_staple = true});
    EXPECT_EQ(second->client.staple(), "");
  }
  folder_.write("first.crt.ocsp", pair.stale_staple);
  certificates_.publish(load());
  EXPECT_EQ(connect({.asks_for_staple = true})->client.staple(), "");
}

}  // namespace
}  // namespace sluice::gateway
