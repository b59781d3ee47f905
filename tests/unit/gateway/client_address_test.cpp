#include "gateway/client_address.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

const std::vector<base::Network> networks{base::Network::parse("10.0.0.0/8").value(),
                                          base::Network::parse("fd00::/8").value()};

std::string seen(const std::string& peer, std::vector<std::pair<std::string_view, std::string_view>> fields,
                 ForwardedHeader header = ForwardedHeader::x_forwarded_for) {
  HttpHead head;
  head.fields = std::move(fields);
  return client_address(head, base::Address::parse(peer).value(), {networks, header}).text();
}

TEST(ClientAddress, IsWhatTheLastProxyThatIsTrustedSaw) {
  EXPECT_EQ(seen("10.0.0.1:5", {{"X-Forwarded-For", "1.2.3.4"}}), "1.2.3.4:0");
  EXPECT_EQ(seen("10.0.0.1:5", {{"x-forwarded-for", "6.6.6.6, 1.2.3.4, 10.0.0.9"}}), "1.2.3.4:0");
  EXPECT_EQ(seen("10.0.0.1:5", {{"X-Forwarded-For", "6.6.6.6"}, {"X-Forwarded-For", "1.2.3.4"}}), "1.2.3.4:0");
  EXPECT_EQ(seen("10.0.0.1:5", {{"X-Forwarded-For", "[2001:db8::1]:99"}}), "[2001:db8::1]:99");
  EXPECT_EQ(seen("10.0.0.1:5", {{"X-Forwarded-For", "2001:db8::1"}}), "[2001:db8::1]:0");
}

TEST(ClientAddress, ForwardedIsReadWhereProxiesWriteThat) {
  const auto by_forwarded = [](std::string_view value) {
    return seen("10.0.0.1:5", {{"X-Forwarded-For", "6.6.6.6"}, {"Forwarded", value}}, ForwardedHeader::forwarded);
  };
  EXPECT_EQ(by_forwarded("for=1.2.3.4;proto=https;by=10.0.0.1"), "1.2.3.4:0");
  EXPECT_EQ(by_forwarded("For=6.6.6.6, for=\"[2001:db8::1]:47\""), "[2001:db8::1]:47");
  EXPECT_EQ(by_forwarded("for=_hidden"), "10.0.0.1:5");
}

TEST(ClientAddress, TheHeaderThatProxiesDoNotWriteIsTheClientsOwnWord) {
  EXPECT_EQ(seen("10.0.0.1:5", {{"Forwarded", "for=6.6.6.6"}, {"X-Forwarded-For", "1.2.3.4"}}), "1.2.3.4:0");
  EXPECT_EQ(seen("10.0.0.1:5", {{"Forwarded", "for=6.6.6.6"}}), "10.0.0.1:5");
}

TEST(ClientAddress, WhoIsNotTrustedIsNotBelieved) {
  EXPECT_EQ(seen("9.9.9.9:5", {{"X-Forwarded-For", "1.2.3.4"}}), "9.9.9.9:5");
  EXPECT_EQ(seen("9.9.9.9:5", {{"Forwarded", "for=1.2.3.4"}}), "9.9.9.9:5");
}

TEST(ClientAddress, NonsenseEndsTheSearch) {
  EXPECT_EQ(seen("10.0.0.1:5", {{"X-Forwarded-For", "1.2.3.4, nonsense"}}), "10.0.0.1:5");
  EXPECT_EQ(seen("10.0.0.1:5", {{"X-Forwarded-For", "1.2.3.4, localhost, 10.0.0.3"}}), "10.0.0.3:0");
  EXPECT_EQ(seen("10.0.0.1:5", {{"X-Forwarded-For", ""}}), "10.0.0.1:5");
  EXPECT_EQ(seen("10.0.0.1:5", {}), "10.0.0.1:5");
}

}  // namespace
}  // namespace sluice::gateway
