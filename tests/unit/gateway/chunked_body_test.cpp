#include "gateway/chunked_body.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

// What comes of a coding that is put in pieces of one size: the body, with a dot if it is done, or why it is not.
std::string read(std::string_view coded, std::size_t piece_bytes, std::size_t bytes_max = 100) {
  ChunkedBody chunked;
  std::string body;
  while (!coded.empty() && !chunked.is_done()) {
    const auto taken = chunked.put(coded.substr(0, piece_bytes), body, bytes_max);
    if (!taken) return std::string(base::row_of(taken.error().code).name);
    coded.remove_prefix(*taken);
  }
  return body + (chunked.is_done() ? "." + std::string(coded) : "?");
}

TEST(ChunkedBody, ContentComesOutHoweverItIsCut) {
  for (const std::size_t piece_bytes : {1U, 2U, 3U, 7U, 1000U}) {
    EXPECT_EQ(read("5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n", piece_bytes), "hello0123456789.") << piece_bytes;
    EXPECT_EQ(read("1\r\na\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\n", piece_bytes), "a.") << piece_bytes;
    EXPECT_EQ(read("3\r\nab", piece_bytes), "ab?") << piece_bytes;
  }
}

TEST(ChunkedBody, WhatStandsBehindIsLeft) { EXPECT_EQ(read("0\r\n\r\nGET / HTTP/1.1", 1000), ".GET / HTTP/1.1"); }

TEST(ChunkedBody, AnythingElseIsMalformed) {
  for (const char* coded : {"x\r\n", "\r\n", "5\nhello", "5\r\nhelloX", "5\r\nhello\rX", ";x\r\n", "0\r\n\n", "-1\r\n",
                            "1 \r\na", "0\r\na\x01\r\n"}) {
    EXPECT_EQ(read(coded, 1000), "bad_request") << coded;
    EXPECT_EQ(read(coded, 1), "bad_request") << coded;
  }
}

TEST(ChunkedBody, ABodyOverTheLimitIsRefusedBeforeItComes) {
  EXPECT_EQ(read("64\r\n", 1000), "?");
  EXPECT_EQ(read("65\r\n", 1000), "too_large");
  EXPECT_EQ(read("11111111111111111\r\n", 1000), "too_large");
  EXPECT_EQ(read("60\r\n" + std::string(0x60, 'a') + "\r\n5\r\n", 1000), "too_large");
}

TEST(ChunkedBody, ExtensionsAndTrailersAreBounded) {
  EXPECT_EQ(read("1;" + std::string(20'000, 'x') + "\r\n", 1000), "bad_request");
  EXPECT_EQ(read("0\r\n" + std::string(20'000, 'x') + "\r\n", 1000), "bad_request");
}

}  // namespace
}  // namespace sluice::gateway
