// Servers that say what no server should: each is told with what was wrong, and given up.

#include "cluster/nats_connection.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include "tests/unit/cluster/nats_test_client.hpp"

namespace sluice::cluster {
namespace {

using base::Errc;
using boost::asio::ip::tcp;

// Says one thing to whoever connects, and keeps what it hears.
class FalseServer {
 public:
  FalseServer(boost::asio::io_context& loop, std::string said)
      : said_(std::move(said)), acceptor_(loop, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)) {
    accept();
  }
  std::string url() const { return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }
  std::string heard;

 private:
  void accept() {
    acceptor_.async_accept([this](const auto& error, tcp::socket socket) {
      if (error) return;
      socket_ = std::make_unique<tcp::socket>(std::move(socket));
      boost::asio::write(*socket_, boost::asio::buffer(said_));
      read();
      accept();
    });
  }
  void read() {
    socket_->async_read_some(boost::asio::buffer(bytes_), [this](const auto& error, std::size_t count) {
      if (error) return;
      heard.append(bytes_.data(), count);
      read();
    });
  }

  const std::string said_;
  tcp::acceptor acceptor_;
  std::unique_ptr<tcp::socket> socket_;
  std::array<char, 4096> bytes_{};
};

constexpr std::string_view info = "INFO {\"max_payload\":1000,\"headers\":true}\r\n";

class NatsConnectionTest : public NatsTest {
 protected:
  // Why a client gives up a server that says that.
  std::string failure_at(const std::string& said) {
    FalseServer server(loop_, said);
    const base::Error error = failure_of(settings_of({server.url()}));
    clients_.back()->client->stop();
    const std::string prefix = server.url() + ": ";
    return error.detail.starts_with(prefix) ? error.detail.substr(prefix.size()) : error.detail;
  }
};

TEST_F(NatsConnectionTest, WhatIsNoNatsIsTold) {
  const std::string wrong = "the server does not speak the protocol: ";
  EXPECT_EQ(failure_at("HTTP/1.1 400 Bad Request\r\n\r\n"),
            wrong + "a control line begins with no word of the protocol");
  EXPECT_EQ(failure_at(std::string(100'000, 'x')), wrong + "a control line is too long");
  EXPECT_EQ(failure_at("PING\r\n"), wrong + "INFO was expected first");
  EXPECT_EQ(failure_at("MSG a 1 0\r\n\r\n"), wrong + "INFO was expected first");
  EXPECT_EQ(failure_at("INFO []\r\n"), "the server's INFO is no JSON object");
  EXPECT_EQ(failure_at("INFO {}\r\n"), "the server's INFO has no max_payload above 0");
  EXPECT_EQ(failure_at("INFO {\"max_payload\":1}\r\n"), "the server is too old: it knows no headers");
}

TEST_F(NatsConnectionTest, AServerThatIsFullSaysSo) {
  EXPECT_EQ(failure_at(std::string(info) + "-ERR 'maximum connections exceeded'\r\n"),
            "the server refuses the connection: maximum connections exceeded");
}

TEST_F(NatsConnectionTest, NothingIsSaidInClearWhereTlsIsRequired) {
  FalseServer server(loop_, std::string(info));
  NatsSettings settings = settings_of({"tls://" + server.url()});
  settings.user = "u";
  settings.password = "secret";
  EXPECT_TRUE(failure_of(settings).detail.ends_with("the server offers no TLS, which is required here"));
  EXPECT_EQ(server.heard, "");
}

// What stands behind INFO is not protected by the TLS that follows it.
TEST_F(NatsConnectionTest, BytesInClearBeforeTlsAreNotTaken) {
  EXPECT_EQ(failure_at("INFO {\"max_payload\":1000,\"headers\":true,\"tls_required\":true}\r\nPONG\r\n"),
            "the server sent bytes in clear where TLS was to begin");
}

TEST_F(NatsConnectionTest, ALaterMistakeEndsTheConnection) {
  FalseServer server(loop_, std::string(info) + "PONG\r\nMSG a 1 x\r\n");
  const NatsTestClient& one = start(settings_of({server.url()}));
  ASSERT_TRUE(until([&] { return !one.disconnections.empty(); }));
  EXPECT_EQ(one.disconnections[0].code, Errc::bad_request);
  EXPECT_TRUE(
      one.disconnections[0].detail.ends_with("the server does not speak the protocol: a message's size is no "
                                             "number"));
}

TEST_F(NatsConnectionTest, AMessageBeyondTheBoundEndsTheConnection) {
  FalseServer server(loop_, std::string(info) + "PONG\r\nMSG a 1 101\r\n");
  NatsSettings settings = settings_of({server.url()});
  settings.message_bytes_max = 100;
  const NatsTestClient& one = start(settings);
  ASSERT_TRUE(until([&] { return !one.disconnections.empty(); }));
  EXPECT_TRUE(one.disconnections[0].detail.ends_with("larger than one may be")) << one.disconnections[0].detail;
}

TEST_F(NatsConnectionTest, PingsOfTheServerAreAnswered) {
  FalseServer server(loop_, std::string(info) + "PONG\r\nPING\r\nPING\r\n");
  start(settings_of({server.url()}));
  EXPECT_TRUE(until([&] { return server.heard.ends_with("PING\r\nPONG\r\nPONG\r\n"); })) << server.heard;
}

TEST_F(NatsConnectionTest, AnswersToNothingAreNotMinded) {
  FalseServer server(loop_,
                     std::string(info) + "PONG\r\nPONG\r\n+OK\r\nMSG a 77 2\r\nhi\r\nMSG _INBOX.x 0 0\r\n\r\nPING\r\n");
  const NatsTestClient& one = start(settings_of({server.url()}));
  EXPECT_TRUE(until([&] { return server.heard.ends_with("PONG\r\n"); }));
  EXPECT_TRUE(one.disconnections.empty());
}

TEST_F(NatsConnectionTest, TheServersLastWordsAreTheReason) {
  FalseServer server(loop_, std::string(info) + "PONG\r\n-ERR 'Stale Connection'\r\nMSG\r\n");
  const NatsTestClient& one = start(settings_of({server.url()}));
  ASSERT_TRUE(until([&] { return !one.disconnections.empty(); }));
  EXPECT_EQ(one.complaints, std::vector<std::string>{"Stale Connection"});
  EXPECT_TRUE(one.disconnections[0].detail.ends_with(", saying: Stale Connection")) << one.disconnections[0].detail;
}

}  // namespace
}  // namespace sluice::cluster
