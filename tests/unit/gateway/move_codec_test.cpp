#include "gateway/move_codec.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway::move_codec {
namespace {

using Kind = Request::Kind;
using workers::RoomKey;

constexpr base::ConnectionId session{0x1111, base::WorkerId{3}, 4, 5}, other{0x2222, base::WorkerId{1}, 2, 3};
constexpr ExchangeId socket{0x2222, base::WorkerId{6}, 7, 8};

std::shared_ptr<const workers::Credentials> credentials() {
  workers::Credentials made;
  made.subject = "me";
  made.token_id = "token";
  made.issued = 1'700'000'000;
  made.good_until = std::chrono::system_clock::time_point(std::chrono::seconds(1'800'000'000));
  made.join = {"a*", "b"};
  made.publish = std::vector<std::string>();
  made.labels = {{"z", "1"}, {"a", "\xff"}};
  auto allowance = std::make_shared<workers::Allowance>();
  allowance->labels = {{"b", "2"}};
  allowance->publish = {"c"};
  allowance->rooms = {"d"};
  made.allowance = allowance;
  return std::make_shared<const workers::Credentials>(made);
}

void expect_same(const workers::Credentials& one, const workers::Credentials& two) {
  EXPECT_EQ(one.subject, two.subject);
  EXPECT_EQ(one.token_id, two.token_id);
  EXPECT_EQ(one.issued, two.issued);
  EXPECT_EQ(one.good_until, two.good_until);
  EXPECT_EQ(one.join, two.join);
  EXPECT_EQ(one.publish, two.publish);
  EXPECT_EQ(one.labels, two.labels);
  ASSERT_EQ(one.allowance != nullptr, two.allowance != nullptr);
  if (!one.allowance) return;
  EXPECT_EQ(one.allowance->labels, two.allowance->labels);
  EXPECT_EQ(one.allowance->good_until, two.allowance->good_until);
  EXPECT_EQ(one.allowance->join, two.allowance->join);
  EXPECT_EQ(one.allowance->publish, two.allowance->publish);
  EXPECT_EQ(one.allowance->rooms, two.allowance->rooms);
}

MemberState member(base::NamespaceId name_space) {
  MemberState made;
  made.socket = {"sid", name_space, {{RoomKey::room("r"), 9}, {RoomKey::user("me"), 10}}, {0xe, 3}};
  made.pid = "pid";
  made.connection = session;
  made.given_through = {0xe, 12};
  made.credentials = credentials();
  made.asks = 4;
  return made;
}

void expect_same(const MemberState& one, const MemberState& two) {
  EXPECT_EQ(one.socket.sid, two.socket.sid);
  EXPECT_EQ(one.socket.start, two.socket.start);
  EXPECT_EQ(one.socket.rooms.size(), two.socket.rooms.size());
  EXPECT_EQ(one.pid, two.pid);
  EXPECT_EQ(one.connection, two.connection);
  EXPECT_EQ(one.given_through, two.given_through);
  EXPECT_EQ(one.asks, two.asks);
  expect_same(*one.credentials, *two.credentials);
}

TEST(MoveCodec, ARequestIsTheSameOnTheOtherSide) {
  for (const Kind kind : {Kind::begin, Kind::probed, Kind::take, Kind::end}) {
    const auto read = decode_request(encode({kind, session, socket}), socket.node);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->kind, kind);
    EXPECT_EQ(read->session, session);
    EXPECT_EQ(read->socket, socket);
  }
}

TEST(MoveCodec, WhatConnectionsAreCalledIsTheSameOnTheOtherSide) {
  Request request{Kind::arrived, session};
  request.renamed = {{session, other}, {other, session}};
  EXPECT_EQ(decode_request(encode(request), 1)->renamed, request.renamed);
}

TEST(MoveCodec, AnswersAreTheSameOnTheOtherSide) {
  for (const Kind kind : {Kind::acknowledged, Kind::answered}) {
    Request request{kind, session};
    request.answer = {other, 8, "[\"\xff\"]", {"a", std::string(1, '\0')}};
    const auto read = decode_request(encode(request), 1);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->kind, kind);
    EXPECT_EQ(read->answer.connection, other);
    EXPECT_EQ(read->answer.number, 8U);
    EXPECT_EQ(read->answer.arguments, request.answer.arguments);
    EXPECT_EQ(read->answer.attachments, request.answer.attachments);
  }
}

TEST(MoveCodec, RoomsAreThoseOfTheNamespaceHere) {
  workers::Namespaces here({.declared = {"/a", "/b"}}), there({.declared = {"/b", "/a"}});
  const Begun begun{{{*here.resolve("/b"), {RoomKey::room("r"), RoomKey::user("me")}}}};
  const auto read = decode_begun(encode(begun, here), there);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->rooms.at(0).name_space, *there.resolve("/b"));
  EXPECT_EQ(read->rooms.at(0).keys, begun.rooms[0].keys);
}

