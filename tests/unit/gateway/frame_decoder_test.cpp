#include "gateway/frame_decoder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "tests/unit/gateway/client_frames.hpp"

namespace sluice::gateway {
namespace {

using Kind = FrameDecoder::Kind;
using namespace std::string_literals;

constexpr FrameDecoder::Limits wide{1 << 20, 1000};

struct Seen {
  Kind kind;
  std::string payload;
  std::uint16_t code = rfc6455::close_code::none;
  bool is_deflated = false;
  // A failure's words are for people.
  bool operator==(const Seen& other) const {
    return kind == other.kind && code == other.code && is_deflated == other.is_deflated &&
           (kind == Kind::failure || payload == other.payload);
  }
};
void PrintTo(const Seen& seen, std::ostream* out) {
  *out << "kind " << static_cast<int>(seen.kind) << " code " << seen.code << " '" << seen.payload.substr(0, 80) << "'";
}

Seen failed(int code) { return {Kind::failure, {}, static_cast<std::uint16_t>(code)}; }
Seen closed(int code, std::string reason = {}) {
  return {Kind::close, std::move(reason), static_cast<std::uint16_t>(code)};
}
Seen text(std::string payload) { return {Kind::text, std::move(payload)}; }
Seen binary(std::string payload) { return {Kind::binary, std::move(payload)}; }
Seen ping(std::string payload) { return {Kind::ping, std::move(payload)}; }
Seen pong(std::string payload) { return {Kind::pong, std::move(payload)}; }

// Decodes pieces that are as long as `next_size` says, each in a buffer of its own and of its very size.
template <class NextSize>
std::vector<Seen> decode(std::string_view bytes, const FrameDecoder::Limits& limits, NextSize&& next_size) {
  FrameDecoder decoder;
  std::vector<Seen> seen;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, std::max<std::size_t>(1, next_size()));
    std::vector<char> buffer(piece.begin(), piece.end());
    bytes.remove_prefix(piece.size());
    std::span<char> rest(buffer);
    while (true) {
      const FrameDecoder::Event event = decoder.next(rest, limits);
      if (event.kind == Kind::none) break;
      seen.push_back({event.kind, std::string(event.payload), event.close_code, event.is_deflated});
      if (event.kind == Kind::close || event.kind == Kind::failure) return seen;
    }
    EXPECT_TRUE(rest.empty());
  }
  return seen;
}

std::vector<Seen> decode_whole(std::string_view bytes, const FrameDecoder::Limits& limits = wide) {
  return decode(bytes, limits, [&] { return bytes.size(); });
}

// However the bytes come, the same is to be seen.
void expect(const std::string& bytes, const std::vector<Seen>& expected, const FrameDecoder::Limits& limits = wide) {
  EXPECT_EQ(decode_whole(bytes, limits), expected) << "given whole";
  EXPECT_EQ(decode(bytes, limits, [] { return 1; }), expected) << "a byte at a time";
  if (bytes.size() < 400) {
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
      bool is_first = true;
      const auto size = [&] { return std::exchange(is_first, false) ? cut : bytes.size(); };
      EXPECT_EQ(decode(bytes, limits, size), expected) << "cut at " << cut;
    }
  }
  std::mt19937 random(42);
  for (const std::size_t size_max : {3, 17, 1000, 70'000}) {
    std::uniform_int_distribution<std::size_t> sizes(1, size_max);
    EXPECT_EQ(decode(bytes, limits, [&] { return sizes(random); }), expected) << "pieces of up to " << size_max;
  }
}

std::string letters(std::size_t bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes; ++at) text += static_cast<char>('a' + at % 26);
  return text;
}

// --- whole messages ---

TEST(FrameDecoder, AMessageOfEachFormOfLengthIsDecoded) {
  for (const std::size_t bytes : {0, 1, 3, 4, 7, 8, 9, 125, 126, 127, 255, 256, 65535, 65536, 70001}) {
    expect(text_frame(letters(bytes)), {text(letters(bytes))});
    expect(binary_frame(letters(bytes)), {binary(letters(bytes))});
  }
}

