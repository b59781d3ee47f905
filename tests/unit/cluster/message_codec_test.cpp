#include "cluster/message_codec.hpp"

#include <gtest/gtest.h>

#include "sluice/cluster/v1/message.pb.h"

namespace sluice::cluster {
namespace {

using base::Errc;
using workers::RoomKey;

constexpr base::NamespaceId some{3};

TEST(MessageCodec, AMessageComesAsItWent) {
  workers::Message message;
  message.target.rooms = {RoomKey::room("a"), RoomKey::user("u"), RoomKey::everyone()};
  message.target.connections = {{0xFFFFFFFF, base::WorkerId{255}, 7, 8}};
  message.target.except_rooms = {RoomKey::room("not")};
  message.target.except_connections = {{1, base::WorkerId{2}, 3, 4}};
  message.event = "news";
  message.data = std::string("\0\xFF bytes", 8);
  message.kind = workers::DataKind::arguments;
  message.attachments = {"one", std::string("\0", 1)};
  message.deflation = workers::Deflation::always;
  message.slow_policy = workers::SlowPolicy::conflate;
  message.conflation_key = "key";
  const auto decoded = decode(encode(message), some);
  ASSERT_TRUE(decoded) << decoded.error().detail;
  message.target.name_space = some;
  EXPECT_EQ((*decoded)->target, message.target);
  EXPECT_EQ((*decoded)->event, message.event);
  EXPECT_EQ((*decoded)->data, message.data);
  EXPECT_EQ((*decoded)->kind, message.kind);
  EXPECT_EQ((*decoded)->attachments, message.attachments);
  EXPECT_EQ((*decoded)->deflation, message.deflation);
  EXPECT_EQ((*decoded)->slow_policy, message.slow_policy);
  EXPECT_EQ((*decoded)->conflation_key, message.conflation_key);
}

TEST(MessageCodec, AMessageWithoutMoreHasTheDefaults) {
  workers::Message message;
  message.target.rooms = {RoomKey::room("a")};
  const auto decoded = decode(encode(message), some);
  ASSERT_TRUE(decoded);
  EXPECT_EQ((*decoded)->event, "message");
  EXPECT_FALSE((*decoded)->slow_policy);
}

TEST(MessageCodec, WhatAnOlderVersionWouldGetWrongIsRefusedAndFieldsThatWereAddedAreNot) {
  v1::Message message;
  message.add_rooms()->set_name("a");
  EXPECT_EQ(decode(message.SerializeAsString(), some).error().code, Errc::bad_request);
  message.set_needs(2);
  EXPECT_EQ(decode(message.SerializeAsString(), some).error().detail,
            "the message needs format 2 to be understood, this node knows 1");
  message.set_needs(1);
  // Field 1000, of a later version.
  EXPECT_TRUE(decode(message.SerializeAsString() + "\xC2\x3E\x01z", some));
}

TEST(MessageCodec, WhatIsNoMessageIsRefused) {
  EXPECT_FALSE(decode("no message", some));
  EXPECT_FALSE(decode("", some));
  v1::Message message;
  message.set_needs(1);
  EXPECT_FALSE(decode(message.SerializeAsString(), some)) << "it is for nobody";
  message.add_rooms()->set_kind(static_cast<v1::RoomKey::Kind>(9));
  EXPECT_FALSE(decode(message.SerializeAsString(), some));
  message.mutable_rooms(0)->set_kind(v1::RoomKey::ROOM);
  EXPECT_TRUE(decode(message.SerializeAsString(), some));
  message.add_connections()->set_worker(70000);
  EXPECT_FALSE(decode(message.SerializeAsString(), some));
}

}  // namespace
}  // namespace sluice::cluster
