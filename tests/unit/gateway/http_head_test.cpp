#include "gateway/http_head.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sluice::gateway {
namespace {

using namespace std::string_literals;

// What a connection does with a whole head.
base::Result<HttpHead> parse(std::string_view text) {
  EXPECT_EQ(head_size(text), text.size()) << testing::PrintToString(text);
  if (const auto status = check_head(text, 0); !status) return status.error();
  return parse_head(text);
}

std::string with_field(const std::string& lines) { return "GET / HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n\r\n"; }

void expect_refused(const std::string& text) {
  const auto head = parse(text);
  ASSERT_FALSE(head) << testing::PrintToString(text);
  EXPECT_EQ(head.error().code, base::Errc::bad_request);
}

// --- good ones ---

TEST(HttpHead, ARequestIsTakenApart) {
  const std::string text = "GET /ws?a=b HTTP/1.1\r\nHost: h:1\r\nX-One:  1 \r\nx-two:\r\n\r\n";
  const auto head = parse(text);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->method, "GET");
  EXPECT_EQ(head->target, "/ws?a=b");
  EXPECT_TRUE(head->is_http_1_1);
  ASSERT_EQ(head->fields.size(), 3U);
  EXPECT_EQ(head->fields[1], (std::pair<std::string_view, std::string_view>("X-One", "1")));
  EXPECT_EQ(head->fields[2], (std::pair<std::string_view, std::string_view>("x-two", "")));
}

TEST(HttpHead, ItsViewsLieInTheText) {
  const std::string text = "GET /ws HTTP/1.1\r\nHost: h\r\nX: value\r\n\r\n";
  const auto head = parse(text);
  ASSERT_TRUE(head);
  const auto lies_inside = [&text](std::string_view view) {
    return view.data() >= text.data() && view.data() + view.size() <= text.data() + text.size();
  };
  EXPECT_TRUE(lies_inside(head->method));
  EXPECT_TRUE(lies_inside(head->target));
  for (const auto& [name, value] : head->fields) EXPECT_TRUE(lies_inside(name) && lies_inside(value));
}

TEST(HttpHead, Http10NeedsNoHost) {
  const auto head = parse("GET / HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(head);
  EXPECT_FALSE(head->is_http_1_1);
}

TEST(HttpHead, AFieldIsFoundInAnyCase) {
  const std::string text = with_field("X-Name: first\r\nx-name: second");
  const auto head = parse(text);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->find("x-NAME"), "first");
  EXPECT_EQ(head->count("X-NAME"), 2U);
  EXPECT_EQ(head->find("X-Nam"), "");
  EXPECT_EQ(head->count("X-Names"), 0U);
}

TEST(HttpHead, ATokenIsFoundBetweenCommasInAnyCaseInAnyFieldOfTheName) {
  const std::string text = with_field("Connection: keep-alive ,\tUPGRADE\r\nconnection: x,,y,");
  const auto head = parse(text);
  ASSERT_TRUE(head);
  for (const std::string_view token : {"upgrade", "Keep-Alive", "x", "Y"})
    EXPECT_TRUE(head->has_token("Connection", token)) << token;
  for (const std::string_view token : {"up", "upgrade2", "keep", "keep-alive ,\tUPGRADE"})
    EXPECT_FALSE(head->has_token("Connection", token)) << token;
}

TEST(HttpHead, AHeadEndsBehindItsEmptyLine) {
  EXPECT_EQ(head_size(""), 0U);
  EXPECT_EQ(head_size("GET / HTTP/1.1\r\nHost: h\r\n"), 0U);
  EXPECT_EQ(head_size("GET / HTTP/1.1\r\n\r\n"), 18U);
  EXPECT_EQ(head_size("GET / HTTP/1.1\r\n\r\nbehind it\r\n\r\n"), 18U);
}

TEST(HttpHead, BytesBeyondAsciiMayStandInAValue) {
  const std::string text = with_field("X-Name: \xC3\xA9\xFF");
  const auto head = parse(text);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->find("X-Name"), "\xC3\xA9\xFF");
}

TEST(HttpHead, ManyFieldsAreAllKept) {
  std::string lines = "X: x";
  for (int at = 0; at < 500; ++at) lines += "\r\nX: x";
  const std::string text = with_field(lines);
  const auto head = parse(text);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->count("x"), 501U);
}

// --- what proxies and servers read differently ---

TEST(HttpHead, BothContentLengthAndTransferEncodingAreRefused) {
  expect_refused(with_field("Content-Length: 5\r\nTransfer-Encoding: chunked"));
  expect_refused(with_field("Transfer-Encoding: chunked\r\nContent-Length: 0"));
  expect_refused(with_field("transfer-encoding: identity\r\ncontent-length: 0"));
}

