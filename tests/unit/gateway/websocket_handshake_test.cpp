#include "gateway/websocket_handshake.hpp"

#include <gtest/gtest.h>

#include "gateway/encodings.hpp"

namespace sluice::gateway {
namespace {

using workers::RoomKey;

constexpr std::size_t rooms_max = 3;

// A request as a client sends it, with what a test wants to be otherwise.
struct Request {
  std::string method = "GET", target = "/ws", version = "HTTP/1.1";
  std::string upgrade = "Upgrade: websocket\r\n", connection = "Connection: Upgrade\r\n";
  std::string websocket_version = "Sec-WebSocket-Version: 13\r\n";
  std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  std::string more = {};
};

Options open_options() {
  Options options;
  options.client_rooms = ClientRooms::open;
  options.room_name_bytes_max = 8;
  return options;
}

std::variant<WebSocketHandshake, HttpError> shake(const Request& request, const Options& options = open_options()) {
  const std::string text = request.method + ' ' + request.target + ' ' + request.version +
                           "\r\nHost: localhost:80\r\n" + request.upgrade + request.connection +
                           request.websocket_version + request.key + request.more + "\r\n";
  const auto head = parse_head(text);
  EXPECT_TRUE(head) << text;
  const auto target = RequestTarget::parse(head->target);
  EXPECT_TRUE(target);
  static const Seals seals;
  workers::Namespaces namespaces({.declared = {"/admin"}});
  const Admission nobody;
  return shake_hands(*head, *target, {options, namespaces, seals, rooms_max, nobody});
}

WebSocketHandshake accepted(const Request& request, const Options& options = open_options()) {
  auto shaken = shake(request, options);
  if (const auto* const error = std::get_if<HttpError>(&shaken)) {
    ADD_FAILURE() << error->status << ' ' << error->error.detail;
    return {};
  }
  return std::get<WebSocketHandshake>(shaken);
}

HttpError refused(const Request& request, const Options& options = open_options()) {
  auto shaken = shake(request, options);
  if (const auto* const error = std::get_if<HttpError>(&shaken)) return *error;
  ADD_FAILURE() << "it was accepted";
  return {0, base::fail(base::Errc::internal, ""), ""};
}

std::vector<RoomKey> rooms_of(const std::string& query) {
  return accepted({.target = "/ws?" + query}).subscription.announcement.rooms;
}

// --- accepted ---

TEST(WebSocketHandshake, TheAnswerIsThatOfTheStandardsExample) {
  EXPECT_EQ(accepted({}).answer,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
}

TEST(WebSocketHandshake, UpgradeAndConnectionMayListMoreAndInAnyCase) {
  accepted({.upgrade = "UPGRADE: h2c, WebSocket\r\n", .connection = "connection: keep-alive, upgrade\r\n"});
  accepted({.connection = "Connection: keep-alive\r\nConnection: Upgrade\r\n"});
}

TEST(WebSocketHandshake, ABareClientIsInLobbyUnlessItNamesRooms) {
  const WebSocketHandshake handshake = accepted({});
  EXPECT_EQ(handshake.subscription.announcement.rooms, std::vector{RoomKey::room("lobby")});
  EXPECT_EQ(handshake.subscription.announcement.format, bare_websocket);
  EXPECT_EQ(handshake.subscription.announcement.name_space.value, 0);
  EXPECT_FALSE(handshake.subscription.announcement.since);
  EXPECT_FALSE(handshake.subscription.is_enveloped);
}

TEST(WebSocketHandshake, NamedRoomsAreJoinedEachOnce) {
  EXPECT_EQ(rooms_of("room=a&room=b&room=a&x=y"), (std::vector{RoomKey::room("a"), RoomKey::room("b")}));
  EXPECT_EQ(rooms_of("room=%C3%A9+1"), std::vector{RoomKey::room("\xC3\xA9 1")});
}

TEST(WebSocketHandshake, RoomsUpToTheBoundAreJoined) {
  EXPECT_EQ(rooms_of("room=a&room=b&room=c&room=a").size(), rooms_max);
  EXPECT_EQ(refused({.target = "/?room=a&room=b&room=c&room=d"}).status, 400);
}

TEST(WebSocketHandshake, AnEnvelopeIsGivenToWhoAsksForIt) {
  EXPECT_TRUE(accepted({.target = "/?envelope=1"}).subscription.is_enveloped);
  EXPECT_EQ(accepted({.target = "/?envelope=1"}).subscription.announcement.format, enveloped_websocket);
  EXPECT_FALSE(accepted({.target = "/?envelope=0"}).subscription.is_enveloped);
}

TEST(WebSocketHandshake, ResumingHasAnEnvelope) {
  const WebSocketHandshake handshake = accepted({.target = "/?since=0000000000c0ffee-42&envelope=0"});
  EXPECT_EQ(handshake.subscription.announcement.since, (base::Position{0xc0ffee, 42}));
  EXPECT_TRUE(handshake.subscription.is_enveloped);
  EXPECT_EQ(handshake.subscription.announcement.format, enveloped_websocket);
}

TEST(WebSocketHandshake, ANamespaceIsFoundByItsName) {
  EXPECT_EQ(accepted({.target = "/?namespace=/admin"}).subscription.announcement.name_space.value, 1);
  EXPECT_EQ(accepted({.target = "/?namespace=%2F"}).subscription.announcement.name_space.value, 0);
}

TEST(WebSocketHandshake, SubprotocolsThatAreNotSpokenAreNotAnswered) {
  const std::string answer = accepted({.more = "Sec-WebSocket-Protocol: chat, v2.chat\r\n"}).answer;
  EXPECT_EQ(answer.find("Sec-WebSocket-Protocol"), std::string::npos);
}

TEST(WebSocketHandshake, ExtensionsThatAreUnknownAreNotAnswered) {
  const std::string answer = accepted({.more = "Sec-WebSocket-Extensions: x-unknown; a=b\r\n"}).answer;
  EXPECT_EQ(answer.find("Sec-WebSocket-Extensions"), std::string::npos);
}

TEST(WebSocketHandshake, CompressionIsAgreedOnAsTheOptionSays) {
  const Request offer{.more = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"};
  Options options = open_options();
  options.compression = Compression::shared;
  const WebSocketHandshake shared = accepted(offer, options);
  EXPECT_NE(shared.answer.find("\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover"),
            std::string::npos);
  ASSERT_TRUE(shared.deflate);
  EXPECT_EQ(shared.subscription.announcement.format, websocket_format(false, shared.deflate));
  EXPECT_FALSE(accepted({}, options).deflate);
  options.compression = Compression::off;
  const WebSocketHandshake off = accepted(offer, options);
  EXPECT_FALSE(off.deflate);
  EXPECT_EQ(off.answer.find("Sec-WebSocket-Extensions"), std::string::npos);
}

TEST(WebSocketHandshake, OffersMayStandInSeveralHeaders) {
  Options options = open_options();
  options.compression = Compression::shared;
  const std::string name = "Sec-WebSocket-Extensions: ";
  EXPECT_TRUE(accepted({.more = name + "x-one\r\n" + name + "permessage-deflate\r\n"}, options).deflate);
}

TEST(WebSocketHandshake, ExtensionsThatAreNoListAre400) {
  EXPECT_EQ(refused({.more = "Sec-WebSocket-Extensions: a=b\r\n"}).status, 400);
  EXPECT_EQ(refused({.more = "Sec-WebSocket-Extensions: permessage-deflate; ;\r\n"}).status, 400);
}

TEST(WebSocketHandshake, AnEmptyBodyMayBeAnnounced) { accepted({.more = "Content-Length: 0\r\n"}); }

// --- refused ---

TEST(WebSocketHandshake, AnotherMethodThanGetIs405) {
  const HttpError error = refused({.method = "POST"});
  EXPECT_EQ(error.status, 405);
  EXPECT_EQ(error.headers, "Allow: GET\r\n");
  EXPECT_EQ(refused({.method = "get"}).status, 405);
}

TEST(WebSocketHandshake, Http10Is400) { EXPECT_EQ(refused({.version = "HTTP/1.0"}).status, 400); }

TEST(WebSocketHandshake, ARequestThatDoesNotUpgradeIs426) {
  for (const Request& request :
       {Request{.upgrade = ""}, Request{.connection = ""}, Request{.upgrade = "Upgrade: h2c\r\n"},
        Request{.connection = "Connection: keep-alive\r\n"}}) {
    const HttpError error = refused(request);
    EXPECT_EQ(error.status, 426);
    EXPECT_EQ(error.headers, "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
  }
}

TEST(WebSocketHandshake, AnotherVersionThan13Is426AndToldWhichIsSpoken) {
  for (const std::string version : {"", "Sec-WebSocket-Version: 8\r\n", "Sec-WebSocket-Version: 130\r\n"}) {
    const HttpError error = refused({.websocket_version = version});
    EXPECT_EQ(error.status, 426);
    EXPECT_NE(error.headers.find("Sec-WebSocket-Version: 13\r\n"), std::string::npos);
  }
}

TEST(WebSocketHandshake, AKeyThatIsNot16BytesIs400) {
  for (const std::string key : {"", "Sec-WebSocket-Key: \r\n", "Sec-WebSocket-Key: short==\r\n"})
    EXPECT_EQ(refused({.key = key}).status, 400);
}

TEST(WebSocketHandshake, ABodyIs400) {
  EXPECT_EQ(refused({.more = "Content-Length: 1\r\n"}).status, 400);
  EXPECT_EQ(refused({.more = "Transfer-Encoding: chunked\r\n"}).status, 400);
}

TEST(WebSocketHandshake, AnOriginThatMayNotConnectIs403) {
  accepted({.more = "Origin: http://localhost\r\n"});
  EXPECT_EQ(refused({.more = "Origin: http://evil.example\r\n"}).status, 403);
  EXPECT_EQ(refused({.more = "Origin: null\r\n"}).status, 403);
  Options options = open_options();
  options.allowed_origins = {"*"};
  accepted({.more = "Origin: null\r\n"}, options);
}

TEST(WebSocketHandshake, SubprotocolsThatAreNoTokensAre400) {
  EXPECT_EQ(refused({.more = "Sec-WebSocket-Protocol: a b\r\n"}).status, 400);
  EXPECT_EQ(refused({.more = "Sec-WebSocket-Protocol: a/b\r\n"}).status, 400);
}

TEST(WebSocketHandshake, ANamespaceThatThereIsNotIs404) {
  EXPECT_EQ(refused({.target = "/?namespace=/other"}).status, 404);
  EXPECT_EQ(refused({.target = "/?namespace="}).status, 404);
}

TEST(WebSocketHandshake, ARoomsNameUpToTheBoundPasses) {
  EXPECT_EQ(rooms_of("room=12345678").size(), 1U);
  EXPECT_EQ(refused({.target = "/?room=123456789"}).status, 400);
}

TEST(WebSocketHandshake, ARoomsNameThatIsNoneIs400) {
  for (const std::string name : {"", "%FF", "%00", "a%0A", "%7F", "%C2%80"})
    EXPECT_EQ(refused({.target = "/?room=" + name}).status, 400) << name;
}

TEST(WebSocketHandshake, OnlyLobbyMayBeNamedWhereRoomsAreGranted) {
  Options options = open_options();
  options.client_rooms = ClientRooms::granted;
  EXPECT_EQ(accepted({}, options).subscription.announcement.rooms.size(), 1U);
  EXPECT_EQ(accepted({.target = "/?room=lobby"}, options).subscription.announcement.rooms.size(), 1U);
  EXPECT_EQ(refused({.target = "/?room=other"}, options).status, 403);
}

TEST(WebSocketHandshake, AnEnvelopeOrPositionThatIsNoneIs400) {
  for (const std::string query : {"envelope=", "envelope=2", "envelope=true", "since=", "since=42", "since=c0ffee-42",
                                  "since=0000000000C0FFEE-42"}) {
    EXPECT_EQ(refused({.target = "/?" + query}).status, 400) << query;
  }
}

}  // namespace
}  // namespace sluice::gateway
