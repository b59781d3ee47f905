#include "cluster/nats_parser.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::cluster {
namespace {

using Kind = NatsParser::Kind;
constexpr std::size_t message_bytes_max = 1000;

// What an event says, kept beyond the bytes that it borrows.
struct Seen {
  Kind kind;
  std::string text, subject, reply, header_block, payload;
  std::uint64_t subscription;
  bool operator==(const Seen&) const = default;
};

std::vector<Seen> parse(std::string_view bytes, std::size_t piece_bytes = std::string_view::npos) {
  NatsParser parser;
  std::vector<Seen> all;
  while (!bytes.empty()) {
    std::string_view piece = bytes.substr(0, piece_bytes);
    bytes.remove_prefix(piece.size());
    while (!piece.empty()) {
      const auto event = parser.next(piece, message_bytes_max);
      if (event.kind == Kind::none) continue;
      const NatsMessage& message = event.message;
      all.push_back({event.kind, std::string(event.text), std::string(message.subject), std::string(message.reply),
                     std::string(message.header_block), std::string(message.payload), message.subscription});
      if (event.kind == Kind::failure) return all;
    }
  }
  return all;
}

std::string failure_of(std::string_view bytes) {
  const auto all = parse(bytes);
  return all.empty() || all.back().kind != Kind::failure ? std::string() : all.back().text;
}

constexpr std::string_view everything =
    "INFO {\"max_payload\":1048576} \r\n"
    "MSG a.b 7 5\r\nhe\r\no\r\n"
    "msg  a.b\t7 _INBOX.x.1  0\r\n\r\n"
    "HMSG a 8 12 14\r\nNATS/1.0\r\n\r\nhi\r\n"
    "HMSG a 18446744073709551615 r.r 16 16\r\nNATS/1.0 503\r\n\r\n\r\n"
    "PING\r\nPONG\r\n+OK\r\n"
    "-ERR 'Unknown Protocol Operation'\r\n";

TEST(NatsParser, TakesEveryOperationApart) {
  const std::vector<Seen> expected{
      {Kind::info, "{\"max_payload\":1048576}", "", "", "", "", 0},
      {Kind::message, "", "a.b", "", "", "he\r\no", 7},
      {Kind::message, "", "a.b", "_INBOX.x.1", "", "", 7},
      {Kind::message, "", "a", "", "NATS/1.0\r\n\r\n", "hi", 8},
      {Kind::message, "", "a", "r.r", "NATS/1.0 503\r\n\r\n", "", 18446744073709551615u},
      {Kind::ping, "", "", "", "", "", 0},
      {Kind::pong, "", "", "", "", "", 0},
      {Kind::ok, "", "", "", "", "", 0},
      {Kind::error, "Unknown Protocol Operation", "", "", "", "", 0},
  };
  EXPECT_EQ(parse(everything), expected);
}

TEST(NatsParser, DoesNotMindWhereBytesAreCut) {
  const auto whole = parse(everything);
  for (std::size_t piece = 1; piece < everything.size(); ++piece) EXPECT_EQ(parse(everything, piece), whole) << piece;
}

TEST(NatsParser, HandsOutAWholeMessageInPlace) {
  const std::string bytes = "MSG a 1 3\r\nabc\r\n";
  NatsParser parser;
  std::string_view rest = bytes;
  const auto event = parser.next(rest, message_bytes_max);
  EXPECT_EQ(event.message.payload.data(), bytes.data() + 11);
}

TEST(NatsParser, TakesAMessageOfTheLargestSizeAndNoneBeyond) {
  const auto of_size = [](std::size_t bytes) {
    return "MSG a 1 " + std::to_string(bytes) + "\r\n" + std::string(bytes, 'x') + "\r\n";
  };
  EXPECT_EQ(parse(of_size(message_bytes_max)).back().payload.size(), message_bytes_max);
  EXPECT_EQ(failure_of(of_size(message_bytes_max + 1)), "a message is announced that is larger than one may be");
}

TEST(NatsParser, TakesALineOfTheLargestSizeAndNoneBeyond) {
  const auto of_size = [](std::string_view word, std::size_t bytes) {
    std::string line(word);
    line.resize(bytes - 2, ' ');
    return line + "\r\n";
  };
  EXPECT_EQ(parse(of_size("PING", NatsParser::line_bytes_max)).back().kind, Kind::ping);
  EXPECT_EQ(failure_of(of_size("PING", NatsParser::line_bytes_max + 1)), "a control line is too long");
  EXPECT_EQ(parse(of_size("INFO {}", NatsParser::info_bytes_max)).back().kind, Kind::info);
  EXPECT_EQ(failure_of(of_size("INFO {}", NatsParser::info_bytes_max + 1)), "a control line is too long");
}

TEST(NatsParser, RefusesALineThatNeverEnds) {
  EXPECT_EQ(failure_of(std::string(NatsParser::line_bytes_max + 1, 'P')), "a control line is too long");
}

TEST(NatsParser, SaysWhatIsWrong) {
  const std::string_view fields = "a message's control line has too few or too many fields";
  EXPECT_EQ(failure_of("HELO\r\n"), "a control line begins with no word of the protocol");
  EXPECT_EQ(failure_of("\r\n"), "a control line begins with no word of the protocol");
  EXPECT_EQ(failure_of("PING\n"), "a control line does not end with CR and LF");
  EXPECT_EQ(failure_of("MSG a 1\r\n"), fields);
  EXPECT_EQ(failure_of("MSG a 1 r 0 0\r\n"), fields);
  EXPECT_EQ(failure_of("HMSG a 1 0\r\n"), fields);
  EXPECT_EQ(failure_of("HMSG a 1 r 0 0 0 0 0\r\n"), fields);
  EXPECT_EQ(failure_of("MSG a 1 -1\r\n"), "a message's size is no number");
  EXPECT_EQ(failure_of("MSG a 1 99999999999999999999\r\n"), "a message's size is no number");
  EXPECT_EQ(failure_of("HMSG a 1 x 1\r\n"), "a message's size is no number");
  EXPECT_EQ(failure_of("MSG a b 1\r\n"), "a message's subscription is no number");
  EXPECT_EQ(failure_of("HMSG a 1 3 2\r\n"), "a message's headers are announced as larger than all of it");
  EXPECT_EQ(failure_of("MSG a 1 1\r\nabc\r\n"), "a message does not end with CR and LF where it was said to");
}

}  // namespace
}  // namespace sluice::cluster