TEST(HttpHead, WhatMayStandOnceIsRefusedTwice) {
  for (const std::string name : {"Content-Length: 0", "Transfer-Encoding: chunked", "Host: h", "Origin: http://a",
                                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"}) {
    expect_refused(with_field(name + "\r\n" + name));
  }
}

TEST(HttpHead, AContentLengthThatIsNoNumberIsRefused) {
  for (const std::string value : {"-1", "+1", "0x10", "1 2", "1,1", "99999999999999999999999", "a", "1.0"})
    expect_refused(with_field("Content-Length: " + value));
}

TEST(HttpHead, AFoldedLineIsRefused) {
  expect_refused(with_field("X-Name: a\r\n b"));
  expect_refused(with_field("X-Name: a\r\n\tb"));
  expect_refused("GET / HTTP/1.1\r\n Host: h\r\n\r\n");
}

TEST(HttpHead, ABareLineFeedIsRefused) {
  expect_refused("GET / HTTP/1.1\nHost: h\r\n\r\n");
  expect_refused(with_field("X: a\nContent-Length: 5"));
  expect_refused(with_field("X: a\n\nGET /admin HTTP/1.1"));
}

TEST(HttpHead, ACarriageReturnAloneIsRefused) {
  expect_refused(with_field("X: a\rContent-Length: 5"));
  expect_refused(with_field("X: a\r\r\nY: b"));
  expect_refused("GET /\r HTTP/1.1\r\nHost: h\r\n\r\n");
}

TEST(HttpHead, ControlCharactersAreRefused) {
  for (const char control : {'\x00', '\x01', '\x08', '\x0B', '\x0C', '\x1B', '\x1F', '\x7F'}) {
    expect_refused(with_field("X: a"s + control + "b"));
    expect_refused("GET /"s + control + " HTTP/1.1\r\nHost: h\r\n\r\n");
  }
}

TEST(HttpHead, ASpaceBeforeTheColonIsRefused) {
  expect_refused(with_field("Content-Length : 5"));
  expect_refused(with_field("Transfer-Encoding\t: chunked"));
  expect_refused(with_field("X Y: z"));
}

TEST(HttpHead, AFieldWithoutANameOrColonIsRefused) {
  expect_refused(with_field(": value"));
  expect_refused(with_field("no colon"));
  expect_refused(with_field("X(Y): z"));
}

TEST(HttpHead, Http11WithoutAHostIsRefused) { expect_refused("GET / HTTP/1.1\r\nX: y\r\n\r\n"); }

TEST(HttpHead, AHostThatIsNoHostIsRefused) {
  for (const std::string host : {"a b", "a/b", "user@host", "a, b", "a\tb"}) {
    expect_refused("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
  }
}

TEST(HttpHead, ARequestLineThatIsNotOneIsRefused) {
  for (const std::string line : {"GET", "GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", "GET / x HTTP/1.1",
                                 "GET / HTTP/2.0", "GET / HTTP/0.9", "GET / HTTP/1.2", "GET / http/1.1", "GET / HTTP/1",
                                 "GET / HTTP/11", "GET /", "G(T / HTTP/1.1", "GET\t/ HTTP/1.1", "HTTP/1.1 200 OK"}) {
    expect_refused(line + "\r\nHost: h\r\n\r\n");
  }
}

TEST(HttpHead, WhatNoRequestBeginsWithIsToldByTheFirstByte) {
  for (const std::string start : {"\x16", " ", "\r", "\n", "1", "{", "\x81"}) {
    EXPECT_FALSE(check_head(start, 0)) << testing::PrintToString(start);
  }
  EXPECT_NE(check_head("\x16\x03\x01", 0).error().detail.find("TLS"), std::string::npos);
}

TEST(HttpHead, ARequestLineWithoutItsPartsIsRefused) {
  for (const std::string line :
       {"GET", "GET ", "GET /", "GET HTTP/1.1", "GET /ws ", "GET /ws HTTP", "GET /ws HTTP/1."}) {
    expect_refused(line + "\r\n\r\n");
    expect_refused(line + "\r\nHost: h\r\n\r\n");
  }
}

// --- in pieces ---

TEST(HttpHead, EveryBeginningOfAGoodHeadPasses) {
  const std::string text = with_field("X: a\r\nY: \tb");
  for (std::size_t size = 0; size <= text.size(); ++size) EXPECT_TRUE(check_head(text.substr(0, size), 0)) << size;
}

TEST(HttpHead, WhatIsWrongIsFoundWhereverAHeadIsCut) {
  for (const std::string& wrong : {"a\nb"s, "a\rb"s, "a\r\n b"s, "a\0b"s}) {
    const std::string text = with_field("X: " + wrong);
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      const bool is_found = !check_head(text.substr(0, cut), 0) || !check_head(text, cut);
      EXPECT_TRUE(is_found) << testing::PrintToString(wrong) << " cut at " << cut;
    }
  }
}

TEST(HttpHead, CaseIsIgnoredForLettersOnly) {
  EXPECT_TRUE(equals_ignoring_case("aBc-1", "AbC-1"));
  EXPECT_FALSE(equals_ignoring_case("abc", "abcd"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));
  EXPECT_FALSE(equals_ignoring_case("@", "`"));
}

}  // namespace
}  // namespace sluice::gateway
