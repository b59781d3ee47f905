#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "gateway/deflater.hpp"
#include "gateway/inflater.hpp"

namespace sluice::gateway {
namespace {

using Outcome = Inflater::Outcome;
using namespace std::string_literals;

constexpr std::size_t no_limit = 1 << 24;

std::string json_of(std::size_t bytes) {
  std::string text = "[";
  for (int at = 0; text.size() < bytes; ++at)
    text += R"({"id":)" + std::to_string(at * 7919) + R"(,"name":"sensor )" + std::to_string(at % 13) + R"("},)";
  text.resize(bytes);
  return text;
}

std::string noise_of(std::size_t bytes) {
  std::mt19937 random(7);
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

std::string deflated(Deflater& deflater, std::string_view message) {
  std::string out;
  EXPECT_TRUE(deflater.deflate(message, out));
  return out;
}

std::string inflated(Inflater& inflater, std::string_view payload) {
  std::string message;
  EXPECT_EQ(inflater.inflate(payload, message, no_limit), Outcome::fine);
  return message;
}

Outcome outcome_of(std::string_view payload, std::size_t message_bytes_max = no_limit) {
  Inflater inflater(15, Context::fresh);
  std::string message;
  const Outcome outcome = inflater.inflate(payload, message, message_bytes_max);
  EXPECT_LE(message.size(), message_bytes_max + 1);
  return outcome;
}

// RFC 7692, 7.2.3
const std::string hello_fixed = "\xF2\x48\xCD\xC9\xC9\x07\x00"s;
const std::string hello_stored = "\x00\x05\x00\xFA\xFF\x48\x65\x6C\x6C\x6F\x00"s;
const std::string hello_last_block = "\xF3\x48\xCD\xC9\xC9\x07\x00\x00"s;
const std::string hello_two_blocks = "\xF2\x48\x05\x00\x00\x00\xFF\xFF\xCA\xC9\xC9\x07\x00"s;

TEST(Deflate, APayloadIsAppendedWithoutTheFlushsTail) {
  Deflater deflater(15, 6, Context::fresh);
  const std::string repeated = "HelloHelloHelloHello";
  std::string out = "before:";
  ASSERT_TRUE(deflater.deflate(repeated, out));
  Inflater inflater(15, Context::fresh);
  EXPECT_EQ(inflated(inflater, out.substr(7)), repeated);
  EXPECT_FALSE(out.ends_with(rfc7692::flush_tail));
}

TEST(Deflate, EverySizeOfWindowAndLevelRoundTrips) {
  for (int bits = narrow_window_bits; bits <= rfc7692::window_bits_max; ++bits) {
    for (const int level : {1, 6, 9}) {
      for (const std::size_t bytes : {std::size_t{64}, std::size_t{2048}, std::size_t{100'000}}) {
        Deflater deflater(bits, level, Context::fresh);
        Inflater inflater(bits, Context::fresh);
        const std::string message = json_of(bytes);
        const std::string payload = deflated(deflater, message);
        EXPECT_LT(payload.size(), bytes);
        EXPECT_EQ(inflated(inflater, payload), message);
      }
    }
  }
}

// Made piece by piece, so that the receiver looks back into its window and not into what it has made at once.
TEST(Deflate, ANarrowMessageStaysWithinTheReceiversWindow) {
  Deflater deflater(narrow_window_bits, 6, Context::fresh);
  Inflater inflater(narrow_window_bits, Context::kept);
  const std::string message = json_of(20'000), payload = deflated(deflater, message);
  std::string got;
  for (const char c : payload) ASSERT_EQ(inflater.add({&c, 1}, got, no_limit), Outcome::fine);
  ASSERT_EQ(inflater.finish(got, no_limit), Outcome::fine);
  EXPECT_EQ(got, message);
}

TEST(Deflate, AMessageThatStandsAloneIsAlwaysDeflatedTheSame) {
  Deflater deflater(12, 3, Context::fresh);
  const std::string message = json_of(1000), first = deflated(deflater, message);
  deflated(deflater, json_of(5000));
  EXPECT_EQ(deflated(deflater, message), first);
}

TEST(Deflate, WithContextTheSameMessageAgainIsMuchShorter) {
  Deflater deflater(12, 3, Context::kept);
  Inflater inflater(12, Context::kept);
  const std::string message = json_of(1000);
  const std::string first = deflated(deflater, message), second = deflated(deflater, message);
  EXPECT_LT(second.size() * 4, first.size());
  EXPECT_EQ(inflated(inflater, first), message);
  EXPECT_EQ(inflated(inflater, second), message);
}

TEST(Deflate, AfterForgettingAMessageStandsAlone) {
  Deflater deflater(12, 3, Context::kept);
  const std::string message = json_of(1000), first = deflated(deflater, message);
  deflater.forget();
  EXPECT_EQ(deflated(deflater, message), first);
}

TEST(Deflate, WhatDoesNotGetShorterIsLeftAsItIs) {
  for (const Context context : {Context::fresh, Context::kept}) {
    Deflater deflater(12, 6, context);
    std::string out = "before";
    EXPECT_FALSE(deflater.deflate("", out));
    EXPECT_FALSE(deflater.deflate("a", out));
    EXPECT_FALSE(deflater.deflate("Hello", out));
    EXPECT_FALSE(deflater.deflate(noise_of(100'000), out));
    EXPECT_EQ(out, "before");
  }
}

TEST(Deflate, AMessageThatWasLeftAsItIsIsNotReferredTo) {
  Deflater deflater(12, 6, Context::kept);
  Inflater inflater(12, Context::kept);
  const std::string noise = noise_of(600), message = json_of(1000);
  EXPECT_EQ(inflated(inflater, deflated(deflater, message)), message);
  std::string out;
  ASSERT_FALSE(deflater.deflate(noise, out));
  const std::string twice = noise + noise;
  EXPECT_EQ(inflated(inflater, deflated(deflater, twice)), twice);
}

TEST(Deflate, TheSharedDeflaterServesAllWindowsSideBySide) {
  SharedDeflater deflater(3);
  const std::string message = json_of(20'000);
  for (int bits = narrow_window_bits; bits <= rfc7692::window_bits_max; ++bits) {
    std::string out;
    ASSERT_TRUE(deflater.deflate(message, bits, out));
    Inflater inflater(bits, Context::fresh);
    EXPECT_EQ(inflated(inflater, out), message);
  }
}

TEST(Inflate, TheStandardsExamplesAreUnderstood) {
  Inflater inflater(15, Context::fresh);
  for (const std::string& payload : {hello_fixed, hello_stored, hello_last_block, hello_two_blocks})
    EXPECT_EQ(inflated(inflater, payload), "Hello");
}

TEST(Inflate, TheStandardsExampleOfContextIsUnderstood) {
  Inflater inflater(15, Context::kept);
  EXPECT_EQ(inflated(inflater, hello_fixed), "Hello");
  EXPECT_EQ(inflated(inflater, "\xF2\x00\x11\x00\x00"s), "Hello");
}

TEST(Inflate, AnEmptyMessageIsEmptyHoweverItIsSaid) {
  for (const Context context : {Context::fresh, Context::kept}) {
    Inflater inflater(15, context);
    for (const std::string& payload : {""s, "\x00"s, "\x02\x00"s, "\x03\x00\x00"s, "\x03\x00"s})
      EXPECT_EQ(inflated(inflater, payload), "");
    EXPECT_EQ(inflated(inflater, hello_fixed), "Hello");
  }
}

TEST(Inflate, ALastBlockWithoutTheByteBehindItIsUnderstoodToo) {
  Inflater inflater(15, Context::kept);
  EXPECT_EQ(inflated(inflater, "\xF3\x48\xCD\xC9\xC9\x07\x00"s), "Hello");
  EXPECT_EQ(inflated(inflater, "\xF2\x00\x11\x00\x00"s), "Hello");
}

TEST(Inflate, BlocksBehindALastBlockMayReferToBeforeIt) {
  Inflater inflater(15, Context::fresh);
  const std::string again = "\xF2\x00\x11\x00\x00"s;
  EXPECT_EQ(inflated(inflater, "\xF3\x48\xCD\xC9\xC9\x07\x00"s + again), "HelloHello");
}

TEST(Inflate, AMessageInPiecesIsTheSameWhereverItIsCut) {
  Deflater deflater(15, 6, Context::fresh);
  const std::string message = json_of(3000),
                    payload = deflated(deflater, message) + std::string(rfc7692::flush_tail) + hello_last_block;
  Inflater inflater(15, Context::fresh);
  for (std::size_t cut = 0; cut <= payload.size(); ++cut) {
    std::string got;
    ASSERT_EQ(inflater.add(std::string_view(payload).substr(0, cut), got, no_limit), Outcome::fine);
    ASSERT_EQ(inflater.add(std::string_view(payload).substr(cut), got, no_limit), Outcome::fine);
    ASSERT_EQ(inflater.finish(got, no_limit), Outcome::fine);
    ASSERT_EQ(got, message + "Hello");
  }
}

TEST(Inflate, TheLimitIsMetExactly) {
  Deflater deflater(15, 6, Context::fresh);
  const std::string payload = deflated(deflater, json_of(5000));
  EXPECT_EQ(outcome_of(payload, 4999), Outcome::too_large);
  EXPECT_EQ(outcome_of(payload, 5000), Outcome::fine);
  EXPECT_EQ(outcome_of(payload, 5001), Outcome::fine);
  EXPECT_EQ(outcome_of(payload, 0), Outcome::too_large);
  EXPECT_EQ(outcome_of("\x00"s, 0), Outcome::fine);
}

TEST(Inflate, ABombStopsAtTheLimit) {
  Deflater deflater(15, 9, Context::fresh);
  const std::string bomb = deflated(deflater, std::string(8'000'000, 'a'));
  ASSERT_LT(bomb.size(), 20'000U);
  Inflater inflater(15, Context::fresh);
  std::string message;
  EXPECT_EQ(inflater.inflate(bomb, message, 100'000), Outcome::too_large);
  EXPECT_LE(message.size(), 100'001U);
  EXPECT_LE(message.capacity(), 300'000U);
}

TEST(Inflate, TheLimitHoldsForAllPiecesTogether) {
  Deflater deflater(15, 9, Context::fresh);
  const std::string payload = deflated(deflater, json_of(50'000));
  Inflater inflater(15, Context::kept);
  std::string message;
  Outcome outcome = Outcome::fine;
  for (std::size_t at = 0; at < payload.size() && outcome == Outcome::fine; at += 100) {
    outcome = inflater.add(std::string_view(payload).substr(at, 100), message, 20'000);
    if (outcome == Outcome::fine) message.clear();
  }
  EXPECT_EQ(outcome, Outcome::too_large);
}

TEST(Inflate, ManyLastBlocksInOneMessageAreUnderstood) {
  std::string payload = hello_stored.substr(0, 10);
  for (int at = 0; at < 200'000; ++at) payload += "\x03\x00"s;
  EXPECT_EQ(outcome_of(payload + "\x00"s), Outcome::fine);
}

TEST(Inflate, WhatIsNoDeflateDataIsMalformed) {
  EXPECT_EQ(outcome_of("\xFF"s), Outcome::malformed);
  EXPECT_EQ(outcome_of("\x06\x00"s), Outcome::malformed);
  EXPECT_EQ(outcome_of("\x00\x05\x00\x00\x00Hello\x00"s), Outcome::malformed);
  EXPECT_EQ(outcome_of(hello_last_block + "garbage"), Outcome::malformed);
  EXPECT_EQ(outcome_of(hello_fixed + "garbage"), Outcome::malformed);
}

TEST(Inflate, AMessageThatIsCutShortIsMalformed) {
  Deflater deflater(15, 6, Context::fresh);
  const std::string payload = deflated(deflater, json_of(3000));
  for (std::size_t bytes = 2; bytes < payload.size() - 1; bytes += 7)
    EXPECT_EQ(outcome_of(std::string_view(payload).substr(0, bytes)), Outcome::malformed) << bytes;
}

TEST(Inflate, AReferenceToAnEarlierMessageIsMalformedWithoutContext) {
  Inflater inflater(15, Context::fresh);
  std::string message;
  EXPECT_EQ(inflater.inflate(hello_fixed, message, no_limit), Outcome::fine);
  EXPECT_EQ(inflater.inflate("\xF2\x00\x11\x00\x00"s, message, no_limit), Outcome::malformed);
  EXPECT_FALSE(message.ends_with("Hello"));
}

TEST(Inflate, AfterAFailureTheNextMessageIsUnderstood) {
  Inflater inflater(15, Context::fresh);
  std::string message;
  EXPECT_EQ(inflater.inflate(hello_last_block + "garbage", message, no_limit), Outcome::malformed);
  EXPECT_EQ(inflater.inflate(hello_two_blocks, message, 3), Outcome::too_large);
  EXPECT_EQ(inflated(inflater, hello_two_blocks), "Hello");
}

TEST(Inflate, WhatFlushedOftenIsStillWithinTheBoundOfDeflatedBytes) {
  EXPECT_GE(deflated_bytes_max(0), 1U);
  EXPECT_GE(deflated_bytes_max(1'000'000), 1'000'000U + 1'000'000U / 16'383 * 5 + 6);
}

}  // namespace
}  // namespace sluice::gateway
