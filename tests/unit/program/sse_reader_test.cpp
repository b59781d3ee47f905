#include "program/sse_reader.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::program {
namespace {

using Texts = std::vector<std::string>;

constexpr std::size_t bytes_max = 1000;

// Each event as "name|data|id"; what is too large as "too large".
void append_events(SseReader& reader, std::string_view bytes, Texts& out) {
  for (;;) {
    const auto event = reader.take(bytes);
    if (!event) {
      out.emplace_back("too large");
      return;
    }
    if (!*event) return;
    out.push_back((*event)->name + "|" + (*event)->data + "|" + (*event)->id);
  }
}

Texts events(SseReader& reader, std::string_view bytes) {
  Texts all;
  append_events(reader, bytes, all);
  return all;
}

Texts events(std::string_view bytes) {
  SseReader reader(bytes_max);
  return events(reader, bytes);
}

TEST(SseReader, AnEventHasNameDataAndId) {
  EXPECT_EQ(events("event: say\ndata: hi\nid: 7\n\n"), (Texts{"say|hi|7"}));
  EXPECT_EQ(events("data: hi\n\n"), (Texts{"message|hi|"}));
}

TEST(SseReader, LinesEndWithAnyOfThreeBreaks) {
  for (const std::string_view line_break : {"\n", "\r", "\r\n"}) {
    std::string text;
    for (const std::string_view line : {"data: a", "data: b", "", "data: c", ""}) text.append(line).append(line_break);
    EXPECT_EQ(events(text), (Texts{"message|a\nb|", "message|c|"}));
  }
}

TEST(SseReader, PiecesMayEndAnywhere) {
  const std::string text = "\xEF\xBB\xBF: c\r\nretry: 9\r\nid: 1\r\ndata: \xC3\xA9\rdata: b\n\r\nid\ndata: last\n\n";
  const Texts whole = events(text);
  EXPECT_EQ(whole, (Texts{"message|\xC3\xA9\nb|1", "message|last|"}));
  for (std::size_t size = 1; size < text.size(); ++size) {
    SseReader reader(bytes_max);
    Texts all;
    for (std::size_t at = 0; at < text.size(); at += size) {
      append_events(reader, std::string_view(text).substr(at, size), all);
    }
    EXPECT_EQ(all, whole) << size;
    EXPECT_EQ(reader.retry(), std::chrono::milliseconds(9)) << size;
  }
}

TEST(SseReader, AnEventIsThereWithItsLastByte) {
  SseReader reader(bytes_max);
  // The line feed of the second break, if there is one, is not waited for.
  EXPECT_EQ(events(reader, "data: a\r\n\r"), (Texts{"message|a|"}));
  EXPECT_EQ(events(reader, "\ndata: b\n\n"), (Texts{"message|b|"}));
}

TEST(SseReader, WhatIsBehindAnEventIsLeftForTheNextCall) {
  SseReader reader(bytes_max);
  std::string_view bytes = "data: a\n\ndata: b\n\n";
  EXPECT_TRUE(*reader.take(bytes));
  EXPECT_EQ(bytes, "data: b\n\n");
}

TEST(SseReader, OneSpaceBehindTheColonIsNoPartOfTheValue) {
  EXPECT_EQ(events("data:a\ndata:  b\ndata\ndata:\n\n"), (Texts{"message|a\n b\n\n|"}));
}

TEST(SseReader, DataMayBeEmptyButNotAbsent) {
  EXPECT_EQ(events("data:\n\n"), (Texts{"message||"}));
  EXPECT_EQ(events("event: say\n\n\n"), Texts{});
}

TEST(SseReader, AByteOrderMarkCountsOnlyInFront) {
  EXPECT_EQ(events("\xEF\xBB\xBF"
                   "data: a\n\n"),
            (Texts{"message|a|"}));
  EXPECT_EQ(events("data: a\n\n\xEF\xBB\xBF"
                   "data: b\n\n"),
            (Texts{"message|a|"}));
}

TEST(SseReader, UnknownFieldsAreIgnored) { EXPECT_EQ(events("dat: x\nData: y\ndata: a\n\n"), (Texts{"message|a|"})); }

TEST(SseReader, ACommentIsNoEventButKept) {
  SseReader reader(bytes_max);
  EXPECT_EQ(events(reader, ": going away\n\n:\n\n"), Texts{});
  EXPECT_EQ(reader.comment(), "going away");
}

TEST(SseReader, AnIdStaysUntilThereIsAnother) {
  EXPECT_EQ(events("id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n"),
            (Texts{"message|a|1", "message|b|1", "message|c|"}));
}

TEST(SseReader, AnIdWithNulIsNone) {
  EXPECT_EQ(events(std::string_view("id: 1\nid: 2\0\ndata: a\n\n", 22)), (Texts{"message|a|1"}));
}

TEST(SseReader, AnIdCountsWithTheEndOfItsEvent) {
  SseReader reader(bytes_max, "0");
  EXPECT_EQ(reader.last_id(), "0");
  EXPECT_EQ(events(reader, "id: 1\n\nid: 2\ndata: a\n"), Texts{});
  EXPECT_EQ(reader.last_id(), "1");
}

TEST(SseReader, AfterANewBeginningNothingIncompleteIsLeftAndThePlaceIsKept) {
  SseReader reader(bytes_max);
  EXPECT_EQ(events(reader, "retry: 5\nid: 1\n: c\n\nid: 2\nevent: say\ndata: a\ndata: b\r"), Texts{});
  reader.start_over();
  EXPECT_EQ(reader.last_id(), "1");
  EXPECT_EQ(reader.comment(), "");
  EXPECT_EQ(reader.retry(), std::chrono::milliseconds(5));
  EXPECT_EQ(events(reader, "\ndata: c\n\n"), (Texts{"message|c|1"}));
}

TEST(SseReader, RetryIsDigitsOnly) {
  SseReader reader(bytes_max);
  EXPECT_FALSE(reader.retry());
  events(reader, "retry: 250\nretry: 1x\nretry: -1\nretry:\nretry: 1.5\n");
  EXPECT_EQ(reader.retry(), std::chrono::milliseconds(250));
  events(reader, "retry: 99999999999999999999\n");
  EXPECT_EQ(reader.retry(), std::chrono::milliseconds(4294967295));
}

TEST(SseReader, AnEventMayHaveSoManyBytesAndNoMore) {
  SseReader fits(8), does_not(7), has_no_end(7);
  EXPECT_EQ(events(fits, "data: ab\n\n"), (Texts{"message|ab|"}));
  EXPECT_EQ(events(does_not, "data: ab\n\n"), (Texts{"too large"}));
  EXPECT_EQ(events(has_no_end, "xxxxxxxx"), (Texts{"too large"}));
}

TEST(SseReader, LinesOfOneEventCountTogether) {
  SseReader reader(20);
  EXPECT_EQ(events(reader, "data: abcdef\ndata: abcdef\n\ndata: abcdef\ndata: abcdef\ndata: abcdef\n"),
            (Texts{"message|abcdef\nabcdef|", "too large"}));
}

}  // namespace
}  // namespace sluice::program
