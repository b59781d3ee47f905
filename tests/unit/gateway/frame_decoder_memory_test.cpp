#include <gtest/gtest.h>

#include "gateway/frame_decoder.hpp"
#include "tests/unit/gateway/allocations.hpp"
#include "tests/unit/gateway/client_frames.hpp"

namespace sluice::gateway {
namespace {

constexpr FrameDecoder::Limits wide{std::size_t{1} << 40, 1000};

TEST(FrameDecoderMemory, MessagesThatCameWholeCostNoAllocation) {
  std::string bytes = text_frame("one") + binary_frame(std::string(100'000, 'x')) + ping_frame("two");
  std::span<char> rest(bytes);
  FrameDecoder decoder;
  const std::size_t before = allocations_of_this_thread().count;
  while (decoder.next(rest, wide).kind != FrameDecoder::Kind::none) continue;
  EXPECT_EQ(allocations_of_this_thread().count, before);
}

TEST(FrameDecoderMemory, AnAnnouncedLengthAllocatesNothing) {
  std::string bytes = client_head(0x82, std::uint64_t{1} << 39) + masked("only this came");
  std::span<char> rest(bytes);
  FrameDecoder decoder;
  const std::size_t before = allocations_of_this_thread().bytes;
  EXPECT_EQ(decoder.next(rest, wide).kind, FrameDecoder::Kind::none);
  EXPECT_LT(allocations_of_this_thread().bytes - before, 1000U);
}

TEST(FrameDecoderMemory, AnUnfinishedMessageCostsInProportionToWhatCame) {
  std::string bytes = client_head(0x82, std::uint64_t{1} << 39) + std::string(1 << 20, 'x');
  FrameDecoder decoder;
  const std::size_t before = allocations_of_this_thread().bytes;
  for (std::size_t at = 0; at < bytes.size();) {
    std::span<char> piece(bytes.data() + at, std::min<std::size_t>(1000, bytes.size() - at));
    at += piece.size();
    EXPECT_EQ(decoder.next(piece, wide).kind, FrameDecoder::Kind::none);
    // Doubling asks for twice what is there, and had asked for as much again before.
    EXPECT_LE(allocations_of_this_thread().bytes - before, 4 * at + 1000);
  }
}

TEST(FrameDecoderMemory, AMessageThatWasHandedOutIsForgottenWithTheNextCall) {
  std::string bytes = client_head(0x82, 100'000) + std::string(100'000, 'x');
  std::span<char> start(bytes.data(), 50'000), rest(bytes.data() + 50'000, bytes.size() - 50'000);
  FrameDecoder decoder;
  EXPECT_EQ(decoder.next(start, wide).kind, FrameDecoder::Kind::none);
  EXPECT_EQ(decoder.next(rest, wide).kind, FrameDecoder::Kind::binary);
  EXPECT_EQ(decoder.next(rest, wide).kind, FrameDecoder::Kind::none);
  // What is decoded now needs no memory, so none of the earlier message is in the way.
  std::string next = text_frame("next");
  std::span<char> next_rest(next);
  const std::size_t before = allocations_of_this_thread().count;
  EXPECT_EQ(decoder.next(next_rest, wide).payload, "next");
  EXPECT_EQ(allocations_of_this_thread().count, before);
}

}  // namespace
}  // namespace sluice::gateway