TEST(FrameDecoder, MessagesBehindEachOtherAreDecodedInOrder) {
  expect(text_frame("one") + binary_frame("\x00\xff"s) + text_frame("") + ping_frame("x") + text_frame("two"),
         {text("one"), binary("\x00\xff"s), text(""), ping("x"), text("two")});
}

TEST(FrameDecoder, EveryMaskIsTakenOff) {
  for (const std::array<char, 4> mask : {std::array<char, 4>{}, {'\xff', '\xff', '\xff', '\xff'}, {1, 2, 3, 4}}) {
    expect(client_frame(0x82, letters(37), mask), {binary(letters(37))});
    expect(client_frame(0x02, letters(13), mask) + client_frame(0x80, letters(9), {9, 8, 7, 6}),
           {binary(letters(13) + letters(9))});
  }
}

TEST(FrameDecoder, AWholeMessageIsHandedOutWhereItLies) {
  std::string bytes = text_frame("a whole message") + ping_frame("and a ping");
  std::span<char> rest(bytes);
  FrameDecoder decoder;
  const auto lies_inside = [&bytes](std::string_view payload) {
    return payload.data() >= bytes.data() && payload.data() + payload.size() <= bytes.data() + bytes.size();
  };
  EXPECT_TRUE(lies_inside(decoder.next(rest, wide).payload));
  EXPECT_TRUE(lies_inside(decoder.next(rest, wide).payload));
}

TEST(FrameDecoder, AMessageBehindTheRestOfAnotherIsHandedOutWhereItLies) {
  std::string bytes = text_frame("first") + text_frame("second");
  std::span<char> start(bytes.data(), 8), rest(bytes.data() + 8, bytes.size() - 8);
  FrameDecoder decoder;
  EXPECT_EQ(decoder.next(start, wide).kind, Kind::none);
  EXPECT_EQ(decoder.next(rest, wide).payload, "first");
  const std::string_view second = decoder.next(rest, wide).payload;
  EXPECT_EQ(second, "second");
  EXPECT_EQ(second.data(), bytes.data() + bytes.size() - second.size());
}

TEST(FrameDecoder, ADecoderThatWasMovedGoesOnWhereItWas) {
  std::string bytes = text_frame("moved");
  std::span<char> start(bytes.data(), 9), rest(bytes.data() + 9, bytes.size() - 9);
  FrameDecoder decoder;
  EXPECT_EQ(decoder.next(start, wide).kind, Kind::none);
  FrameDecoder other = std::move(decoder);
  EXPECT_EQ(other.next(rest, wide).payload, "moved");
}

TEST(FrameDecoder, NoBytesAreNoEvent) {
  FrameDecoder decoder;
  std::span<char> nothing;
  EXPECT_EQ(decoder.next(nothing, wide).kind, Kind::none);
  std::string head = client_head(0x81, 5);
  std::span<char> rest(head);
  EXPECT_EQ(decoder.next(rest, wide).kind, Kind::none);
  EXPECT_EQ(decoder.next(rest, wide).kind, Kind::none);
}

// --- heads ---

TEST(FrameDecoder, AnUnmaskedFrameIsAProtocolError) {
  for (const char first : {'\x81', '\x82', '\x88', '\x89', '\x01', '\x00'})
    expect(std::string{first, '\x00'}, {failed(1002)});
}

TEST(FrameDecoder, EachReservedBitIsAProtocolError) {
  for (const int bit : {0x40, 0x20, 0x10, 0x70}) {
    for (const int first : {0x81, 0x82, 0x88, 0x89, 0x8A}) {
      expect(client_frame(first | bit, ""), {failed(1002)});
    }
  }
}

TEST(FrameDecoder, EachReservedOpcodeIsAProtocolError) {
  for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    expect(client_frame(0x80 | opcode, "x"), {failed(1002)});
    expect(client_frame(opcode, "x"), {failed(1002)});
  }
}

