#include "gateway/proxy_header.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

using State = ProxyHeader::State;
using namespace std::literals;

constexpr std::string_view signature = "\r\n\r\n\0\r\nQUIT\n"sv;

std::string binary(std::string_view rest) { return std::string(signature) + std::string(rest); }

TEST(ProxyHeader, ALineNamesTheClient) {
  const std::string line = "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\nGET /";
  const ProxyHeader header = read_proxy_header(line);
  ASSERT_EQ(header.state, State::complete);
  EXPECT_EQ(header.bytes, line.size() - 5);
  EXPECT_EQ(header.source->text(), "192.0.2.1:56324");
  EXPECT_EQ(read_proxy_header("PROXY TCP6 2001:db8::1 ::1 5 6\r\n").source->text(), "[2001:db8::1]:5");
  EXPECT_EQ(read_proxy_header("PROXY UNKNOWN\r\n").state, State::complete);
  EXPECT_FALSE(read_proxy_header("PROXY UNKNOWN whatever\r\n").source);
}

TEST(ProxyHeader, BytesNameTheClient) {
  const std::string header = binary("\x21\x11\0\x0C\xC0\0\2\1\xC0\0\2\2\xDC\4\1\xBB"sv);
  const ProxyHeader read = read_proxy_header(header + "more");
  ASSERT_EQ(read.state, State::complete);
  EXPECT_EQ(read.bytes, header.size());
  EXPECT_EQ(read.source->text(), "192.0.2.1:56324");
  const ProxyHeader local = read_proxy_header(binary("\x20\0\0\0"sv));
  EXPECT_EQ(local.state, State::complete);
  EXPECT_FALSE(local.source);
}

TEST(ProxyHeader, ExtensionsAreSkipped) {
  const std::string header = binary("\x21\x11\0\x10\xC0\0\2\1\xC0\0\2\2\xDC\4\1\xBB\x04\0\1x"sv);
  EXPECT_EQ(read_proxy_header(header).bytes, header.size());
}

TEST(ProxyHeader, EveryPrefixIsIncomplete) {
  for (const std::string& whole :
       {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n"s, binary("\x21\x11\0\x0C\xC0\0\2\1\xC0\0\2\2\xDC\4\1\xBB"sv)}) {
    for (std::size_t size = 0; size < whole.size(); ++size)
      EXPECT_EQ(read_proxy_header(std::string_view(whole).substr(0, size)).state, State::incomplete) << size;
  }
}

TEST(ProxyHeader, OtherBytesAreMalformed) {
  for (const std::string& text :
       {"GET / HTTP/1.1\r\n"s, "PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n"s, "PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n"s,
        "PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n"s, "PROXY TCP4 localhost 5.6.7.8 1 2\r\n"s, "PROXY " + std::string(200, 'x'),
        binary("\x31\x11\0\0"sv), binary("\x22\x11\0\0"sv), binary("\x21\x11\0\2ab"sv), binary("\x21\x11\xFF\xFF"sv)})
    EXPECT_EQ(read_proxy_header(text).state, State::malformed) << text;
}

}  // namespace
}  // namespace sluice::gateway
