#include "gateway/sealed_id.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

constexpr auto session = Seals::Purpose::engine_session;
const base::ConnectionId someone{0x9f31c2d0, base::WorkerId{3}, 42, 7};

TEST(Seals, ASealedIdNamesItsConnectionToWhoeverHasIt) {
  const Seals seals;
  const std::string text = seals.seal(session, someone);
  EXPECT_EQ(text.size(), 48U);
  EXPECT_EQ(seals.open(session, text), someone);
  EXPECT_NE(seals.seal(session, someone), text);
}

TEST(Seals, TheSameNonceMakesTheSameId) {
  const Seals seals;
  const std::string text = seals.seal(session, someone);
  EXPECT_EQ(seals.seal(session, someone, Seals::nonce_of(text)), text);
}

TEST(Seals, AForgedIdIsKnownByEveryOneOfItsCharacters) {
  const Seals seals;
  const std::string text = seals.seal(session, someone);
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string forged = text;
    forged[at] = forged[at] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(seals.open(session, forged)) << at;
  }
}

TEST(Seals, AnIdIsForItsPurposeAndItsKeyAlone) {
  const Seals seals, others;
  const std::string text = seals.seal(session, someone);
  EXPECT_FALSE(seals.open(Seals::Purpose::recovery, text));
  EXPECT_FALSE(others.open(session, text));
  for (const char* odd : {"", "x", "\xff"}) EXPECT_FALSE(seals.open(session, odd));
  EXPECT_FALSE(seals.open(session, text + "A"));
}

TEST(Seals, ALockedTextIsOpenedByWhoeverHasTheSecretAndSaysWhatItIsAbout) {
  const Seals seals(std::string(32, 'a')), same(std::string(32, 'a')), other(std::string(32, 'b'));
  for (const std::string& text : {std::string(), std::string("text"), std::string(5000, 'x')}) {
    const std::string locked = seals.lock("about", text);
    EXPECT_EQ(same.unlock("about", locked), text);
    EXPECT_FALSE(same.unlock("another", locked));
    EXPECT_FALSE(other.unlock("about", locked));
  }
  EXPECT_NE(seals.lock("about", "text"), seals.lock("about", "text"));
}

TEST(Seals, ALockedTextThatWasChangedDoesNotOpen) {
  const Seals seals;
  const std::string locked = seals.lock("about", "text");
  for (std::size_t at = 0; at < locked.size(); ++at) {
    std::string changed = locked;
    changed[at] ^= 1;
    EXPECT_FALSE(seals.unlock("about", changed)) << at;
    EXPECT_FALSE(seals.unlock("about", locked.substr(0, at))) << at;
  }
}

TEST(Seals, ASocketsIdIsKnownAsOne) {
  const Seals seals, others;
  const std::string text = Seals::text_of(seals.make_socket_id());
  EXPECT_EQ(text.size(), 20U);
  EXPECT_TRUE(seals.is_socket_id(text));
  EXPECT_FALSE(others.is_socket_id(text));
  EXPECT_FALSE(seals.is_socket_id("lobby"));
  EXPECT_FALSE(seals.is_socket_id("aaaaaaaaaaaaaaaaaaaa"));
  EXPECT_EQ(Seals::text_of(Seals::socket_id_of(text)), text);
}

}  // namespace
}  // namespace sluice::gateway
