#include "base/option_values.hpp"

#include <gtest/gtest.h>

namespace sluice::base {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

template <class T>
std::string problem(const std::string& text, const OptionInfo& info) {
  const auto value = parse_option<T>(text, info);
  return value ? "" : value.error().detail;
}

TEST(ParseWhole, TakesDigitsAlone) {
  EXPECT_EQ(parse_whole("0", ""), 0u);
  EXPECT_EQ(parse_whole("007", ""), 7u);
  EXPECT_EQ(parse_whole("18446744073709551615", ""), 18446744073709551615u);
  for (const char* text : {"", " ", "-1", "+1", "1.0", "1e3", "0x10", "1 ", "18446744073709551616", "1KiB"}) {
    EXPECT_EQ(parse_whole(text, ""), std::nullopt) << text;
  }
}

TEST(ParseWhole, TakesSizesOfBytes) {
  EXPECT_EQ(parse_whole("64KiB", "bytes"), 65536u);
  EXPECT_EQ(parse_whole("1MiB", "bytes"), 1048576u);
  EXPECT_EQ(parse_whole("2GiB", "bytes"), 2147483648u);
  EXPECT_EQ(parse_whole("1TiB", "bytes"), 1099511627776u);
  for (const char* text : {"KiB", "1kib", "1KB", "1.5KiB", "1 KiB", "1KiBKiB", "16777216TiB"}) {
    EXPECT_EQ(parse_whole(text, "bytes"), std::nullopt) << text;
  }
}

TEST(ParseDecimal, TakesFractionsWithoutExponentOrSign) {
  EXPECT_EQ(parse_decimal("0.25"), 0.25);
  EXPECT_EQ(parse_decimal("10"), 10.0);
  for (const char* text : {"", ".", ".5", "5.", "-1", "+1", "1e3", "inf", "nan", "1.2.3", "1,5", "0x1"}) {
    EXPECT_EQ(parse_decimal(text), std::nullopt) << text;
  }
}

TEST(ParseMilliseconds, TakesTheUnitsNumberOrASuffix) {
  EXPECT_EQ(parse_milliseconds("2", "seconds"), 2000);
  EXPECT_EQ(parse_milliseconds("2", "milliseconds"), 2);
  EXPECT_EQ(parse_milliseconds("500ms", "seconds"), 500);
  EXPECT_EQ(parse_milliseconds("1.5s", "milliseconds"), 1500);
  EXPECT_EQ(parse_milliseconds("2m", "seconds"), 120'000);
  EXPECT_EQ(parse_milliseconds("1h", "seconds"), 3'600'000);
  for (const char* text : {"", "s", "ms", "-1s", "1 s", "1S", "1d", "99999999999999999999"}) {
    EXPECT_EQ(parse_milliseconds(text, "seconds"), std::nullopt) << text;
  }
}

TEST(ParseBoolean, TakesThreeWordsForEach) {
  for (const char* text : {"true", "1", "yes"}) EXPECT_EQ(parse_boolean(text), true);
  for (const char* text : {"false", "0", "no"}) EXPECT_EQ(parse_boolean(text), false);
  for (const char* text : {"", "True", "on", "2"}) EXPECT_EQ(parse_boolean(text), std::nullopt) << text;
}

TEST(ParseOption, TakesBothEndsOfARangeAndNothingBeyond) {
  const OptionInfo info{.min = 2, .max = 5};
  EXPECT_EQ(parse_option<std::size_t>("2", info).value(), 2u);
  EXPECT_EQ(parse_option<std::size_t>("5", info).value(), 5u);
  EXPECT_EQ(problem<std::size_t>("1", info), "'1' is not a whole number from 2 to 5");
  EXPECT_EQ(problem<std::size_t>("6", info), "'6' is not a whole number from 2 to 5");
  EXPECT_EQ(problem<std::size_t>("abc", info), "'abc' is not a whole number from 2 to 5");
}

TEST(ParseOption, KeepsToTheMembersOwnLimit) {
  EXPECT_EQ(parse_option<std::uint16_t>("65535", {}).value(), 65535);
  EXPECT_EQ(problem<std::uint16_t>("65536", {}), "'65536' is not a whole number from 0 to 65535");
  EXPECT_EQ(problem<std::uint64_t>("x", {.min = 1}), "'x' is not a whole number of at least 1");
}

TEST(ParseOption, NamesLimitsOfSizesAsSizes) {
  const OptionInfo info{.unit = "bytes", .min = 1024, .max = 1 << 20};
  EXPECT_EQ(parse_option<std::size_t>("64KiB", info).value(), 65536u);
  EXPECT_EQ(problem<std::size_t>("2MiB", info), "'2MiB' is not a size from 1KiB to 1MiB, such as 65536 or 64KiB");
}

TEST(ParseOption, TakesDurationsThatTheirMemberCanHold) {
  const OptionInfo info{.unit = "seconds", .min = 0.5, .max = 60};
  EXPECT_EQ(parse_option<milliseconds>("1.5", info).value(), milliseconds(1500));
  EXPECT_EQ(parse_option<milliseconds>("500ms", info).value(), milliseconds(500));
  EXPECT_EQ(parse_option<milliseconds>("1m", info).value(), milliseconds(60'000));
  EXPECT_EQ(problem<milliseconds>("499ms", info), "'499ms' is not a number from 0.5 to 60");
  EXPECT_EQ(problem<milliseconds>("61", info), "'61' is not a number from 0.5 to 60");
  EXPECT_EQ(problem<milliseconds>("0.5001", info), "'0.5001' is not a number from 0.5 to 60");
  EXPECT_EQ(problem<seconds>("1.5", info), "'1.5' is not a whole number from 0.5 to 60");
}

TEST(ParseOption, SaysWhatMisfittingTextShouldBe) {
  const OptionInfo info{.misfit = [](std::string_view text) -> std::string_view {
    return text.starts_with('/') ? "" : "a name that begins with '/'";
  }};
  EXPECT_EQ(parse_option<std::string>("/a", info).value(), "/a");
  EXPECT_EQ(problem<std::string>("a", info), "'a' is not a name that begins with '/'");
}

TEST(ParseOption, SaysWhatOtherTypesShouldBe) {
  EXPECT_EQ(problem<bool>("on", {}), "'on' is not true or false");
  EXPECT_EQ(problem<Address>("8080", {}), "'8080' is not " + std::string(Address::expected));
  EXPECT_EQ(problem<double>("-1", {.max = 1}), "'-1' is not a number from 0 to 1");
}

TEST(ParseChoice, GivesThePlaceOrAllNames) {
  constexpr std::array<std::string_view, 3> names{"one", "two", "three"};
  EXPECT_EQ(parse_choice("two", names).value(), 1u);
  EXPECT_EQ(parse_choice("Two", names).error().detail, "'Two' is not one, two or three");
}

TEST(OptionValue, ShowsWhatParsesBack) {
  const OptionInfo bytes{.unit = "bytes"}, seconds_info{.unit = "seconds"}, ms{.unit = "milliseconds"};
  EXPECT_EQ(OptionValue<std::size_t>::text(65536, bytes), "64KiB");
  EXPECT_EQ(OptionValue<std::size_t>::text(65537, bytes), "65537");
  EXPECT_EQ(OptionValue<std::size_t>::text(0, bytes), "0");
  EXPECT_EQ(OptionValue<std::size_t>::text(1024, {}), "1024");
  EXPECT_EQ(OptionValue<milliseconds>::text(milliseconds(1500), seconds_info), "1.5");
  EXPECT_EQ(OptionValue<milliseconds>::text(milliseconds(30000), ms), "30000");
  EXPECT_EQ(OptionValue<seconds>::text(seconds(120), seconds_info), "120");
  EXPECT_EQ(text_of_decimal(0.1), "0.1");
  EXPECT_EQ(text_of_decimal(1e21), "1000000000000000000000");
}

}  // namespace
}  // namespace sluice::base
