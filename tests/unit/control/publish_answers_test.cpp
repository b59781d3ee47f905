#include "control/publish_answers.hpp"

#include <gtest/gtest.h>

namespace sluice::control {
namespace {

std::vector<v1::PublishStreamResult> some_results(std::uint64_t sequence) {
  v1::PublishStreamResult result;
  result.set_sequence(sequence);
  return {result};
}

// Answers requests one by one until one response may wait for the next, and lets two share it: from then on, the client
// counts as one that has many in flight. Gives the last sequence number; a write is under way.
std::uint64_t answer_pipelined(PublishAnswers& answers) {
  for (std::uint64_t sequence = 1;; ++sequence) {
    const auto next = answers.answered(sequence, {});
    EXPECT_TRUE(next.write);
    if (next.can_wait) {
      EXPECT_TRUE(next.read);
      EXPECT_TRUE(answers.answered(++sequence, {}).read);
      EXPECT_EQ(answers.take().acknowledged(), sequence);
      return sequence;
    }
    EXPECT_FALSE(next.read);
    static_cast<void>(answers.take());
    EXPECT_TRUE(answers.written(true).read);
  }
}

TEST(PublishAnswers, TheFirstAnswerIsWrittenAtOnceAndThenTheNextIsRead) {
  PublishAnswers answers;
  const auto next = answers.answered(1, some_results(1));
  EXPECT_TRUE(next.write);
  EXPECT_FALSE(next.can_wait);
  EXPECT_FALSE(next.read);
  const auto response = answers.take();
  EXPECT_EQ(response.acknowledged(), 1U);
  EXPECT_EQ(response.window(), stream_window);
  ASSERT_EQ(response.results_size(), 1);
  EXPECT_TRUE(answers.written(true).read);
}

TEST(PublishAnswers, AClientThatHasManyInFlightIsToldOfSeveralAtATime) {
  PublishAnswers answers;
  std::uint64_t sequence = answer_pipelined(answers);
  EXPECT_FALSE(answers.written(true).read);  // one is being read already
  auto next = answers.answered(++sequence, {});
  EXPECT_TRUE(next.write);
  EXPECT_TRUE(next.can_wait);
  EXPECT_TRUE(next.read);
  // Nothing more came before the response was written: the client waits for each now.
  static_cast<void>(answers.take());
  EXPECT_FALSE(answers.written(true).write);
  next = answers.answered(++sequence, {});
  EXPECT_TRUE(next.write);
  EXPECT_FALSE(next.can_wait);
}

TEST(PublishAnswers, AnswersGatherWhileAWriteIsUnderWay) {
  PublishAnswers answers;
  static_cast<void>(answers.answered(1, {}));
  static_cast<void>(answers.take());
  EXPECT_FALSE(answers.answered(2, some_results(2)).write);
  EXPECT_FALSE(answers.answered(3, some_results(3)).write);
  EXPECT_TRUE(answers.written(true).write);
  const auto response = answers.take();
  EXPECT_EQ(response.acknowledged(), 3U);
  EXPECT_EQ(response.results_size(), 2);
}

TEST(PublishAnswers, AClientThatTakesNoAnswersIsNotReadFrom) {
  PublishAnswers answers;
  const std::uint64_t before = answer_pipelined(answers);
  std::uint64_t sequence = before;
  while (answers.answered(++sequence, {}).read) {
  }
  EXPECT_EQ(sequence - before, stream_window);
  auto next = answers.written(true);
  EXPECT_TRUE(next.write);
  EXPECT_FALSE(next.read);  // what waits is not yet taken
  static_cast<void>(answers.take());
  EXPECT_TRUE(answers.written(true).read);
}

TEST(PublishAnswers, ManyResultsStopTheReadingToo) {
  PublishAnswers answers;
  static_cast<void>(answers.answered(1, {}));
  static_cast<void>(answers.take());
  EXPECT_FALSE(answers.answered(2, std::vector<v1::PublishStreamResult>(10'000)).read);
}

TEST(PublishAnswers, TheStreamEndsOnceAllIsAnswered) {
  PublishAnswers answers;
  static_cast<void>(answers.answered(1, {}));
  static_cast<void>(answers.take());
  EXPECT_FALSE(answers.input_ended().finish);
  EXPECT_TRUE(answers.written(true).finish);
  EXPECT_FALSE(answers.failure());
}

TEST(PublishAnswers, AFailureEndsItBehindTheAnswersBefore) {
  PublishAnswers answers;
  static_cast<void>(answers.answered(1, {}));
  static_cast<void>(answers.take());
  static_cast<void>(answers.answered(2, {}));
  EXPECT_FALSE(answers.input_ended(misfit("sequence", "3")).finish);
  EXPECT_TRUE(answers.written(true).write);
  EXPECT_EQ(answers.take().acknowledged(), 2U);
  EXPECT_TRUE(answers.written(true).finish);
  EXPECT_EQ(answers.failure()->field, "sequence");
}

TEST(PublishAnswers, ABrokenStreamEndsWithoutItsAnswers) {
  PublishAnswers answers;
  static_cast<void>(answers.answered(1, {}));
  static_cast<void>(answers.take());
  static_cast<void>(answers.answered(2, {}));
  const auto next = answers.written(false);
  EXPECT_FALSE(next.write);
  EXPECT_TRUE(answers.input_ended().finish);
}

TEST(PublishAnswers, OneThatWasNotReadFromEndsWhenItBreaks) {
  PublishAnswers answers;
  std::uint64_t sequence = answer_pipelined(answers);
  while (answers.answered(++sequence, {}).read) {
  }
  EXPECT_TRUE(answers.written(false).read);  // which fails, and ends it
  EXPECT_TRUE(answers.input_ended().finish);
}

// --- what is known later ---

v1::PublishStreamResult some_result(std::uint64_t sequence, std::uint32_t index) {
  v1::PublishStreamResult result;
  result.set_sequence(sequence);
  result.set_index(index);
  return result;
}

TEST(PublishAnswers, ARequestIsToldOnceAllOfItIsKnownInItsOrder) {
  PublishAnswers answers;
  EXPECT_FALSE(answers.answered(1, {some_result(1, 1)}, 2).write);
  EXPECT_TRUE(answers.awaits_results());
  EXPECT_FALSE(answers.settled(1, some_result(1, 2)).write);
  EXPECT_TRUE(answers.settled(1, some_result(1, 0)).write);
  EXPECT_FALSE(answers.awaits_results());
  const auto response = answers.take();
  EXPECT_EQ(response.acknowledged(), 1U);
  ASSERT_EQ(response.results_size(), 3);
  for (std::uint32_t index = 0; index < 3; ++index) EXPECT_EQ(response.results(static_cast<int>(index)).index(), index);
}

TEST(PublishAnswers, WhatIsKnownFirstWaitsForWhatCameBefore) {
  PublishAnswers answers;
  EXPECT_TRUE(answers.answered(1, {}, 1).read);
  EXPECT_FALSE(answers.answered(2, some_results(2)).write);
  EXPECT_TRUE(answers.settled(1, std::nullopt).write);
  const auto response = answers.take();
  EXPECT_EQ(response.acknowledged(), 2U);
  EXPECT_EQ(response.results_size(), 1);
}

TEST(PublishAnswers, AResultMayComeBeforeItsRequestWasDealtWith) {
  PublishAnswers answers;
  EXPECT_FALSE(answers.settled(1, some_result(1, 0)).write);
  EXPECT_TRUE(answers.answered(1, {}, 1).write);
  EXPECT_EQ(answers.take().results_size(), 1);
  EXPECT_FALSE(answers.awaits_results());
}

TEST(PublishAnswers, MessagesThatAreNotKnownStopTheReadingToo) {
  PublishAnswers answers;
  EXPECT_TRUE(answers.answered(1, {}, 9'999).read);
  EXPECT_FALSE(answers.answered(2, {}, 1).read);
  EXPECT_TRUE(answers.settled(1, std::nullopt).read);
}

TEST(PublishAnswers, RequestsThatAreNotKnownStopTheReadingToo) {
  PublishAnswers answers;
  std::uint64_t sequence = 0;
  while (answers.answered(++sequence, {}, 1).read) {
  }
  EXPECT_EQ(sequence, stream_window);
}

TEST(PublishAnswers, TheStreamEndsOnceAllIsKnownAndOnce) {
  PublishAnswers answers;
  static_cast<void>(answers.answered(1, {}, 1));
  EXPECT_FALSE(answers.input_ended().finish);
  EXPECT_TRUE(answers.settled(1, std::nullopt).write);
  static_cast<void>(answers.take());
  EXPECT_TRUE(answers.written(true).finish);
  EXPECT_FALSE(answers.cancelled().finish);
}

TEST(PublishAnswers, ACancelledStreamEndsWithoutWhatIsNotKnown) {
  PublishAnswers answers;
  std::uint64_t sequence = 0;
  while (answers.answered(++sequence, {}, 1).read) {
  }
  EXPECT_TRUE(answers.cancelled().read);  // which fails, and ends it
  EXPECT_TRUE(answers.input_ended().finish);
  EXPECT_TRUE(answers.awaits_results());
  const auto next = answers.settled(1, some_result(1, 0));
  EXPECT_FALSE(next.write || next.read || next.finish);
}

}  // namespace
}  // namespace sluice::control
