#include "gateway/socket_codec.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway::socket_codec {
namespace {

using workers::RoomKey;

BrokenSocket socket_in(base::NamespaceId name_space) {
  return {"sid", name_space, {{RoomKey::room("a"), 7}, {RoomKey::user("me"), 1ULL << 40}}, {0xffff'ffff'0000'0001, 9}};
}

void expect_same(const BrokenSocket& one, const BrokenSocket& other) {
  EXPECT_EQ(one.sid, other.sid);
  EXPECT_EQ(one.name_space, other.name_space);
  EXPECT_EQ(one.start, other.start);
  ASSERT_EQ(one.rooms.size(), other.rooms.size());
  for (std::size_t at = 0; at < one.rooms.size(); ++at) {
    EXPECT_EQ(one.rooms[at].key, other.rooms[at].key);
    EXPECT_EQ(one.rooms[at].joined_place, other.rooms[at].joined_place);
  }
}

TEST(SocketCodec, ARecordIsTheSameAtAnotherNodeWhoseNamespacesHaveOtherNumbers) {
  workers::Namespaces here({.declared = {"/a", "/b"}}), there({.declared = {"/b", "/a"}});
  const auto read = decode_record(encode(Record{socket_in(*here.resolve("/b")), 5}, here), there);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->holder, 5U);
  expect_same(read->socket, socket_in(*there.resolve("/b")));
}

TEST(SocketCodec, AClaimAndItsAnswerAreTheSameOnTheOtherSide) {
  workers::Namespaces namespaces;
  EXPECT_EQ(*decode_claim(encode_claim("pid")), "pid");
  const auto found = decode_claimed(encode(Claimed{socket_in({}), 3}, namespaces), namespaces);
  ASSERT_TRUE(found && found->socket);
  EXPECT_EQ(found->revision, 3U);
  expect_same(*found->socket, socket_in({}));
  EXPECT_FALSE(decode_claimed(encode(Claimed(), namespaces), namespaces)->socket);
}

TEST(SocketCodec, ANamespaceThatIsNotHereIsAnError) {
  workers::Namespaces here({.declared = {"/a"}}), there;
  const auto read = decode_record(encode(Record{socket_in(*here.resolve("/a")), 5}, here), there);
  EXPECT_EQ(read.error().code, base::Errc::not_found);
}

TEST(SocketCodec, NobodyIsInTheRoomOfEveryoneByARecord) {
  workers::Namespaces namespaces;
  BrokenSocket socket = socket_in({});
  socket.rooms.push_back({RoomKey::everyone(), 1});
  EXPECT_FALSE(decode_record(encode(Record{socket, 5}, namespaces), namespaces));
}

TEST(SocketCodec, WhatIsNoMessageIsAnError) {
  workers::Namespaces namespaces;
  for (const char* const bytes : {"", "\xff\xff", "\x08\x02"}) {
    EXPECT_FALSE(decode_claim(bytes));
    EXPECT_FALSE(decode_claimed(bytes, namespaces));
    EXPECT_FALSE(decode_record(bytes, namespaces));
  }
}

}  // namespace
}  // namespace sluice::gateway::socket_codec
