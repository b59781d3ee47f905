#include "workers/outbox.hpp"

#include <gtest/gtest.h>

#include <array>

namespace sluice::workers {
namespace {

const base::TimePoint now = base::Clock::now();

// What the outbox would write next, whole.
std::string waiting(const Outbox& outbox) {
  std::array<iovec, 256> pieces;
  const int count = outbox.gather(pieces.data(), static_cast<int>(pieces.size()), 1 << 30);
  std::string all;
  for (int at = 0; at < count; ++at) all.append(static_cast<const char*>(pieces[at].iov_base), pieces[at].iov_len);
  return all;
}

struct Boxed {
  ~Boxed() { outbox.clear(frames); }
  Run message(std::string_view bytes, std::string_view key = {}) { return frames.add(bytes, traits(key), now); }
  static FrameTraits traits(std::string_view key) {
    FrameTraits traits;
    traits.is_message = true;
    traits.payload_bytes = 1;
    traits.conflation_key = key;
    return traits;
  }
  Run control(std::string_view bytes) { return frames.add(bytes, {}, now); }
  void push(Run run) { outbox.push(run, frames); }
  base::ByteBudget queued{1 << 30};
  Metrics metrics;
  Frames frames{queued, metrics};
  Outbox outbox;
};

TEST(Outbox, IsEmptyAtFirst) {
  Boxed box;
  EXPECT_TRUE(box.outbox.is_empty());
  EXPECT_EQ(waiting(box.outbox), "");
  EXPECT_FALSE(box.outbox.drop_oldest(box.frames));
  EXPECT_EQ(box.outbox.drop_unstarted(box.frames), 0u);
}

TEST(Outbox, FramesOfOneTurnAreOnePiece) {
  Boxed box;
  box.push(box.message("one"));
  box.push(box.message("two"));
  iovec pieces[8];
  EXPECT_EQ(box.outbox.gather(pieces, 8, 1 << 20), 1);
  EXPECT_EQ(waiting(box.outbox), "onetwo");
  EXPECT_EQ(box.outbox.bytes(), 6u);
  EXPECT_EQ(box.outbox.messages(), 2u);
}

TEST(Outbox, FramesApartArePiecesInOrder) {
  Boxed box;
  box.push(box.message("one"));
  box.message("for somebody else");
  box.push(box.message("two"));
  iovec pieces[8];
  EXPECT_EQ(box.outbox.gather(pieces, 8, 1 << 20), 2);
  EXPECT_EQ(box.outbox.gather(pieces, 1, 1 << 20), 1);
  EXPECT_EQ(box.outbox.gather(pieces, 8, 3), 1);
  EXPECT_EQ(box.outbox.gather(pieces, 8, 1), 1);
  EXPECT_EQ(box.outbox.gather(pieces, 8, 4), 2);
  EXPECT_EQ(waiting(box.outbox), "onetwo");
}

TEST(Outbox, TheKernelMayStopAtAnyByte) {
  const std::string all = "abcDEFghiJKL";
  for (std::size_t first = 1; first < all.size(); ++first) {
    for (std::size_t second = 1; first + second <= all.size(); ++second) {
      Boxed box;
      for (std::size_t at = 0; at < all.size(); at += 3) {
        if (at == 6) box.message("somebody else's");
        box.push(box.message(all.substr(at, 3)));
      }
      const auto once = box.outbox.consume(first, box.frames);
      ASSERT_EQ(once.messages, first / 3);
      ASSERT_EQ(waiting(box.outbox), all.substr(first));
      const auto again = box.outbox.consume(second, box.frames);
      ASSERT_EQ(once.messages + again.messages, (first + second) / 3);
      ASSERT_EQ(once.payload_bytes + again.payload_bytes, (first + second) / 3);
      ASSERT_EQ(waiting(box.outbox), all.substr(first + second));
      ASSERT_EQ(box.outbox.messages(), 4 - (first + second) / 3);
    }
  }
}

TEST(Outbox, APartlyWrittenFrameIsNeverDropped) {
  Boxed box;
  for (const char* text : {"abc", "def", "ghi"}) box.push(box.message(text));
  box.outbox.consume(1, box.frames);
  EXPECT_TRUE(box.outbox.drop_oldest(box.frames));
  EXPECT_EQ(waiting(box.outbox), "bcghi");
  EXPECT_EQ(box.outbox.drop_unstarted(box.frames), 1u);
  EXPECT_EQ(waiting(box.outbox), "bc");
  EXPECT_FALSE(box.outbox.drop_oldest(box.frames));
  EXPECT_EQ(box.outbox.messages(), 1u);
  EXPECT_EQ(box.outbox.bytes(), 2u);
}

TEST(Outbox, DropsTheOldestFirst) {
  Boxed box;
  for (const char* text : {"a", "b", "c"}) box.push(box.message(text));
  EXPECT_TRUE(box.outbox.drop_oldest(box.frames));
  EXPECT_EQ(waiting(box.outbox), "bc");
  EXPECT_TRUE(box.outbox.drop_oldest(box.frames));
  EXPECT_TRUE(box.outbox.drop_oldest(box.frames));
  EXPECT_TRUE(box.outbox.is_empty());
}

TEST(Outbox, ControlFramesAreNotDropped) {
  Boxed box;
  box.push(box.control("P"));
  box.push(box.message("a"));
  box.push(box.control("Q"));
  box.push(box.message("b"));
  EXPECT_TRUE(box.outbox.drop_oldest(box.frames));
  EXPECT_EQ(waiting(box.outbox), "PQb");
  EXPECT_TRUE(box.outbox.drop_oldest(box.frames));
  EXPECT_FALSE(box.outbox.drop_oldest(box.frames));
  EXPECT_EQ(waiting(box.outbox), "PQ");
  EXPECT_EQ(box.outbox.messages(), 0u);
}

TEST(Outbox, APartlyWrittenControlFrameGoesOnToo) {
  Boxed box;
  box.push(box.control("PING"));
  box.push(box.message("a"));
  box.outbox.consume(2, box.frames);
  EXPECT_TRUE(box.outbox.drop_oldest(box.frames));
  EXPECT_EQ(waiting(box.outbox), "NG");
}

TEST(Outbox, AConflatedMessageMovesToTheTail) {
  Boxed box;
  box.push(box.message("old-x ", "x"));
  box.push(box.message("y ", "y"));
  box.push(box.message("plain "));
  EXPECT_EQ(box.outbox.drop_key("x", box.frames), 1u);
  box.push(box.message("new-x", "x"));
  EXPECT_EQ(waiting(box.outbox), "y plain new-x");
  EXPECT_EQ(box.outbox.drop_key("z", box.frames), 0u);
  EXPECT_EQ(box.outbox.drop_key("", box.frames), 0u);
}

TEST(Outbox, APartlyWrittenMessageIsNotConflated) {
  Boxed box;
  box.push(box.message("first", "x"));
  box.push(box.message("second", "x"));
  box.outbox.consume(2, box.frames);
  EXPECT_EQ(box.outbox.drop_key("x", box.frames), 1u);
  EXPECT_EQ(waiting(box.outbox), "rst");
}

TEST(Outbox, AFixedMessageIsDroppedWithAllOthersOnly) {
  Boxed box;
  FrameTraits fixed = Boxed::traits("x");
  fixed.is_fixed = true;
  box.push(box.frames.add("fixed ", fixed, now));
  box.push(box.message("plain", "x"));
  EXPECT_EQ(box.outbox.drop_key("x", box.frames), 1u);
  EXPECT_FALSE(box.outbox.drop_oldest(box.frames));
  EXPECT_EQ(waiting(box.outbox), "fixed ");
  EXPECT_EQ(box.outbox.drop_unstarted(box.frames), 1u);
  EXPECT_TRUE(box.outbox.is_empty());
}

TEST(Outbox, ItsAgeIsThatOfItsOldestFrame) {
  Boxed box;
  const base::TimePoint later = now + std::chrono::seconds(1);
  box.push(box.message("a"));
  box.push(box.frames.add("b", Boxed::traits({}), later));
  EXPECT_EQ(box.outbox.oldest(), now);
  box.outbox.consume(1, box.frames);
  EXPECT_EQ(box.outbox.oldest(), later);
}

TEST(Outbox, ClearForgetsAllAndReleasesItsChunks) {
  Boxed box;
  box.push(box.message("abc"));
  box.push(box.control("PING"));
  box.outbox.consume(1, box.frames);
  EXPECT_EQ(box.outbox.clear(box.frames), 1u);
  EXPECT_TRUE(box.outbox.is_empty());
  EXPECT_EQ(box.outbox.bytes(), 0u);
  box.frames.end_turn(now);
  EXPECT_EQ(box.queued.used(), Frames::chunk_bytes);
  box.push(box.message("new"));
  EXPECT_EQ(waiting(box.outbox), "new");
}

}  // namespace
}  // namespace sluice::workers