TEST(FrameDecoder, AProtocolErrorIsToldByTheFirstTwoBytesOfAHead) {
  std::string bytes = "\xC1\x80"s;
  std::span<char> rest(bytes);
  EXPECT_EQ(FrameDecoder().next(rest, wide).close_code, 1002);
}

TEST(FrameDecoder, A64BitLengthWithTheTopBitIsAProtocolError) {
  expect("\x82\xFF\x80\x00\x00\x00\x00\x00\x00\x00"s + "mask", {failed(1002)});
  expect("\x82\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s + "mask", {failed(1002)});
}

TEST(FrameDecoder, ALengthThatIsNotInItsShortestFormIsAProtocolError) {
  expect("\x82\xFE\x00\x00"s + "mask", {failed(1002)});
  expect("\x82\xFE\x00\x7D"s + "mask", {failed(1002)});
  expect("\x82\xFF\x00\x00\x00\x00\x00\x00\x00\x05"s + "mask", {failed(1002)});
  expect("\x82\xFF\x00\x00\x00\x00\x00\x00\xFF\xFF"s + "mask", {failed(1002)});
}

// --- control frames ---

TEST(FrameDecoder, AControlFrameOfUpTo125BytesIsDecoded) {
  for (const std::size_t bytes : {0, 1, 124, 125}) {
    expect(ping_frame(letters(bytes)) + pong_frame(letters(bytes)), {ping(letters(bytes)), pong(letters(bytes))});
  }
}

TEST(FrameDecoder, AControlFrameOf126BytesIsAProtocolError) {
  for (const int first : {0x88, 0x89, 0x8A}) expect(client_frame(first, letters(126)), {failed(1002)});
  expect(client_frame(0x89, letters(70'000)), {failed(1002)});
}

TEST(FrameDecoder, AFragmentedControlFrameIsAProtocolError) {
  for (const int first : {0x08, 0x09, 0x0A}) expect(client_frame(first, "x"), {failed(1002)});
}

TEST(FrameDecoder, ControlFramesBetweenFragmentsAreHandedOutAtOnce) {
  expect(first_fragment("He") + ping_frame("1") + middle_fragment("ll") + pong_frame("") + last_fragment("o") +
             ping_frame("2"),
         {ping("1"), pong(""), text("Hello"), ping("2")});
}

TEST(FrameDecoder, ACloseBetweenFragmentsEndsAll) {
  expect(first_fragment("He") + close_frame("\x03\xE8") + last_fragment("y"), {closed(1000)});
}

// --- close ---

TEST(FrameDecoder, ACloseWithoutAPayloadHasNoCode) { expect(close_frame(""), {closed(1005)}); }

TEST(FrameDecoder, ACloseCodeThatIsCutOffIsAProtocolError) { expect(close_frame("\x03"), {failed(1002)}); }

std::string code_bytes(int code) { return {static_cast<char>(code >> 8), static_cast<char>(code)}; }

TEST(FrameDecoder, ACloseCodeThatMayBeSentIsHandedOutWithItsReason) {
  for (const int code :
       {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999}) {
    expect(close_frame(code_bytes(code) + "why"), {closed(code, "why")});
  }
}

TEST(FrameDecoder, ACloseCodeThatMayNotBeSentIsAProtocolError) {
  for (const int code : {0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535}) {
    expect(close_frame(code_bytes(code)), {failed(1002)});
  }
}

TEST(FrameDecoder, ACloseReasonThatIsNotUtf8IsBadData) {
  expect(close_frame(code_bytes(1000) + "\xC3\x28"), {failed(1007)});
  expect(close_frame(code_bytes(1000) + "\xE2\x82"), {failed(1007)});
  expect(close_frame(code_bytes(1000) + "\xE2\x82\xAC"), {closed(1000, "\xE2\x82\xAC")});
}

TEST(FrameDecoder, ACloseReasonOf123BytesIsTakenWhole) {
  expect(close_frame(code_bytes(1000) + letters(123)), {closed(1000, letters(123))});
}

// --- fragments ---

TEST(FrameDecoder, FragmentsBecomeOneMessage) {
  expect(first_fragment("Hel") + last_fragment("lo"), {text("Hello")});
  expect(first_fragment("") + middle_fragment("") + last_fragment(""), {text("")});
  expect(client_frame(0x02, "\xFF") + middle_fragment("\xFE") + last_fragment("\x00"s), {binary("\xFF\xFE\x00"s)});
  expect(first_fragment("one") + last_fragment("") + first_fragment("") + last_fragment("two"),
         {text("one"), text("two")});
}

TEST(FrameDecoder, AContinuationWithoutAMessageIsAProtocolError) {
  expect(last_fragment("x"), {failed(1002)});
  expect(middle_fragment("x"), {failed(1002)});
  expect(text_frame("whole") + last_fragment("x"), {text("whole"), failed(1002)});
  expect(first_fragment("a") + last_fragment("b") + middle_fragment("c"), {text("ab"), failed(1002)});
}

TEST(FrameDecoder, AMessageInsideAnotherIsAProtocolError) {
  for (const int first : {0x01, 0x02, 0x81, 0x82}) {
    expect(first_fragment("a") + client_frame(first, "b"), {failed(1002)});
  }
}

// --- text ---

TEST(FrameDecoder, TextThatIsNotUtf8IsBadData) {
  for (const std::string bad :
       {"\xFF", "a\x80", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "abc\xF0"}) {
    expect(text_frame(bad), {failed(1007)});
    expect(first_fragment(bad) + last_fragment(""), {failed(1007)});
  }
}

TEST(FrameDecoder, BinaryDataMayBeAnything) { expect(binary_frame("\xFF\xC0\x80"), {binary("\xFF\xC0\x80")}); }

TEST(FrameDecoder, ACharacterMayBeCutByFragments) {
  const std::string euro = "\xE2\x82\xAC", clef = "\xF0\x9D\x84\x9E";
  expect(first_fragment("\xE2") + middle_fragment("\x82") + last_fragment("\xAC"), {text(euro)});
  expect(first_fragment("\xF0\x9D") + ping_frame("\xFF") + middle_fragment("") + last_fragment("\x84\x9E"),
         {ping("\xFF"), text(clef)});
  expect(first_fragment("\xE2") + last_fragment("\x28"), {failed(1007)});
}

TEST(FrameDecoder, BadTextFailsBeforeItsFrameIsComplete) {
  std::string bytes = client_head(0x81, 1000) + masked("good \xED\xA0");
  std::span<char> rest(bytes);
  EXPECT_EQ(FrameDecoder().next(rest, wide).close_code, 1007);
}

TEST(FrameDecoder, BadTextFailsInTheMiddleOfAMessage) {
  std::string bytes = first_fragment("good") + client_head(0x00, 1000) + masked("\xC0");
  std::span<char> rest(bytes);
  EXPECT_EQ(FrameDecoder().next(rest, wide).close_code, 1007);
}

// --- limits ---

TEST(FrameDecoder, AMessageOfTheLimitPassesAndOneByteMoreIsTooLarge) {
  const FrameDecoder::Limits limits{100, 10};
  expect(text_frame(letters(99)), {text(letters(99))}, limits);
  expect(text_frame(letters(100)), {text(letters(100))}, limits);
  expect(text_frame(letters(101)), {failed(1009)}, limits);
}

TEST(FrameDecoder, TooLargeIsToldByTheHeadAlone) {
  for (const std::uint64_t bytes : {std::uint64_t{101}, std::uint64_t{70'000}, ~std::uint64_t{0} >> 1}) {
    std::string head = client_head(0x82, bytes);
    std::span<char> rest(head);
    EXPECT_EQ(FrameDecoder().next(rest, {100, 10}).close_code, 1009);
  }
}

TEST(FrameDecoder, TheLimitHoldsForTheSumOfFragments) {
  const FrameDecoder::Limits limits{10, 10};
  expect(first_fragment("12345") + last_fragment("67890"), {text("1234567890")}, limits);
  expect(first_fragment("12345") + client_head(0x80, 6), {failed(1009)}, limits);
  expect(first_fragment("12345") + client_head(0x80, ~std::uint64_t{0} >> 1), {failed(1009)}, limits);
  expect(first_fragment("1234567890") + middle_fragment("") + last_fragment(""), {text("1234567890")}, limits);
}

TEST(FrameDecoder, AControlFrameDoesNotCountTowardsAMessage) {
  const FrameDecoder::Limits limits{2, 2};
  expect(first_fragment("a") + ping_frame(letters(125)) + ping_frame("") + last_fragment("b"),
         {ping(letters(125)), ping(""), text("ab")}, limits);
}

TEST(FrameDecoder, AMessageOfTheMostFragmentsPassesAndOneMoreIsTooLarge) {
  const FrameDecoder::Limits limits{100, 3};
  expect(first_fragment("") + middle_fragment("") + last_fragment("x"), {text("x")}, limits);
  expect(first_fragment("") + middle_fragment("") + middle_fragment("") + client_head(0x80, 0), {failed(1009)}, limits);
  expect(text_frame("x"), {text("x")}, {100, 1});
}

TEST(FrameDecoder, ALimitOfNothingTakesEmptyMessages) {
  expect(text_frame("") + text_frame("x"), {text(""), failed(1009)}, {0, 1});
}

// --- deflated messages (RFC 7692, 6) ---

constexpr FrameDecoder::Limits with_deflate{100, 10, 50};

Seen deflated(Kind kind, std::string payload) { return {kind, std::move(payload), rfc6455::close_code::none, true}; }

TEST(FrameDecoder, Rsv1SaysThatAMessageIsDeflatedIfThatWasAgreedOn) {
  expect(client_frame(0xC1, "abc") + text_frame("plain") + client_frame(0xC2, ""),
         {deflated(Kind::text, "abc"), text("plain"), deflated(Kind::binary, "")}, with_deflate);
}

TEST(FrameDecoder, Rsv1OfTheFirstFrameHoldsForAllFragments) {
  expect(client_frame(0x41, "ab") + ping_frame("p") + middle_fragment("c") + last_fragment("d") + text_frame("plain"),
         {ping("p"), deflated(Kind::text, "abcd"), text("plain")}, with_deflate);
}

TEST(FrameDecoder, Rsv1OnAContinuationOrAControlFrameIsAProtocolError) {
  for (const int first : {0xC0, 0x40})
    expect(first_fragment("a") + client_frame(first, "b"), {failed(1002)}, with_deflate);
  for (const int first : {0xC8, 0xC9, 0xCA}) expect(client_frame(first, ""), {failed(1002)}, with_deflate);
}

TEST(FrameDecoder, TheOtherReservedBitsStayReservedBesideRsv1) {
  for (const int first : {0xA1, 0x91, 0xE1, 0xD1}) expect(client_frame(first, ""), {failed(1002)}, with_deflate);
}

TEST(FrameDecoder, DeflatedTextIsNotYetText) {
  expect(client_frame(0xC1, "\xFF\xC0"), {deflated(Kind::text, "\xFF\xC0")}, with_deflate);
  expect(client_frame(0x41, "\xFF") + last_fragment("\xC0"), {deflated(Kind::text, "\xFF\xC0")}, with_deflate);
  expect(client_frame(0xC1, "\xFF") + text_frame("\xFF"), {deflated(Kind::text, "\xFF"), failed(1007)}, with_deflate);
}

TEST(FrameDecoder, DeflatedMessagesHaveALimitOfTheirOwn) {
  expect(client_frame(0xC2, letters(50)), {deflated(Kind::binary, letters(50))}, with_deflate);
  expect(client_head(0xC2, 51), {failed(1009)}, with_deflate);
  expect(client_frame(0x42, letters(50)) + client_head(0x80, 1), {failed(1009)}, with_deflate);
  expect(binary_frame(letters(100)), {binary(letters(100))}, with_deflate);
}

}  // namespace
}  // namespace sluice::gateway
