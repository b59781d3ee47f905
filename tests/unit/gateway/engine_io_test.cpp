#include "gateway/engine_io.hpp"

#include <gtest/gtest.h>

#include "gateway/base64.hpp"
#include "gateway/rfc6455.hpp"

namespace sluice::gateway {
namespace {

using engine_io::PacketType;

TEST(EngineIo, APacketIsATypeAndData) {
  std::string decoded;
  const auto packet = engine_io::parse_packet("4hello", decoded);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->type, PacketType::message);
  EXPECT_EQ(packet->data, "hello");
  EXPECT_FALSE(packet->is_binary);
}

TEST(EngineIo, ABinaryPacketIsBase64) {
  std::string decoded = "old";
  const auto packet = engine_io::parse_packet("bAQID", decoded);
  ASSERT_TRUE(packet);
  EXPECT_TRUE(packet->is_binary);
  EXPECT_EQ(packet->data, "\x01\x02\x03");
}

TEST(EngineIo, AnythingElseIsRefused) {
  std::string decoded;
  for (const char* text : {"", "7", "a", "b!", "bA", "b=", " 4"})
    EXPECT_FALSE(engine_io::parse_packet(text, decoded)) << text;
}

TEST(EngineIo, APayloadIsPacketsBetweenSeparators) {
  std::string_view payload =
      "4a\x1e\x1e"
      "2";
  EXPECT_EQ(engine_io::take_packet(payload), "4a");
  EXPECT_EQ(engine_io::take_packet(payload), "");
  EXPECT_EQ(engine_io::take_packet(payload), "2");
  EXPECT_TRUE(payload.empty());
}

TEST(EngineIo, FramesBecomePacketsAndControlFramesDoNot) {
  std::string frames, payload;
  rfc6455::append_frame(frames, rfc6455::Opcode::text, "4a");
  rfc6455::append_frame(frames, rfc6455::Opcode::ping, "x");
  rfc6455::append_frame(frames, rfc6455::Opcode::binary, std::string(300, '\0'));
  rfc6455::append_frame(frames, rfc6455::Opcode::text, "4" + std::string(70'000, 'b'));
  EXPECT_EQ(engine_io::append_polled(payload, frames), frames.size());
  EXPECT_EQ(payload,
            "4a\x1e"
            "b" +
                std::string(400, 'A') +
                "\x1e"
                "4" +
                std::string(70'000, 'b'));
}

TEST(EngineIo, AFrameThatIsCutIsLeft) {
  std::string frames, payload;
  rfc6455::append_frame(frames, rfc6455::Opcode::text, "4a");
  const std::size_t first = frames.size();
  rfc6455::append_frame(frames, rfc6455::Opcode::text, "4" + std::string(200, 'b'));
  for (std::size_t size = first; size < frames.size(); ++size) {
    payload.clear();
    EXPECT_EQ(engine_io::append_polled(payload, std::string_view(frames).substr(0, size)), first) << size;
    EXPECT_EQ(payload, "4a");
  }
}

TEST(EngineIo, ACloseStandsAlone) {
  std::string frames, payload;
  rfc6455::append_frame(frames, rfc6455::Opcode::text, "4a");
  const std::size_t first = frames.size();
  rfc6455::append_frame(frames, rfc6455::Opcode::text, "1");
  EXPECT_EQ(engine_io::append_polled(payload, frames), first);
  EXPECT_EQ(payload, "4a");
  payload.clear();
  EXPECT_EQ(engine_io::append_polled(payload, std::string_view(frames).substr(first)), frames.size() - first);
  EXPECT_EQ(payload, "1");
}

TEST(EngineIo, ARefusalHasTheReferencesWords) {
  EXPECT_EQ(engine_io::reply_of(engine_io::Refusal::unknown_session).body,
            R"({"code":1,"message":"Session ID unknown"})");
  EXPECT_EQ(engine_io::reply_of(engine_io::Refusal::forbidden).status, 403);
}

TEST(Base64, IsDecodedStrictly) {
  for (const auto& [text, bytes] : {std::pair("", ""), {"YQ==", "a"}, {"YQ", "a"}, {"YWI=", "ab"}, {"YWJj", "abc"}}) {
    std::string out = ">";
    EXPECT_TRUE(append_decoded_base64(out, text)) << text;
    EXPECT_EQ(out, std::string(">") + bytes);
  }
  for (const char* text : {"Y", "YQ=", "YQ===", "Y Q=", "YW-j", "=", "YQ==YQ=="}) {
    std::string out = ">";
    EXPECT_FALSE(append_decoded_base64(out, text)) << text;
    EXPECT_EQ(out, ">");
  }
}

}  // namespace
}  // namespace sluice::gateway
