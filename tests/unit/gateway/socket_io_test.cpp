#include "gateway/socket_io.hpp"

#include <gtest/gtest.h>

#include "gateway/pending_event.hpp"

namespace sluice::gateway {
namespace {

using socket_io::Packet;
using socket_io::PacketType;
using workers::DataKind;

Packet parsed(std::string_view text) {
  const auto packet = socket_io::parse_packet(text);
  EXPECT_TRUE(packet) << text;
  return packet ? *packet : Packet();
}

workers::Message message_of(std::string_view text, std::vector<std::string> attachments = {}) {
  workers::Message message;
  const Packet packet = parsed(text);
  socket_io::fill_message(*socket_io::parse_event(packet), std::move(attachments), message);
  return message;
}

TEST(SocketIo, APacketIsTakenApart) {
  const Packet packet = parsed(R"(51-/admin,12["x",{"_placeholder":true,"num":0}])");
  EXPECT_EQ(packet.type, PacketType::binary_event);
  EXPECT_EQ(packet.name_space, "/admin");
  EXPECT_EQ(packet.ack_id, 12U);
  EXPECT_EQ(packet.attachments, 1U);
  EXPECT_EQ(packet.payload, R"(["x",{"_placeholder":true,"num":0}])");
}

TEST(SocketIo, ANamespaceEndsAtTheFirstCommaOrWithThePacket) {
  EXPECT_EQ(parsed("1/admin").name_space, "/admin");
  EXPECT_EQ(parsed("1/admin,").name_space, "/admin");
  EXPECT_EQ(parsed("0/admin?token=1,{}").name_space, "/admin");
  EXPECT_EQ(parsed("0").name_space, "/");
  EXPECT_EQ(parsed(R"(2["a,b"])").name_space, "/");
}

TEST(SocketIo, WhatBreaksTheProtocolIsSaid) {
  for (const char* text : {"",
                           "7",
                           "x",
                           "2",
                           "2{}",
                           "2[",
                           "2[] ",
                           "0[]",
                           "0\"x\"",
                           "0{}x",
                           "1{}",
                           "4{}",
                           "5[\"x\"]",
                           "511-[\"x\"]",
                           "5-[\"x\"]",
                           "2abc[\"x\"]",
                           "299999999999999999999[\"x\"]",
                           "51-[\"x\",{\"_placeholder\":true,\"num\":1}]",
                           "51-[\"x\",{\"_placeholder\":true,\"num\":\"a\"}]",
                           "51-[\"x\",{\"_placeholder\":true,\"num\":-1}]"}) {
    EXPECT_FALSE(socket_io::parse_packet(text)) << text;
  }
}

TEST(SocketIo, AnEventHasANameThatNobodyElseOwns) {
  for (const char* text : {"2[]", "2[{}]", "2[null]", "2[\"connect\"]", "2[\"disconnecting\"]", "2[\"newListener\"]"}) {
    EXPECT_FALSE(socket_io::parse_event(parsed(text))) << text;
  }
  EXPECT_EQ(socket_io::parse_event(parsed("2[7]"))->name, "7");
}

TEST(SocketIo, OneArgumentIsDataOfItsKind) {
  EXPECT_EQ(message_of(R"(2["x","a\n\u00e4"])").data, "a\n\xc3\xa4");
  EXPECT_EQ(message_of(R"(2["x","a"])").kind, DataKind::text);
  EXPECT_EQ(message_of("2[\"x\",1.50]").data, "1.50");
  EXPECT_EQ(message_of("2[\"x\",1.50]").kind, DataKind::json);
  const auto binary = message_of(R"(51-["x",{"_placeholder":true,"num":0}])", {"\x01\x02"});
  EXPECT_EQ(binary.kind, DataKind::binary);
  EXPECT_EQ(binary.data, "\x01\x02");
  EXPECT_TRUE(binary.attachments.empty());
}

TEST(SocketIo, NoneOrSeveralAreAList) {
  EXPECT_EQ(message_of("2[\"x\"]").data, "[]");
  EXPECT_EQ(message_of("2[\"x\", 1 ,\"b\"]").data, "[1,\"b\"]");
  EXPECT_EQ(message_of("2[\"x\"]").kind, DataKind::arguments);
}

TEST(SocketIo, AnEventGoesOutAsItCameIn) {
  const auto sent = [](const workers::Message& message, std::string_view offset = "") {
    std::string frames;
    socket_io::append_event(frames, "/n", std::nullopt, message, offset);
    return frames;
  };
  EXPECT_EQ(sent(message_of("2[\"x\"]")),
            "\x81\x0A"
            "42/n,[\"x\"]");
  EXPECT_EQ(sent(message_of("2[\"x\",{\"a\":1}]"), "o"),
            "\x81\x16"
            "42/n,[\"x\",{\"a\":1},\"o\"]");
  EXPECT_EQ(sent(message_of(R"(51-["x",{"_placeholder":true,"num":0}])", {"ab"})),
            "\x81\x2A"
            R"(451-/n,["x",{"_placeholder":true,"num":0}])"
            "\x82\x02"
            "ab");
}

TEST(SocketIo, AnAcknowledgementHasItsArguments) {
  std::string frames;
  socket_io::append_ack(frames, "/", 12, message_of("2[\"x\",1,2]"));
  EXPECT_EQ(frames,
            "\x81\x09"
            "4312[1,2]");
}

TEST(SocketIo, WhoComesBackSaysAsWhom) {
  const auto request = socket_io::parse_connect(parsed(R"(0{"token":1,"pid":"p","offset":"o"})"));
  EXPECT_EQ(request.pid + request.offset, "po");
  EXPECT_TRUE(socket_io::parse_connect(parsed(R"(0{"pid":1})")).pid.empty());
}

TEST(PendingEvent, IsWholeWithItsLastAttachmentAndBounded) {
  const std::string text = R"(52-["x"])";
  PendingEvent pending(text, parsed(text), text.size() + 5);
  EXPECT_TRUE(pending.add("abc"));
  EXPECT_FALSE(pending.is_complete());
  EXPECT_FALSE(pending.add("def"));
  EXPECT_TRUE(pending.add("de"));
  EXPECT_TRUE(pending.is_complete());
  EXPECT_EQ(pending.take_attachments(), (std::vector<std::string>{"abc", "de"}));
}

}  // namespace
}  // namespace sluice::gateway
