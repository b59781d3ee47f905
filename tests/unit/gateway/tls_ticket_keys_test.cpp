#include "gateway/tls_ticket_keys.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

TEST(TlsTicketKeys, BeginWithOneAndKeepAFew) {
  TlsTicketKeys keys;
  EXPECT_EQ(keys.keys()->size(), 1u);
  const auto first = keys.keys()->front();
  for (std::size_t times = 1; times < TlsTicketKeys::keys_max; ++times) keys.rotate();
  EXPECT_EQ(keys.keys()->size(), TlsTicketKeys::keys_max);
  EXPECT_EQ(keys.keys()->back(), first);
  keys.rotate();
  EXPECT_EQ(keys.keys()->size(), TlsTicketKeys::keys_max);
  EXPECT_NE(keys.keys()->back(), first);
}

TEST(TlsTicketKeys, NoTwoAreAlike) {
  const TlsTicketKeys::Key a, b;
  EXPECT_NE(a.name, b.name);
  EXPECT_NE(a.cipher, b.cipher);
  EXPECT_NE(a.mac, b.mac);
}

TEST(TlsTicketKeys, AKeyLivesAsLongAsTheTicketsThatItSealed) {
  EXPECT_GE((TlsTicketKeys::keys_max - 1) * TlsTicketKeys::rotation_period, TlsTicketKeys::ticket_lifetime);
}

}  // namespace
}  // namespace sluice::gateway
