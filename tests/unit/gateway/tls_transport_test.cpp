#include "gateway/tls_transport.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <numeric>

#include "tests/unit/gateway/tls_transport_fixture.hpp"

namespace sluice::gateway {
namespace {

using State = workers::Transport::State;

std::string noise(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t at = 0; at < size; ++at) bytes[at] = static_cast<char>(at * 31 + at / 251);
  return bytes;
}

// --- data ---

TEST_F(TlsTransportTest, BytesGoBothWays) {
  for (const int version : tls_versions) {
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
  for (const int version : tls_versions) {
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
  for (const int version : tls_versions) {
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
  for (const int version : tls_versions) {
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
  for (const int version : tls_versions) {
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
  for (const int version : tls_versions) {
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
