#include "gateway/encodings.hpp"

#include <gtest/gtest.h>

#include "gateway/peer_sessions.hpp"
#include "gateway/session_moves.hpp"
#include "gateway/socket_claims.hpp"
#include "gateway/worker_context.hpp"

namespace sluice::gateway {
namespace {

using namespace std::string_literals;
using workers::DataKind;
using workers::GapReason;
using workers::Message;
using workers::RoomKey;

constexpr workers::WireFormat no_format = 0;

Message message_of(DataKind kind, std::string data, std::string event = "message") {
  Message message;
  message.kind = kind;
  message.data = std::move(data);
  message.event = std::move(event);
  message.position = {0xc0ffee, 42};
  return message;
}

std::string bare(const Message& message) {
  std::string out;
  append_message(bare_websocket, message, nullptr, out);
  return out;
}

// The JSON text of an enveloped message, or of an event other than `message`, without its frame's head.
std::string payload_of(workers::WireFormat format, const Message& message, const RoomKey* room = nullptr) {
  std::string out;
  append_message(format, message, room, out);
  EXPECT_EQ(out[0], '\x81');
  EXPECT_EQ(static_cast<std::size_t>(static_cast<unsigned char>(out[1])), out.size() - 2) << "short payloads only";
  return out.substr(2);
}
std::string enveloped(const Message& message, const RoomKey* room = nullptr) {
  return payload_of(enveloped_websocket, message, room);
}

// --- bare ---

TEST(Encodings, ABareMessageIsItsDataAlone) {
  EXPECT_EQ(bare(message_of(DataKind::text, "hi")), "\x81\x02hi");
  EXPECT_EQ(bare(message_of(DataKind::json, "[1]")), "\x81\x03[1]");
  EXPECT_EQ(bare(message_of(DataKind::binary, "\xFF\x00"s)), "\x82\x02\xFF\x00"s);
  EXPECT_EQ(bare(message_of(DataKind::text, "")), "\x81\x00"s);
}

TEST(Encodings, ABareMessageOfAnotherEventNamesIt) {
  const auto json = [](const Message& message) { return payload_of(bare_websocket, message); };
  EXPECT_EQ(json(message_of(DataKind::text, "h\"i", "chat")), R"({"event":"chat","data":"h\"i"})");
  EXPECT_EQ(json(message_of(DataKind::json, R"({"a":1})", "chat")), R"({"event":"chat","data":{"a":1}})");
  EXPECT_EQ(json(message_of(DataKind::binary, "foo", "chat")), R"({"event":"chat","data":"Zm9v","encoding":"base64"})");
}

TEST(Encodings, ABareMessageShowsNeitherRoomNorPosition) {
  const RoomKey room = RoomKey::room("lobby");
  std::string out;
  append_message(bare_websocket, message_of(DataKind::text, "hi"), &room, out);
  EXPECT_EQ(out, "\x81\x02hi");
}

// --- enveloped ---

TEST(Encodings, AnEnvelopeHasEventDataRoomAndPosition) {
  const RoomKey room = RoomKey::room("lob\"by");
  EXPECT_EQ(enveloped(message_of(DataKind::text, "hi"), &room),
            R"({"event":"message","data":"hi","room":"lob\"by","position":"0000000000c0ffee-42"})");
}

