#include "gateway/tls_transport.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <numeric>

#include "tests/unit/gateway/tls_test_client.hpp"
#include "tests/unit/gateway/tls_test_files.hpp"

namespace sluice::gateway {
namespace {

using State = workers::Transport::State;
using Wishes = TlsTestClient::Wishes;

constexpr int versions[]{TLS1_2_VERSION, TLS1_3_VERSION};

std::string noise(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t at = 0; at < size; ++at) bytes[at] = static_cast<char>(at * 31 + at / 251);
  return bytes;
}

// A worker's TLS with certificates for first.example, second.example and *.wild.example.
class TlsTransportTest : public testing::Test {
 protected:
  explicit TlsTransportTest(TlsVersion oldest = TlsVersion::tls_1_2)
      : files_{write_pair(folder_, "first", {.names = {"first.example"}}),
               write_pair(folder_, "second", {.names = {"second.example", "*.wild.example"}})},
        certificates_(load(oldest)),
        worker_(certificates_) {}

  std::shared_ptr<const TlsCertificates> load(TlsVersion oldest = TlsVersion::tls_1_2) {
    auto loaded = TlsCertificates::load(files_, oldest, ticket_keys_);
    EXPECT_TRUE(loaded) << loaded.error().detail;
    return *loaded;
  }
  // A link whose handshake is done.
  std::unique_ptr<TlsTestLink> connect(const Wishes& wishes = {}, int send_bytes = 0) {
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
  TlsWorker worker_;
};

class TlsTransportFrom13 : public TlsTransportTest {
 protected:
  TlsTransportFrom13() : TlsTransportTest(TlsVersion::tls_1_3) {}
};

// --- handshake ---

TEST_F(TlsTransportTest, AHandshakeByteByByteIsDone) {
  for (const int version : versions) {
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

TEST_F(TlsTransportFrom13, AnOlderVersionIsRefused) {
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
  for (const int version : versions) {
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
  for (const int version : versions) {
    const auto first = connect({.version = version});
    const SessionHandle session = first->client.session();
    certificates_.publish(load());
    TlsWorker other(certificates_);
    TlsTestLink link(other, {.version = version, .session = session.get()});
    link.run();
    EXPECT_TRUE(link.client.is_resumed());
  }
}

TEST_F(TlsTransportTest, ATicketOfAForgottenKeyBeginsAnew) {
  for (const int version : versions) {
    const auto first = connect({.version = version});
    for (std::size_t times = 0; times < TlsTicketKeys::keys_max; ++times) ticket_keys_->rotate();
    EXPECT_FALSE(resume(version, *first)->client.is_resumed());
  }
}

TEST_F(TlsTransportTest, ATicketOfAnOlderKeyIsTakenAndRenewed) {
  for (const int version : versions) {
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
  for (const int version : versions) {
    EXPECT_EQ(connect({.version = version, .asks_for_staple = true})->client.staple(), pair.staple);
    EXPECT_EQ(connect({.version = version})->client.staple(), "");
    const auto second = connect({.version = version, .name = "second.example", .asks_for_staple = true});
    EXPECT_EQ(second->client.staple(), "");
  }
  folder_.write("first.crt.ocsp", pair.stale_staple);
  certificates_.publish(load());
  EXPECT_EQ(connect({.asks_for_staple = true})->client.staple(), "");
}

// --- data ---

TEST_F(TlsTransportTest, BytesGoBothWays) {
  for (const int version : versions) {
    const auto link = connect({.version = version});
    link->client.write("question");
    link->run();
    EXPECT_EQ(link->received, "question");
    const auto put = link->write("answer");
    EXPECT_EQ(put.state, State::open);
    EXPECT_EQ(put.bytes, 6u);
    EXPECT_GT(put.socket_bytes, 6u);
    link->run();
    EXPECT_EQ(link->client.received, "answer");
  }
}

TEST_F(TlsTransportTest, SmallPiecesShareRecords) {
  const auto link = connect();
  const std::vector<std::string> pieces(1000, noise(50));
  EXPECT_EQ(link->write(pieces).bytes, 50'000u);
  link->run();
  EXPECT_EQ(link->client.received, std::accumulate(pieces.begin(), pieces.end(), std::string()));
  EXPECT_EQ(link->client.reads, (std::vector<std::size_t>{16384, 16384, 16384, 848}));
}

TEST_F(TlsTransportTest, PiecesOfAllSizesKeepTheirOrder) {
  const auto link = connect();
  const std::vector<std::string> pieces{noise(1), "", noise(16383), noise(16384), noise(16385), "", noise(40000),
                                        "end",    ""};
  const std::string all = std::accumulate(pieces.begin(), pieces.end(), std::string());
  EXPECT_EQ(link->write(pieces).bytes, all.size());
  link->run();
  EXPECT_EQ(link->client.received, all);
}

TEST_F(TlsTransportTest, WhatTheSocketDoesNotTakeWaitsAndIsAtMostOneRecord) {
  const auto link = connect({}, 1);
  const std::string all = noise(1'000'000);
  std::size_t taken = 0, sent = 0, blocked = 0;
  while (taken < all.size() || link->transport->has_pending()) {
    const auto put = link->write(std::string_view(all).substr(taken, 262144));
    taken += put.bytes;
    sent += put.socket_bytes;
    ASSERT_NE(put.state, State::failed);
    ASSERT_LE(taken - std::min(taken, sent), tls_record_bytes);
    blocked += put.state == State::blocked ? 1 : 0;
    EXPECT_EQ(put.state == State::blocked, link->transport->has_pending());
    link->client.from_network = link->receive_raw();
    link->client.advance();
  }
  link->run();
  EXPECT_EQ(link->client.received, all);
  EXPECT_GT(blocked, 20u);
}

TEST_F(TlsTransportTest, AFullReaderGetsTheRestTheNextTime) {
  for (const int version : versions) {
    const auto link = connect({.version = version});
    const std::string all = noise(60'000);
    link->client.write(all);
    link->client.advance();
    link->send_raw(link->client.to_network);
    std::string into(1000, '\0'), got;
    workers::Transport::Progress progress;
    do {
      progress = link->transport->read(link->descriptor, into);
      got.append(into, 0, progress.bytes);
    } while (progress.state == State::open);
    EXPECT_EQ(progress.state, State::blocked);
    EXPECT_EQ(got, all);
  }
}

TEST_F(TlsTransportTest, OneReadIsBounded) {
  const auto link = connect();
  const int buffer = 4'000'000;
  setsockopt(link->client_descriptor, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer);
  for (int times = 0; times < 40; ++times) link->client.write(noise(16384));
  link->client.advance();
  const ssize_t sent = send(link->client_descriptor, link->client.to_network.data(), link->client.to_network.size(), 0);
  if (sent < 400'000) GTEST_SKIP() << "the kernel gives no large buffer";
  std::string into(1 << 20, '\0');
  const auto progress = link->transport->read(link->descriptor, into);
  EXPECT_EQ(progress.state, State::open);
  EXPECT_EQ(progress.socket_bytes, 262144u);
}

TEST_F(TlsTransportTest, NewKeysAreTakenAndGiven) {
  const auto link = connect({.version = TLS1_3_VERSION});
  ASSERT_EQ(SSL_key_update(link->client.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
  link->client.write("under new keys");
  link->run();
  EXPECT_EQ(link->received, "under new keys");
  link->write("so are these");
  link->run();
  EXPECT_EQ(link->client.received, "so are these");
}

TEST_F(TlsTransportTest, WhoAsksForNewKeysAndReadsNoneIsEnded) {
  const auto link = connect({.version = TLS1_3_VERSION}, 1);
  for (int times = 0; times < 100'000 && link->last.state != State::failed; ++times) {
    SSL_key_update(link->client.ssl(), SSL_KEY_UPDATE_REQUESTED);
    link->client.write("x");
    link->run_to_server();
  }
  EXPECT_EQ(link->last.state, State::failed);
}

TEST_F(TlsTransportTest, RenegotiationIsRefused) {
  const auto link = connect({.version = TLS1_2_VERSION});
  SSL_renegotiate(link->client.ssl());
  SSL_do_handshake(link->client.ssl());
  link->run();
  EXPECT_TRUE(link->client.has_failed());
  EXPECT_EQ(worker_.metrics().full_handshakes.read(), 1u);
}

TEST_F(TlsTransportTest, ADamagedRecordFails) {
  for (const int version : versions) {
    const auto link = connect({.version = version});
    link->client.write("damaged on the way");
    link->client.advance();
    link->client.to_network.back() ^= 1;
    link->send_raw(link->client.to_network);
    EXPECT_EQ(link->read().state, State::failed);
    EXPECT_EQ(link->transport->failure(), "a record from the client is damaged");
  }
}

// --- endings ---

TEST_F(TlsTransportTest, TheEndIsSaidOnce) {
  for (const int version : versions) {
    const auto link = connect({.version = version});
    EXPECT_EQ(link->transport->end(link->descriptor).state, State::open);
    EXPECT_EQ(link->transport->end(link->descriptor).socket_bytes, 0u);
    link->client.from_network = link->receive_raw();
    link->client.advance();
    EXPECT_TRUE(link->client.saw_goodbye());
    EXPECT_FALSE(link->client.has_failed());
  }
}

TEST_F(TlsTransportTest, AfterItsOwnEndItStillReads) {
  const auto link = connect();
  link->transport->end(link->descriptor);
  link->client.write("last words");
  link->client.say_goodbye();
  link->run();
  EXPECT_EQ(link->received, "last words");
  EXPECT_EQ(link->last.state, State::ended);
}

TEST_F(TlsTransportTest, AnEndThatTheSocketDoesNotTakeWaits) {
  const auto link = connect({}, 1);
  while (link->write(noise(1000)).state == State::open) continue;
  const auto put = link->transport->end(link->descriptor);
  EXPECT_EQ(put.state, State::blocked);
  EXPECT_TRUE(link->transport->has_pending());
  link->run();
  EXPECT_TRUE(link->client.saw_goodbye());
}

TEST_F(TlsTransportTest, TheClientsGoodbyeEndsTheStream) {
  for (const int version : versions) {
    const auto link = connect({.version = version});
    link->client.write("bye");
    link->client.say_goodbye();
    link->run();
    EXPECT_EQ(link->received, "bye");
    EXPECT_EQ(link->last.state, State::ended);
    EXPECT_EQ(link->transport->failure(), "");
    EXPECT_EQ(link->write("you too").state, State::open);
  }
}

TEST_F(TlsTransportTest, AStreamThatEndsWithoutGoodbyeHasEndedAndIsCounted) {
  for (const int version : versions) {
    const auto link = connect({.version = version});
    link->client.write("bye");
    link->client.advance();
    link->send_raw(link->client.to_network);
    shutdown(link->client_descriptor, SHUT_WR);
    EXPECT_EQ(link->read().state, State::ended);
    EXPECT_EQ(link->received, "bye");
    EXPECT_EQ(link->transport->failure(), "the client's stream ended without TLS's goodbye");
    EXPECT_EQ(link->write("you too").state, State::open);
    link->client.from_network = link->receive_raw();
    link->client.advance();
    EXPECT_EQ(link->client.received, "you too");
  }
  EXPECT_EQ(worker_.metrics().truncated.read(), 2u);
}

TEST_F(TlsTransportTest, AResetFails) {
  const auto link = connect();
  link->write("never read");
  link->close_client(true);
  EXPECT_EQ(link->read().state, State::failed);
  EXPECT_EQ(link->transport->failure(), "the connection broke");
}

TEST_F(TlsTransportTest, AWriteToOneThatLeftFails) {
  const auto link = connect();
  link->close_client();
  EXPECT_EQ(link->write("too late").state, State::failed);
  EXPECT_EQ(link->transport->failure(), "the connection broke");
}

TEST_F(TlsTransportTest, OneConnectionsFaultDoesNotTouchAnother) {
  const auto good = connect();
  TlsTestLink bad(worker_, {});
  bad.send_raw("GET / HTTP/1.1\r\n\r\n");
  bad.read();
  good->client.write("still here");
  good->run();
  EXPECT_EQ(good->received, "still here");
  EXPECT_EQ(good->write("so am I").state, State::open);
}

}  // namespace
}  // namespace sluice::gateway
