#include "gateway/request_target.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

using namespace std::string_literals;
using Parameters = std::vector<std::pair<std::string, std::string>>;

RequestTarget parsed(std::string_view text) {
  const auto target = RequestTarget::parse(text);
  EXPECT_TRUE(target) << text;
  return target ? *target : RequestTarget{};
}

TEST(RequestTarget, APathWithoutAQueryHasNoParameters) {
  EXPECT_EQ(parsed("/ws").path, "/ws");
  EXPECT_TRUE(parsed("/ws").parameters.empty());
  EXPECT_TRUE(parsed("/ws?").parameters.empty());
}

TEST(RequestTarget, ParametersKeepTheirOrderAndMayRepeat) {
  EXPECT_EQ(parsed("/ws?room=a&room=b&x=1").parameters, (Parameters{{"room", "a"}, {"room", "b"}, {"x", "1"}}));
}

TEST(RequestTarget, PercentEncodingIsDecodedInPathNameAndValue) {
  const RequestTarget target = parsed("/%77s?%72oom=%C3%a9%20%26%3D%25");
  EXPECT_EQ(target.path, "/ws");
  EXPECT_EQ(target.parameters, (Parameters{{"room", "\xC3\xA9 &=%"}}));
}

TEST(RequestTarget, WhatIsDecodedIsNotDecodedAgain) { EXPECT_EQ(parsed("/?a=%2541").parameters[0].second, "%41"); }

TEST(RequestTarget, APlusIsASpaceInTheQueryAlone) {
  EXPECT_EQ(parsed("/a+b?c+d=e+f%2B").path, "/a+b");
  EXPECT_EQ(parsed("/a+b?c+d=e+f%2B").parameters, (Parameters{{"c d", "e f+"}}));
}

TEST(RequestTarget, AParameterMayHaveNoValueOrNoName) {
  EXPECT_EQ(parsed("/?a&b=&=c&&d==e").parameters, (Parameters{{"a", ""}, {"b", ""}, {"", "c"}, {"d", "=e"}}));
}

TEST(RequestTarget, AnEncodedQuestionMarkOrAmpersandSeparatesNothing) {
  EXPECT_EQ(parsed("/a%3Fb?c=d%26e").path, "/a?b");
  EXPECT_EQ(parsed("/a%3Fb?c=d%26e").parameters, (Parameters{{"c", "d&e"}}));
}

TEST(RequestTarget, AZeroByteIsDecodedLikeAnyOther) { EXPECT_EQ(parsed("/%00").path, "/\0"s); }

TEST(RequestTarget, MalformedPercentEncodingIsABadRequest) {
  for (const std::string_view text : {"/%", "/%4", "/%4g", "/%g4", "/%%41", "/?a=%", "/?a=%f", "/?a=%zz", "/?%=a",
                                      "/?%4=a", "/% 41", "/%+1", "/%-1"}) {
    const auto target = RequestTarget::parse(text);
    ASSERT_FALSE(target) << text;
    EXPECT_EQ(target.error().code, base::Errc::bad_request);
  }
}

TEST(RequestTarget, OtherFormsThanTheOriginFormAreABadRequest) {
  for (const std::string_view text : {"", "*", "http://host/ws", "host:443", "ws", "?room=a", " /ws"})
    EXPECT_FALSE(RequestTarget::parse(text)) << text;
}

TEST(RequestTarget, FindGivesTheFirstValueOrNull) {
  const RequestTarget target = parsed("/?a=1&a=2&b");
  EXPECT_EQ(*target.find("a"), "1");
  EXPECT_EQ(*target.find("b"), "");
  EXPECT_EQ(target.find("A"), nullptr);
  EXPECT_EQ(target.find(""), nullptr);
}

}  // namespace
}  // namespace sluice::gateway
