#include "control/page_token.hpp"

#include <gtest/gtest.h>

namespace sluice::control {
namespace {

const PageToken token{PageToken::List::connections, 0x9f31c2d0, 0xdeadbeef, 3, 0xffffffff, {}};
const PageToken by_name{PageToken::List::rooms_by_name, 0, 0xdeadbeef, 0, 0, "caf\xC3\xA9 \n"};

TEST(PageToken, ItsTextParsesBackToIt) {
  EXPECT_EQ(PageToken::parse(token.text()), token);
  EXPECT_EQ(PageToken::parse(by_name.text()), by_name);
}

TEST(PageToken, ANameIsPartOfOneListAlone) {
  PageToken odd = by_name;
  odd.list = PageToken::List::rooms;
  EXPECT_FALSE(PageToken::parse(odd.text()));
}

TEST(PageToken, ATextThatWasChangedAnywhereIsRefused) {
  for (const std::string& text : {token.text(), by_name.text()}) {
    for (std::size_t at = 0; at < text.size(); ++at) {
      std::string changed = text;
      changed[at] = changed[at] == '0' ? '1' : '0';
      EXPECT_FALSE(PageToken::parse(changed)) << at;
    }
  }
}

TEST(PageToken, ATextOfAnotherLengthOrOfOtherCharactersIsRefused) {
  EXPECT_FALSE(PageToken::parse(""));
  EXPECT_FALSE(PageToken::parse(token.text() + "0"));
  EXPECT_FALSE(PageToken::parse(token.text().substr(1)));
  EXPECT_FALSE(PageToken::parse(std::string(38, 'x')));
  EXPECT_FALSE(PageToken::parse(std::string(38, 'A')));
}

TEST(PageToken, FingerprintsOfDifferentFiltersDiffer) {
  EXPECT_NE(fingerprint_of("room=a"), fingerprint_of("room=b"));
  EXPECT_EQ(fingerprint_of(""), 2166136261U);
}

}  // namespace
}  // namespace sluice::control