TEST(Encodings, AnEnvelopeHoldsEachKindOfData) {
  EXPECT_EQ(enveloped(message_of(DataKind::json, R"({"a":[1,null]})")),
            R"({"event":"message","data":{"a":[1,null]},"position":"0000000000c0ffee-42"})");
  EXPECT_EQ(enveloped(message_of(DataKind::binary, "\xFF\xFE"s)),
            R"({"event":"message","data":"//4=","encoding":"base64","position":"0000000000c0ffee-42"})");
  EXPECT_EQ(enveloped(message_of(DataKind::binary, "")),
            R"({"event":"message","data":"","encoding":"base64","position":"0000000000c0ffee-42"})");
}

TEST(Encodings, AMessageThatHadNoPlaceInTheOrderHasNoPosition) {
  Message message = message_of(DataKind::text, "echo");
  message.position = {};
  EXPECT_EQ(enveloped(message), R"({"event":"message","data":"echo"})");
}

TEST(Encodings, TextIsEscapedForJson) {
  Message message = message_of(DataKind::text, "\"\\/\b\n\r\t\x01\x7F\xC3\xA9", "e\"v");
  message.position = {};
  EXPECT_EQ(enveloped(message), R"({"event":"e\"v","data":"\"\\/\u0008\n\r\t\u0001\u007f)"
                                "\xC3\xA9\"}");
}

TEST(Encodings, TextThatIsNoUtf8DoesNotReachAClient) {
  Message message = message_of(DataKind::text,
                               "a\xFF"
                               "b\xED\xA0\x80"
                               "c");
  message.position = {};
  EXPECT_EQ(enveloped(message),
            "{\"event\":\"message\",\"data\":\"a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
            "c\"}");
}

TEST(Encodings, AFrameIsAppendedBehindWhatIsThere) {
  std::string out = bare(message_of(DataKind::text, "a"));
  append_message(bare_websocket, message_of(DataKind::text, "b"), nullptr, out);
  EXPECT_EQ(out,
            "\x81\x01"
            "a\x81\x01"
            "b");
}

TEST(Encodings, ALongMessageHasALongHead) {
  const std::string frame = bare(message_of(DataKind::binary, std::string(70'000, 'x')));
  EXPECT_EQ(frame.substr(0, 10), "\x82\x7F\x00\x00\x00\x00\x00\x01\x11\x70"s);
  EXPECT_EQ(frame.size(), 70'010U);
}

// --- notices ---

TEST(Encodings, AGapSaysItsReasonToEnvelopedClients) {
  const auto gap = [](GapReason reason) {
    std::string out;
    append_gap(enveloped_websocket, reason, out);
    return out.substr(2);
  };
  EXPECT_EQ(gap(GapReason::evicted), R"({"notice":"gap","reason":"evicted"})");
  EXPECT_EQ(gap(GapReason::other_epoch), R"({"notice":"gap","reason":"other_epoch"})");
  EXPECT_EQ(gap(GapReason::future), R"({"notice":"gap","reason":"future"})");
  EXPECT_EQ(gap(GapReason::dropped), R"({"notice":"gap","reason":"dropped"})");
}

TEST(Encodings, OtherFormatsHaveNoNotices) {
  for (const workers::WireFormat format : {no_format, bare_websocket}) {
    std::string out;
    append_gap(format, GapReason::evicted, out);
    EXPECT_EQ(out, "");
  }
}

TEST(Encodings, TheOpenNoticeNamesConnectionAndPosition) {
  std::string out;
  append_open(enveloped_websocket, "9f31c2d0-1-2a-7", "0000000000c0ffee-42", out);
  EXPECT_EQ(out.substr(2), R"({"notice":"open","id":"9f31c2d0-1-2a-7","position":"0000000000c0ffee-42"})");
  EXPECT_EQ(out[0], '\x81');
}

// --- deflated ---

TEST(Encodings, EachFormatIsThatOfItsTraits) {
  DeflateTerms wide, narrow, own;
  narrow.server_window_bits = narrow_window_bits;
  own.keeps_server_context = true;
  for (const bool is_enveloped : {false, true}) {
    for (const auto& deflate : {std::optional<DeflateTerms>{}, {wide}, {narrow}, {own}}) {
      const FormatTraits traits = traits_of(websocket_format(is_enveloped, deflate));
      EXPECT_EQ(traits.is_enveloped, is_enveloped);
      EXPECT_EQ(traits.window_bits, deflate ? deflate->server_window_bits : 0);
      EXPECT_EQ(traits.is_own, deflate && deflate->keeps_server_context);
    }
  }
  EXPECT_EQ(websocket_format(false, std::nullopt), bare_websocket);
  EXPECT_EQ(websocket_format(true, std::nullopt), enveloped_websocket);
}

class DeflatedEncodings : public testing::Test {
 protected:
  DeflatedEncodings() { options_.compression_bytes_min = 100; }
  std::string encoded(workers::WireFormat format, const Message& message, Deflater* own = nullptr) {
    std::string out;
    append_message(context_, format, own, message, nullptr, out);
    return out;
  }
  // Of a short frame.
  static std::string inflated(Inflater& inflater, const std::string& frame) {
    std::string text;
    EXPECT_EQ(inflater.inflate(std::string_view(frame).substr(2), text, 1'000'000), Inflater::Outcome::fine);
    return text;
  }

  Options options_;
  workers::Namespaces namespaces_;
  // Encoding asks no other worker.
  struct NoOthers : Contexts {
    WorkerContext& context_of(workers::Worker&) override { std::abort(); }
  };
  Seals seals_;
  NoOthers contexts_;
  workers::Metrics metrics_;
  ClientIdentity identity_;
  LimitOptions limits_;
  ClientCounts counts_{limits_};
  TrustedProxies trusted_;
  PeerSessions peers_{workers::NoPeers::instance(), contexts_, options_};
  SocketStore store_{workers::NoSessionStore::instance(), seals_, contexts_};
  SocketClaims claims_{workers::NoPeers::instance(), store_, seals_, contexts_};
  SessionMoves moves_{workers::NoPeers::instance(), contexts_};
  WorkerContext context_{options_, identity_, namespaces_, seals_, contexts_, metrics_,
                         counts_,  trusted_,  peers_,      store_, claims_,   moves_};
  const workers::WireFormat bare_ = websocket_format(false, DeflateTerms{});
};

TEST_F(DeflatedEncodings, WhatAMessageSaysOfItselfGoesBeforeItsSize) {
  Message message = message_of(DataKind::text, std::string(10, 'a'));
  const auto is_deflated = [&] { return (encoded(bare_, message)[0] & 0x40) != 0; };
  EXPECT_FALSE(is_deflated());
  message.deflation = workers::Deflation::always;
  EXPECT_TRUE(is_deflated());
  message = message_of(DataKind::text, std::string(1000, 'a'));
  EXPECT_TRUE(is_deflated());
  message.deflation = workers::Deflation::never;
  EXPECT_FALSE(is_deflated());
}

TEST_F(DeflatedEncodings, AMessageThatIsWorthItIsDeflatedAndSaysSo) {
  const std::string data(1000, 'x');
  const std::string frame = encoded(bare_, message_of(DataKind::binary, data));
  EXPECT_EQ(frame[0], '\xC2');
  EXPECT_LT(frame.size(), 100U);
  Inflater inflater(15, Context::fresh);
  EXPECT_EQ(inflated(inflater, frame), data);
  EXPECT_EQ(metrics_.deflated_messages.read(), 1U);
  EXPECT_EQ(metrics_.deflated_bytes_before.read(), 1000U);
  EXPECT_EQ(metrics_.deflated_bytes_after.read(), frame.size() - 2);
}

TEST_F(DeflatedEncodings, AnEnvelopeIsDeflatedAsAWhole) {
  const std::string frame =
      encoded(websocket_format(true, DeflateTerms{}), message_of(DataKind::text, std::string(200, 'x')));
  EXPECT_EQ(frame[0], '\xC1');
  Inflater inflater(15, Context::fresh);
  EXPECT_TRUE(inflated(inflater, frame).starts_with(R"({"event":"message","data":"xxx)"));
}

TEST_F(DeflatedEncodings, WhatIsShortOrWouldNotGetShorterIsSentAsItIs) {
  EXPECT_EQ(encoded(bare_, message_of(DataKind::text, std::string(99, 'x'))), "\x81\x63" + std::string(99, 'x'));
  EXPECT_EQ(encoded(bare_, message_of(DataKind::text, std::string(100, 'x')))[0], '\xC1');
  std::string noise;
  for (unsigned at = 0, value = 1; at < 120; ++at)
    noise += static_cast<char>((value = value * 1103515245U + 12345U) >> 16);
  EXPECT_EQ(encoded(bare_, message_of(DataKind::binary, noise)), "\x82\x78" + noise);
}

TEST_F(DeflatedEncodings, AFormatWithoutDeflateIsNeverDeflated) {
  EXPECT_EQ(encoded(bare_websocket, message_of(DataKind::text, std::string(125, 'x')))[0], '\x81');
}

TEST_F(DeflatedEncodings, AnOwnDeflaterRefersToWhatWasSentBefore) {
  DeflateTerms terms;
  terms.keeps_server_context = true;
  const workers::WireFormat format = websocket_format(false, terms);
  Deflater own(wide_window_bits, 6, Context::kept);
  Inflater inflater(wide_window_bits, Context::kept);
  std::string data;
  for (int number = 0; number < 40; ++number) data += std::to_string(number * 7919) + ' ';
  const std::string first = encoded(format, message_of(DataKind::text, data), &own);
  const std::string second = encoded(format, message_of(DataKind::text, data), &own);
  EXPECT_LT(second.size(), 20U);
  std::string text;
  EXPECT_EQ(inflater.inflate(std::string_view(first).substr(4), text, 1'000'000), Inflater::Outcome::fine);
  EXPECT_EQ(text, data);
  EXPECT_EQ(inflated(inflater, second), data);
}

}  // namespace
}  // namespace sluice::gateway
