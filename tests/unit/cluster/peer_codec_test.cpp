#include "cluster/peer_codec.hpp"

#include <gtest/gtest.h>

#include "sluice/cluster/v1/peers.pb.h"

namespace sluice::cluster {
namespace {

using base::Errc;
using namespace std::chrono_literals;

PeerMessage again(const PeerMessage& message, std::string& kept) { return decode(encode(message), kept).value(); }

base::Error refusal_of(const v1::PeerMessage& message) {
  std::string kept;
  return decode(message.SerializeAsString(), kept).error();
}

TEST(PeerCodec, ABeatComesOverWhole) {
  PeerBeat beat{.instance = ~std::uint64_t{0}, .peer = {}, .is_leaving = true};
  beat.peer.name = "n1";
  beat.peer.version = "1.2.3";
  beat.peer.started = std::chrono::system_clock::time_point(1'700'000'000'123ms);
  beat.peer.load = {12, true, true};
  std::string kept;
  const PeerMessage got = again({.what = beat, .piece = {.from = 0xab, .number = 7}}, kept);
  const auto& same = std::get<PeerBeat>(got.what);
  EXPECT_EQ(got.piece.from, 0xabu);
  EXPECT_EQ(got.piece.number, 7u);
  EXPECT_EQ(same.instance, beat.instance);
  EXPECT_EQ(same.peer.name, "n1");
  EXPECT_EQ(same.peer.version, "1.2.3");
  EXPECT_EQ(same.peer.started, beat.peer.started);
  EXPECT_EQ(same.peer.load.connections, 12u);
  EXPECT_TRUE(same.peer.load.is_ready && same.peer.load.is_draining && same.is_leaving);
}

TEST(PeerCodec, AQuestionAndItsPiecesComeOver) {
  std::string kept;
  const PeerMessage got =
      again({.what = PeerQuestion{250ms}, .piece = {1, 2, 3, true, std::string_view("a\0b", 3)}}, kept);
  EXPECT_EQ(std::get<PeerQuestion>(got.what).patience, 250ms);
  EXPECT_EQ(got.piece.place, 3u);
  EXPECT_TRUE(got.piece.has_more);
  EXPECT_EQ(got.piece.bytes, std::string_view("a\0b", 3));
}

TEST(PeerCodec, EachErrorComesOverByItsName) {
  for (int at = 0; at <= static_cast<int>(Errc::internal); ++at) {
    std::string kept;
    const PeerMessage got = again({.what = PeerReply{5, base::fail(static_cast<Errc>(at), "why")}, .piece = {}}, kept);
    const auto& reply = std::get<PeerReply>(got.what);
    EXPECT_EQ(reply.question, 5u);
    EXPECT_EQ(reply.error->code, static_cast<Errc>(at));
    EXPECT_EQ(reply.error->detail, "why");
  }
  std::string kept;
  EXPECT_FALSE(std::get<PeerReply>(again({.what = PeerReply{5, {}}, .piece = {}}, kept).what).error);
}

TEST(PeerCodec, AnErrorThatOnlyANewerVersionKnowsIsOne) {
  v1::PeerMessage message;
  message.set_needs(1);
  message.mutable_answer()->set_error("on_fire");
  std::string kept;
  const PeerMessage got = decode(message.SerializeAsString(), kept).value();
  EXPECT_EQ(std::get<PeerReply>(got.what).error->code, Errc::internal);
}

TEST(PeerCodec, ALongSentenceIsCutBetweenCharacters) {
  std::string kept;
  std::string detail(511, 'x');
  detail += "\xC3\xA4 and more";
  const PeerMessage got = again({.what = PeerReply{5, base::fail(Errc::internal, detail)}, .piece = {}}, kept);
  EXPECT_EQ(std::get<PeerReply>(got.what).error->detail, std::string(511, 'x'));
}

TEST(PeerCodec, WhatIsNoMessageIsRefusedWithAReason) {
  std::string kept;
  EXPECT_EQ(decode("\xff\xff", kept).error().code, Errc::bad_request);
  EXPECT_EQ(decode("", kept).error().code, Errc::bad_request);
  v1::PeerMessage message;
  message.set_needs(1);
  EXPECT_EQ(refusal_of(message).detail, "the message of a node is of no kind that is known");
  message.mutable_beat();
  EXPECT_EQ(refusal_of(message).detail, "a node's name or version is none");
  message.mutable_beat()->set_name(std::string(257, 'n'));
  EXPECT_EQ(refusal_of(message).detail, "a node's name or version is none");
  message.mutable_beat()->set_name("n1");
  for (const std::int64_t odd : {std::int64_t{-1}, std::int64_t{9'000'000'000'001}}) {
    message.mutable_beat()->set_started_ms(odd);
    EXPECT_EQ(refusal_of(message).detail, "a node's start is no time");
  }
  message.mutable_beat()->set_started_ms(9'000'000'000'000);
  EXPECT_TRUE(decode(message.SerializeAsString(), kept));
  message.set_needs(2);
  EXPECT_EQ(refusal_of(message).detail, "the message needs format 2 to be understood, this node knows 1");
  message.set_needs(0);
  EXPECT_EQ(refusal_of(message).code, Errc::bad_request);
}

}  // namespace
}  // namespace sluice::cluster
