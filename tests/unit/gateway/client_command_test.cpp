#include "gateway/client_command.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

using Kind = ClientCommand::Kind;

ReadCommand read_command(std::string_view text) { return gateway::read_command(text, Dialect::websocket); }
ReadCommand read_line(std::string_view text) { return gateway::read_command(text, Dialect::lines); }
ReadCommand read_datagram(std::string_view text) { return gateway::read_command(text, Dialect::datagrams); }

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

TEST(ClientCommand, ALineNeedsNoIdUnlessItAsks) {
  const auto join = read_line(R"({"join":"a"})");
  ASSERT_TRUE(join.command);
  EXPECT_FALSE(join.id);
  EXPECT_EQ(join.command->rooms, std::vector<std::string>{"a"});
  EXPECT_EQ(read_line(R"({"leave":["a","b"]})").command->rooms.size(), 2u);
  EXPECT_EQ(read_line("{}").command->kind, Kind::nothing);
  EXPECT_EQ(read_line(R"({"id":1,"presence":{"rooms":["a"]}})").id, 1u);
  EXPECT_FALSE(read_line(R"({"presence":{"rooms":["a"]}})").command);
  EXPECT_FALSE(read_line(R"({"request":{"data":1}})").command);
  EXPECT_FALSE(read_line(R"({"id":"1","join":"a"})").command);
  EXPECT_FALSE(read_line(R"({"subscribe":{}})").command);
}

TEST(ClientCommand, AFirstLineSaysWhoWhereAndSinceWhen) {
  const auto connect =
      read_line(R"({"connect":{"token":"t","namespace":"/x","rooms":["a","b"],"since":"00c0ffee00c0ffee-42"}})");
  ASSERT_TRUE(connect.command);
  EXPECT_EQ(connect.command->token, "t");
  EXPECT_EQ(connect.command->name_space, "/x");
  EXPECT_EQ(connect.command->rooms.size(), 2u);
  EXPECT_EQ(connect.command->since->offset, 42u);
  EXPECT_TRUE(read_line(R"({"connect":{}})").command);
  EXPECT_FALSE(read_line(R"({"connect":{"room":"a","rooms":["b"]}})").command);
  EXPECT_FALSE(read_line(R"({"connect":{"seconds":1}})").command);
  EXPECT_FALSE(read_command(R"({"id":1,"connect":{}})").command);
}

TEST(ClientCommand, ADatagramSubscribesPublishesOrLeaves) {
  const auto subscribe = read_datagram(R"({"subscribe":{"room":"a","seconds":30,"proof":"abcdefgh"}})");
  ASSERT_TRUE(subscribe.command);
  EXPECT_EQ(subscribe.command->seconds, 30u);
  EXPECT_EQ(subscribe.command->proof, "abcdefgh");
  EXPECT_EQ(read_datagram(R"({"publish":{"data":1,"token":"t"}})").command->token, "t");
  EXPECT_TRUE(read_datagram(R"({"leave":"a"})").command);
  for (const char* wrong : {R"({"subscribe":{"seconds":0}})", R"({"subscribe":{"seconds":1.5}})", R"({"join":"a"})",
                            R"({"subscribe":{"seconds":"1"}})", R"({"subscribe":{"proof":1}})", "[]", "{", ""}) {
    EXPECT_FALSE(read_datagram(wrong).command) << wrong;
  }
}

}  // namespace
}  // namespace sluice::gateway
