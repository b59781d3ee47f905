#include "program/target_options.hpp"

#include <gtest/gtest.h>

#include "sluice/v1/types.pb.h"

namespace sluice::program {
namespace {

TEST(TargetOptions, NobodyIsNoTarget) {
  TargetOptions options;
  options.except_rooms = {"a"};
  EXPECT_TRUE(options.is_empty());
  EXPECT_NE(options.what_is_wrong(), "");
}

TEST(TargetOptions, EveryoneStandsAlone) {
  TargetOptions options;
  options.everyone = true;
  EXPECT_EQ(options.what_is_wrong(), "");
  options.users = {"mary"};
  EXPECT_NE(options.what_is_wrong(), "");
}

TEST(TargetOptions, AreWrittenInFull) {
  TargetOptions options;
  options.rooms = {"a", "b"};
  options.users = {"u"};
  options.connections = {"c"};
  options.except_rooms = {"xa"};
  options.except_users = {"xu"};
  options.except_connections = {"xc"};
  options.name_space = "/chat";
  v1::Target target;
  options.write(target);
  EXPECT_EQ(target.ShortDebugString(),
            "namespace: \"/chat\" rooms: \"a\" rooms: \"b\" users: \"u\" connections: \"c\" except_rooms: \"xa\" "
            "except_users: \"xu\" except_connections: \"xc\"");
}

}  // namespace
}  // namespace sluice::program
