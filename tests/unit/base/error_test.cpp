#include "base/error.hpp"

#include <gtest/gtest.h>

#include <set>

#include "base/result.hpp"

namespace sluice::base {
namespace {

constexpr int last = static_cast<int>(Errc::internal);

TEST(Error, EachHasARowOfItsOwnName) {
  std::set<std::string_view> names;
  for (int code = 0; code <= last; ++code) names.insert(row_of(static_cast<Errc>(code)).name);
  EXPECT_EQ(names.size(), static_cast<std::size_t>(last + 1));
  EXPECT_EQ(row_of(Errc::bad_request).name, "bad_request");
  EXPECT_EQ(row_of(Errc::internal).name, "internal");
}

TEST(Error, EachIsFoundByItsName) {
  for (int code = 0; code <= last; ++code) {
    EXPECT_EQ(errc_named(row_of(static_cast<Errc>(code)).name), static_cast<Errc>(code));
  }
  EXPECT_EQ(errc_named("of_a_newer_version"), Errc::internal);
  EXPECT_EQ(errc_named(""), Errc::internal);
}

TEST(Error, EachRowFitsItsProtocols) {
  for (int code = 0; code <= last; ++code) {
    const ErrorRow& row = row_of(static_cast<Errc>(code));
    EXPECT_GE(row.http_status, 400) << row.name;
    EXPECT_LT(row.http_status, 600) << row.name;
    EXPECT_GE(row.close_code, 1002) << row.name;
    EXPECT_LE(row.close_code, 1013) << row.name;
    EXPECT_GE(row.grpc_status, 1) << row.name;
    EXPECT_LE(row.grpc_status, 16) << row.name;
    EXPECT_FALSE(row.connect_code.empty());
  }
}

TEST(Error, SaysTryAgainWhenAQueueIsFull) {
  EXPECT_EQ(row_of(Errc::exhausted).http_status, 503);
  EXPECT_EQ(row_of(Errc::exhausted).close_code, 1013);
  EXPECT_EQ(row_of(Errc::exhausted).grpc_status, 8);
}

TEST(Result, HoldsAValueOrAnError) {
  Result<int> good = 3;
  EXPECT_TRUE(good);
  EXPECT_EQ(*good, 3);
  const Result<int> bad = fail(Errc::not_found, "no such thing");
  EXPECT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().code, Errc::not_found);
  EXPECT_EQ(bad.error().detail, "no such thing");
  EXPECT_TRUE(ok());
}

}  // namespace
}  // namespace sluice::base
