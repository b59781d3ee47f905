#include "gateway/client_command.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

using Kind = ClientCommand::Kind;

TEST(ClientCommand, SaysWhatWasSaid) {
  const auto join = read_command(R"({"join":{"rooms":["a","b","a"],"since":"00c0ffee00c0ffee-42"},"id":7})");
  EXPECT_EQ(join.id, 7u);
  ASSERT_TRUE(join.command);
  EXPECT_EQ(join.command->kind, Kind::join);
  EXPECT_EQ(join.command->rooms, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(join.command->since->offset, 42u);
  const auto publish = read_command(R"({"id":0,"publish":{"event":"e","data":{"x": 1.50}}})");
  ASSERT_TRUE(publish.command);
  EXPECT_TRUE(publish.command->rooms.empty());
  EXPECT_EQ(publish.command->event, "e");
  EXPECT_EQ(publish.command->data, R"({"x": 1.50})");
  EXPECT_EQ(publish.command->data_kind, workers::DataKind::json);
}

TEST(ClientCommand, DataThatIsATextIsText) {
  const auto text = read_command(R"({"id":1,"request":{"room":"r","data":"a\nb"}})");
  ASSERT_TRUE(text.command);
  EXPECT_EQ(text.command->data_kind, workers::DataKind::text);
  EXPECT_EQ(text.command->data, "a\nb");
  const auto bytes = read_command(R"({"id":1,"publish":{"data":"AAE=","encoding":"base64"}})");
  ASSERT_TRUE(bytes.command);
  EXPECT_EQ(bytes.command->data_kind, workers::DataKind::binary);
  EXPECT_EQ(bytes.command->data, std::string("\0\1", 2));
}

TEST(ClientCommand, WhatIsWrongKeepsItsIdIfThatCanBeRead) {
  EXPECT_EQ(read_command(R"({"id":3,"jump":1})").id, 3u);
  EXPECT_FALSE(read_command(R"({"id":3,"jump":1})").command);
  EXPECT_FALSE(read_command(R"({"id":"3","join":{"rooms":["a"]}})").id);
  EXPECT_FALSE(read_command("nonsense").id);
  EXPECT_FALSE(read_command("").command);
}

TEST(ClientCommand, ALongNameIsNotRepeatedWhole) {
  const std::string name(100'000, 'x');
  EXPECT_LT(read_command("{\"id\":1,\"" + name + "\":1}").command.error().detail.size(), 200u);
}

}  // namespace
}  // namespace sluice::gateway
