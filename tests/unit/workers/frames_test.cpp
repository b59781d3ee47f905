#include "workers/frames.hpp"

#include <gtest/gtest.h>

namespace sluice::workers {
namespace {

const base::TimePoint now = base::Clock::now();

struct Made {
  explicit Made(std::size_t bytes_max = 1 << 30) : queued(bytes_max) {}
  Run message(std::size_t bytes, std::uint32_t payload = 10) {
    FrameTraits traits;
    traits.is_message = true;
    traits.payload_bytes = payload;
    traits.accepted = now;
    return frames.add(std::string(bytes, 'm'), traits, now);
  }
  Run control(std::size_t bytes) { return frames.add(std::string(bytes, 'c'), {}, now); }
  std::uint64_t fan_outs() const {
    std::uint64_t count = 0;
    for (std::size_t at = 0; at <= base::latency_bounds.size(); ++at) count += metrics.fan_out.count(at);
    return count;
  }
  base::ByteBudget queued;
  Metrics metrics;
  Frames frames{queued, metrics};
};

std::string bytes_of(const Run& run) { return {run.chunk->data() + run.chunk->begin_of(run.first), run.bytes()}; }

TEST(Frames, OfOneTurnLieSideBySide) {
  Made made;
  const auto first = made.message(5), second = made.control(3);
  EXPECT_EQ(first.chunk, second.chunk);
  EXPECT_EQ(first.last, second.first);
  const workers::Run both{first.chunk, first.first, second.last};
  EXPECT_EQ(bytes_of(both), "mmmmmccc");
}

TEST(Frames, ARunCountsItsMessagesAndPayloadAlone) {
  Made made;
  made.message(5, 4);
  const auto begin = made.control(3);
  made.message(7, 6);
  const auto end = made.message(9, 8);
  const workers::Run run{begin.chunk, begin.first, end.last};
  EXPECT_EQ(run.count(), 3u);
  EXPECT_EQ(run.bytes(), 19u);
  EXPECT_EQ(run.messages(), 2u);
  EXPECT_EQ(run.payload_bytes(), 14u);
  EXPECT_EQ(begin.messages(), 0u);
  EXPECT_EQ(begin.payload_bytes(), 0u);
}

TEST(Frames, AnUnusedChunkIsFilledAnewFromItsStart) {
  Made made;
  const char* const before = made.message(100).chunk->data();
  made.frames.end_turn(now);
  const auto run = made.message(100);
  EXPECT_EQ(run.chunk->data(), before);
  EXPECT_EQ(run.first, 0u);
  EXPECT_EQ(run.chunk->begin_of(run.first), 0u);
  EXPECT_EQ(run.chunk->messages_before(1), 1u);
  EXPECT_EQ(made.queued.used(), Frames::chunk_bytes);
}

TEST(Frames, WhoStaysSlowKeepsWhatItWaitsForAndNoWholeChunk) {
  Made made;
  const auto run = made.message(100);
  made.frames.keep(*run.chunk);
  made.frames.end_turn(now);
  EXPECT_EQ(made.queued.used(), 100u);
  EXPECT_EQ(bytes_of(run), std::string(100, 'm'));
  made.frames.release(*run.chunk);
  EXPECT_EQ(made.queued.used(), 0u);
}

TEST(Frames, ALargerFrameGetsAChunkOfItsOwnSize) {
  Made made;
  made.control(1);
  const auto run = made.message(Frames::chunk_bytes + 1);
  EXPECT_EQ(run.first, 0u);
  EXPECT_EQ(run.bytes(), Frames::chunk_bytes + 1);
  EXPECT_EQ(made.queued.used(), Frames::chunk_bytes + 1);
  made.frames.end_turn(now);
  EXPECT_EQ(made.queued.used(), 0u);
}

TEST(Frames, FramesOfOneFormatLieSideBySideWhateverOthersCameBetween) {
  base::ByteBudget queued{1 << 20};
  Metrics metrics;
  Frames frames(queued, metrics);
  const auto add = [&](WireFormat format) { return frames.add("frame", {}, now, format); };
  const auto first = add(1), other = add(2), second = add(1);
  EXPECT_EQ(first.chunk, second.chunk);
  EXPECT_NE(first.chunk, other.chunk);
  EXPECT_EQ(second.first, first.first + 1);
  frames.end_turn(now);
}

TEST(Frames, WhatDoesNotFitBehindOthersBeginsAnotherChunk) {
  Made made;
  const auto first = made.message(Frames::chunk_bytes - 10);
  made.frames.keep(*first.chunk);
  const auto fits = made.message(10);
  EXPECT_EQ(fits.chunk, first.chunk);
  const auto other = made.message(1);
  EXPECT_NE(other.chunk, first.chunk);
  EXPECT_EQ(bytes_of(first), std::string(Frames::chunk_bytes - 10, 'm'));
  made.frames.release(*first.chunk);
}

TEST(Frames, FanOutIsOverWhenTheLastOutboxHasWritten) {
  Made made;
  const auto run = made.message(10);
  made.control(10);
  made.frames.keep(*run.chunk);
  made.frames.keep(*run.chunk);
  made.frames.end_turn(now);
  EXPECT_EQ(made.fan_outs(), 0u);
  made.frames.release(*run.chunk);
  EXPECT_EQ(made.fan_outs(), 0u);
  made.frames.release(*run.chunk);
  EXPECT_EQ(made.fan_outs(), 1u);
}

TEST(Frames, FanOutOfWhatWasWrittenAtOnceEndsWithTheTurn) {
  Made made;
  made.message(10);
  made.message(10);
  made.frames.end_turn(now);
  made.frames.end_turn(now);
  EXPECT_EQ(made.fan_outs(), 2u);
}

TEST(Frames, GiveAllBytesBackWhenTheyGo) {
  base::ByteBudget queued(1 << 30);
  Metrics metrics;
  {
    Frames frames(queued, metrics);
    frames.add("x", {}, now);
    EXPECT_EQ(queued.used(), Frames::chunk_bytes);
  }
  EXPECT_EQ(queued.used(), 0u);
}

}  // namespace
}  // namespace sluice::workers
