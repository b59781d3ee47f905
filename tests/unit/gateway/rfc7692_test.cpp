#include "gateway/rfc7692.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::gateway {
namespace {

using Headers = std::vector<std::string_view>;

DeflateAgreement agreed(const Headers& headers, Compression policy = Compression::shared) {
  const auto result = agree_on_deflate(headers, policy);
  EXPECT_TRUE(result) << (result ? "" : result.error().detail);
  EXPECT_TRUE(result && *result) << headers.front();
  return result && *result ? **result : DeflateAgreement{};
}

void expect_declined(const Headers& headers, Compression policy = Compression::shared) {
  const auto result = agree_on_deflate(headers, policy);
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_FALSE(result->has_value()) << headers.front() << " got " << (*result)->answer;
}

void expect_malformed(const Headers& headers, Compression policy = Compression::shared) {
  const auto result = agree_on_deflate(headers, policy);
  ASSERT_FALSE(result) << headers.front();
  EXPECT_EQ(result.error().code, base::Errc::bad_request);
}

TEST(Rfc7692, WhatBrowsersOfferIsSharedWithoutContextEitherWay) {
  const auto agreement = agreed({"permessage-deflate; client_max_window_bits"});
  EXPECT_EQ(agreement.answer, "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
  EXPECT_EQ(agreement.terms, DeflateTerms{});
}

TEST(Rfc7692, ABareOfferIsAnsweredWithBothNoContextTakeovers) {
  EXPECT_EQ(agreed({"permessage-deflate"}).answer,
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
}

TEST(Rfc7692, NothingIsAgreedOnWithoutAnOffer) {
  const auto result = agree_on_deflate({}, Compression::shared);
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->has_value());
}

TEST(Rfc7692, OffDeclinesEveryOffer) { expect_declined({"permessage-deflate"}, Compression::off); }

TEST(Rfc7692, OffRefusesAMalformedHeaderAllTheSame) { expect_malformed({"permessage-deflate;"}, Compression::off); }

TEST(Rfc7692, PerConnectionKeepsBothContextsAndBoundsTheClientsWindow) {
  const auto agreement = agreed({"permessage-deflate; client_max_window_bits"}, Compression::per_connection);
  EXPECT_EQ(agreement.answer, "permessage-deflate; client_max_window_bits=12");
  EXPECT_EQ(agreement.terms, (DeflateTerms{12, 12, true, true}));
}

TEST(Rfc7692, AClientThatDidNotOfferItIsNotAskedForASmallerWindow) {
  const auto agreement = agreed({"permessage-deflate"}, Compression::per_connection);
  EXPECT_EQ(agreement.answer, "permessage-deflate");
  EXPECT_EQ(agreement.terms, (DeflateTerms{12, 15, true, true}));
}

TEST(Rfc7692, PerConnectionKeepsNoContextThatTheClientDeclined) {
  const auto agreement =
      agreed({"permessage-deflate; client_no_context_takeover; server_no_context_takeover; client_max_window_bits=10"},
             Compression::per_connection);
  EXPECT_EQ(agreement.answer, "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
  EXPECT_EQ(agreement.terms, (DeflateTerms{12, 15, false, false}));
}

TEST(Rfc7692, PerConnectionDeclinesEachContextByItself) {
  const auto agreement =
      agreed({"permessage-deflate; server_no_context_takeover; client_max_window_bits=9"}, Compression::per_connection);
  EXPECT_EQ(agreement.answer, "permessage-deflate; server_no_context_takeover; client_max_window_bits=9");
  EXPECT_EQ(agreement.terms, (DeflateTerms{12, 9, false, true}));
}

struct WindowCase {
  std::string offered;
  int shared, per_connection;
};

TEST(Rfc7692, TheServersWindowIsNeverLargerThanOfferedAndSharedHasTwoSizes) {
  const std::vector<WindowCase> cases{{"9", 9, 9},    {"10", 9, 10},  {"11", 9, 11}, {"12", 12, 12},
                                      {"13", 12, 12}, {"14", 12, 12}, {"15", 12, 12}};
  for (const WindowCase& one : cases) {
    const std::string offer = "permessage-deflate; server_max_window_bits=" + one.offered;
    const auto shared = agreed({offer}), own = agreed({offer}, Compression::per_connection);
    EXPECT_EQ(shared.terms.server_window_bits, one.shared);
    EXPECT_EQ(own.terms.server_window_bits, one.per_connection);
    const std::string answered = "server_max_window_bits=" + std::to_string(one.shared);
    EXPECT_TRUE(shared.answer.ends_with("; " + answered)) << shared.answer;
  }
}

TEST(Rfc7692, AWindowOfEightBitsIsDeclinedAndTheNextOfferTaken) {
  expect_declined({"permessage-deflate; server_max_window_bits=8"});
  EXPECT_EQ(agreed({"permessage-deflate; server_max_window_bits=8, permessage-deflate"}).answer,
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
}

TEST(Rfc7692, AClientsWindowOfEightBitsIsFine) {
  EXPECT_EQ(agreed({"permessage-deflate; client_max_window_bits=8"}, Compression::per_connection).answer,
            "permessage-deflate; client_max_window_bits=8");
}

TEST(Rfc7692, TheFirstAcceptableOfferWins) {
  const auto agreement =
      agreed({"permessage-deflate; server_max_window_bits=10; mystery, "
              "permessage-deflate; server_max_window_bits=9, permessage-deflate"});
  EXPECT_EQ(agreement.terms.server_window_bits, 9);
}

TEST(Rfc7692, OffersOfSeveralHeadersAreReadInOrder) {
  const auto agreement =
      agreed({"x-webkit-deflate-frame", "permessage-deflate; server_max_window_bits=11", "permessage-deflate"});
  EXPECT_EQ(agreement.terms.server_window_bits, 9);
}

TEST(Rfc7692, UnknownExtensionsArePassedOverWhateverTheirParameters) {
  expect_declined({"permessage-bzip2; level=9; level=8; note=\"x\", mux"});
  EXPECT_EQ(agreed({"permessage-bzip2; server_max_window_bits=77, permessage-deflate"}).terms, DeflateTerms{});
}

TEST(Rfc7692, NamesAreComparedExactly) {
  expect_declined({"Permessage-Deflate"});
  expect_declined({"permessage-deflate; SERVER_NO_CONTEXT_TAKEOVER"});
}

TEST(Rfc7692, AnOfferWithAParameterThatIsUnknownDoubledOrOutOfRangeIsDeclined) {
  for (const std::string_view parameters : {"mystery",
                                            "mystery=1",
                                            "server_no_context_takeover=1",
                                            "client_no_context_takeover=true",
                                            "server_no_context_takeover; server_no_context_takeover",
                                            "client_no_context_takeover; client_no_context_takeover",
                                            "server_max_window_bits",
                                            "server_max_window_bits=7",
                                            "server_max_window_bits=16",
                                            "server_max_window_bits=09",
                                            "server_max_window_bits=1",
                                            "server_max_window_bits=100",
                                            "server_max_window_bits=-9",
                                            "server_max_window_bits=1x",
                                            "server_max_window_bits=10; server_max_window_bits=10",
                                            "server_max_window_bits=x; server_max_window_bits=10",
                                            "client_max_window_bits=7",
                                            "client_max_window_bits=16",
                                            "client_max_window_bits=010",
                                            "client_max_window_bits; client_max_window_bits",
                                            "client_max_window_bits=10; client_max_window_bits"}) {
    const std::string offer = "permessage-deflate; " + std::string(parameters);
    expect_declined({offer});
    expect_declined({offer}, Compression::per_connection);
  }
}

TEST(Rfc7692, ValuesMayBeQuotedAndBlanksStandAnywhereBetweenWords) {
  const auto agreement =
      agreed({" \tpermessage-deflate ;server_max_window_bits = \"1\\0\" ; client_max_window_bits=\"15\" "});
  EXPECT_EQ(agreement.terms.server_window_bits, 9);
}

TEST(Rfc7692, EmptyElementsOfTheListArePassedOver) {
  EXPECT_EQ(agreed({", ,permessage-deflate,,"}).terms, DeflateTerms{});
}

TEST(Rfc7692, AMalformedHeaderIsRefused) {
  for (const std::string_view header : {"",
                                        "  ",
                                        ",",
                                        ";",
                                        "=",
                                        "permessage-deflate;",
                                        "permessage-deflate;;client_max_window_bits",
                                        "permessage-deflate; =8",
                                        "permessage-deflate; client_max_window_bits=",
                                        "permessage-deflate; client_max_window_bits=\"\"",
                                        "permessage-deflate; client_max_window_bits=\"10",
                                        "permessage-deflate; client_max_window_bits=\"1 0\"",
                                        "permessage-deflate; client_max_window_bits=\"10\\",
                                        "permessage-deflate; client_max_window_bits=\"10\"x",
                                        "permessage-deflate; client_max_window_bits=10=10",
                                        "permessage-deflate client_max_window_bits",
                                        "permessage-deflate/1",
                                        "\"permessage-deflate\"",
                                        "permessage-deflate\x01",
                                        "permessage-d\xC3\xA9",
                                        "x; a=b c"}) {
    expect_malformed({header});
  }
}

TEST(Rfc7692, WhatIsMalformedBehindAnAcceptableOfferIsRefusedToo) {
  expect_malformed({"permessage-deflate, x;"});
  expect_malformed({"permessage-deflate", "x y"});
}

TEST(Rfc7692, AnAnswerReadAsAnOfferGivesTheSameTermsAgain) {
  for (const std::string_view offer : {"permessage-deflate", "permessage-deflate; server_max_window_bits=11"}) {
    const auto first = agreed({offer});
    EXPECT_EQ(agreed({first.answer}).answer, first.answer);
  }
}

}  // namespace
}  // namespace sluice::gateway