TEST(MoveCodec, ASocketIoSessionIsTheSameOnTheOtherSide) {
  workers::Namespaces namespaces({.declared = {"/a"}});
  SocketIoState socket_io;
  socket_io.handshake = SocketIoState::Handshake{{RoomKey::room("asked")}, {}, std::optional<Admission>()};
  socket_io.handshake->details.parameters = {{"p", "\xff"}};
  socket_io.handshake->details.headers = {{"h", "v"}};
  socket_io.handshake->shown = std::optional(Admission{"me", {RoomKey::room("granted")}, credentials()});
  socket_io.sockets = {member({}), member(*namespaces.resolve("/a"))};
  socket_io.pending = SocketIoState::Pending{"51-[\"e\"]", {std::string(3, '\xff')}};
  socket_io.connect_in = std::chrono::milliseconds(17);
  const auto read = decode_state(
      encode(SessionState{"\x81\x01", true, std::chrono::milliseconds(-5), socket_io}, namespaces), namespaces);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->frames, "\x81\x01");
  EXPECT_TRUE(read->awaits_pong);
  EXPECT_EQ(read->beat.count(), -5);
  const auto& same = std::get<SocketIoState>(read->application);
  EXPECT_EQ(same.handshake->rooms, socket_io.handshake->rooms);
  EXPECT_EQ(same.handshake->details.parameters, socket_io.handshake->details.parameters);
  EXPECT_EQ(same.handshake->details.headers, socket_io.handshake->details.headers);
  const Admission& shown = **same.handshake->shown;
  EXPECT_EQ(shown.user, "me");
  EXPECT_EQ(shown.rooms, std::vector{RoomKey::room("granted")});
  expect_same(*shown.credentials, *credentials());
  ASSERT_EQ(same.sockets.size(), 2U);
  for (std::size_t at = 0; at < 2; ++at) expect_same(same.sockets[at], socket_io.sockets[at]);
  EXPECT_EQ(same.sockets[1].socket.name_space, *namespaces.resolve("/a"));
  EXPECT_EQ(same.pending->text, socket_io.pending->text);
  EXPECT_EQ(same.pending->attachments, socket_io.pending->attachments);
  EXPECT_EQ(same.connect_in, socket_io.connect_in);
}

TEST(MoveCodec, WhyATokenIsNotGoodIsTheSameOnTheOtherSide) {
  workers::Namespaces namespaces;
  SocketIoState socket_io;
  socket_io.handshake = SocketIoState::Handshake{{}, {}, base::fail(base::Errc::unauthenticated, "it is old")};
  const auto read = decode_state(encode(SessionState{"", false, {}, socket_io}, namespaces), namespaces);
  ASSERT_TRUE(read);
  const auto& shown = std::get<SocketIoState>(read->application).handshake->shown;
  EXPECT_EQ(shown.error().code, base::Errc::unauthenticated);
  EXPECT_EQ(shown.error().detail, "it is old");
}

TEST(MoveCodec, ASessionOfPlainMessagesIsTheSameOnTheOtherSide) {
  workers::Namespaces namespaces;
  const SessionState state{"f", false, std::chrono::milliseconds(3), MessagesState{member({}), true}};
  const auto read = decode_state(encode(state, namespaces), namespaces);
  ASSERT_TRUE(read);
  const auto& same = std::get<MessagesState>(read->application);
  EXPECT_TRUE(same.is_enveloped);
  expect_same(same.member, member({}));
}

TEST(MoveCodec, WhatIsNoMessageIsAnError) {
  workers::Namespaces namespaces;
  for (const char* const bytes : {"", "\xff\xff", "\x08\x02", "\x08\x01"}) {
    EXPECT_FALSE(decode_request(bytes, 1)) << bytes;
    EXPECT_FALSE(decode_state(bytes, namespaces)) << bytes;
  }
  EXPECT_FALSE(decode_begun("\x08\x02", namespaces));
}

}  // namespace
}  // namespace sluice::gateway::move_codec
