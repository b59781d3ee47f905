#include "control/translator.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "workers/event_names.hpp"

namespace sluice::control {
namespace {

using workers::RoomKey;

class TranslatorTest : public testing::Test {
 protected:
  // A good publish, spoilt by `change`.
  Problem publish(const std::function<void(v1::PublishRequest&)>& change) {
    v1::PublishRequest request;
    request.mutable_target()->add_rooms("lobby");
    request.mutable_payload()->set_text("hi");
    change(request);
    message = {};
    return translator.message(request, message);
  }
  // What is wrong with the target that `change` makes.
  Problem target(const std::function<void(v1::Target&)>& change) {
    v1::Target given;
    change(given);
    message = {};
    return translator.target(given, message.target);
  }
  static std::string field(const Problem& problem) { return problem ? problem->field : "(nothing)"; }

  workers::Namespaces namespaces{{.declared = {"/admin"}}};
  Translator translator{namespaces, {.room_name_bytes_max = 8, .publish_batch_max = 3, .list_page_max = 5}};
  workers::Message message;
};

TEST_F(TranslatorTest, APlainPublishBecomesAMessage) {
  ASSERT_FALSE(publish([](auto&) {}));
  EXPECT_EQ(message.event, "message");
  EXPECT_EQ(message.data, "hi");
  EXPECT_EQ(message.kind, workers::DataKind::text);
  EXPECT_TRUE(message.stored);
  EXPECT_FALSE(message.slow_policy);
  EXPECT_TRUE(message.target.is_one_room());
  EXPECT_EQ(message.target.rooms[0], RoomKey::room("lobby"));
}

TEST_F(TranslatorTest, OptionsReachTheMessage) {
  ASSERT_FALSE(publish([](auto& request) {
    request.mutable_options()->set_volatile_(true);
    request.mutable_options()->set_slow_policy(v1::SLOW_POLICY_CONFLATE);
    request.mutable_options()->set_conflation_key("price");
    request.mutable_payload()->set_binary(std::string("\0\xff", 2));
    request.mutable_payload()->set_event("tick");
    request.mutable_options()->set_compress(false);
  }));
  EXPECT_EQ(message.deflation, workers::Deflation::never);
  EXPECT_FALSE(message.stored);
  EXPECT_EQ(message.slow_policy, workers::SlowPolicy::conflate);
  EXPECT_EQ(message.conflation_key, "price");
  EXPECT_EQ(message.kind, workers::DataKind::binary);
  EXPECT_EQ(message.data.size(), 2U);
  EXPECT_EQ(message.event, "tick");
}

TEST_F(TranslatorTest, AVerdictSaysWhoOrWhy) {
  v1::Verdict request;
  workers::Verdict verdict;
  EXPECT_EQ(translator.verdict(request, verdict)->field, "answer");
  request.mutable_allow()->set_user("ann");
  request.mutable_allow()->add_rooms("a");
  request.mutable_allow()->add_rooms("a");
  ASSERT_FALSE(translator.verdict(request, verdict));
  EXPECT_TRUE(verdict.allows);
  EXPECT_EQ(verdict.user, "ann");
  EXPECT_EQ(verdict.rooms, std::vector<RoomKey>{RoomKey::room("a")});
  request.mutable_allow()->set_user("longer than 8");
  EXPECT_TRUE(translator.verdict(request, verdict));
  verdict = {};
  request.mutable_refuse();
  ASSERT_FALSE(translator.verdict(request, verdict));
  EXPECT_FALSE(verdict.allows);
  EXPECT_EQ(verdict.message, "Not allowed");
  request.mutable_refuse()->set_data("{");
  EXPECT_TRUE(translator.verdict(request, verdict));
  request.mutable_refuse()->set_data("{}");
  request.mutable_refuse()->set_message(std::string(257, 'x'));
  EXPECT_TRUE(translator.verdict(request, verdict));
}

TEST_F(TranslatorTest, EachSlowPolicyIsItsOwn) {
  const std::pair<v1::SlowPolicy, workers::SlowPolicy> policies[] = {
      {v1::SLOW_POLICY_CLOSE, workers::SlowPolicy::close},
      {v1::SLOW_POLICY_DROP_NEWEST, workers::SlowPolicy::drop_newest},
      {v1::SLOW_POLICY_DROP_OLDEST, workers::SlowPolicy::drop_oldest}};
  for (const auto& policy : policies) {
    ASSERT_FALSE(publish([&](auto& request) { request.mutable_options()->set_slow_policy(policy.first); }));
    EXPECT_EQ(message.slow_policy, policy.second);
  }
}

TEST_F(TranslatorTest, EverythingInATargetIsKept) {
  ASSERT_FALSE(target([](auto& given) {
    given.set_namespace_("/admin");
    given.add_rooms("a");
    given.add_users("u");
    given.add_connections("9f31c2d0-1-2a-7");
    given.add_except_rooms("b");
    given.add_except_users("v");
    given.add_except_connections("9f31c2d0-1-2a-8");
  }));
  const workers::Target& made = message.target;
  EXPECT_EQ(made.name_space.value, 1);
  EXPECT_EQ(made.rooms, (std::vector{RoomKey::room("a"), RoomKey::user("u")}));
  EXPECT_EQ(made.except_rooms, (std::vector{RoomKey::room("b"), RoomKey::user("v")}));
  ASSERT_EQ(made.connections.size(), 1U);
  EXPECT_EQ(made.connections[0].text(), "9f31c2d0-1-2a-7");
  ASSERT_EQ(made.except_connections.size(), 1U);
}

TEST_F(TranslatorTest, NamesThatComeTwiceCountOnce) {
  ASSERT_FALSE(target([](auto& given) {
    for (const char* room : {"a", "b", "a"}) given.add_rooms(room);
    given.add_users("a");
  }));
  EXPECT_EQ(message.target.rooms, (std::vector{RoomKey::room("a"), RoomKey::room("b"), RoomKey::user("a")}));
}

TEST_F(TranslatorTest, ATargetOfNobodyIsRefused) {
  EXPECT_EQ(field(target([](auto&) {})), "target");
  EXPECT_EQ(field(target([](auto& given) { given.add_except_rooms("a"); })), "target");
}

TEST_F(TranslatorTest, EveryoneStandsAlone) {
  EXPECT_FALSE(target([](auto& given) {
    given.set_everyone(true);
    given.add_except_rooms("a");
  }));
  EXPECT_EQ(message.target.rooms, std::vector{RoomKey::everyone()});
  EXPECT_EQ(field(target([](auto& given) {
              given.set_everyone(true);
              given.add_rooms("a");
            })),
            "target");
}

TEST_F(TranslatorTest, AnUnknownNamespaceIsNotFound) {
  const Problem problem = target([](auto& given) {
    given.set_namespace_("/nope");
    given.add_rooms("a");
  });
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->code, base::Errc::not_found);
  EXPECT_EQ(problem->field, "target.namespace");
}

TEST_F(TranslatorTest, BadRoomNamesAreRefusedEverywhere) {
  for (const std::string& name : {std::string(), std::string("a\n"), std::string("\x7f"), std::string("\xc2\x85"),
                                  std::string("123456789"), std::string("a\0b", 3)}) {
    EXPECT_EQ(field(target([&](auto& given) {
                given.add_rooms("ok");
                given.add_rooms(name);
              })),
              "target.rooms[1]");
    EXPECT_EQ(field(target([&](auto& given) { given.add_users(name); })), "target.users[0]");
  }
  EXPECT_FALSE(target([](auto& given) { given.add_rooms("12345678"); }));
  EXPECT_FALSE(target([](auto& given) { given.add_rooms("\xc3\xa4 b"); }));
}

TEST_F(TranslatorTest, ARoomNameOverTheLimitNamesTheOption) {
  const Problem problem = target([](auto& given) { given.add_rooms("123456789"); });
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->code, base::Errc::too_large);
  EXPECT_EQ(problem->limit_option, "room-name-bytes-max");
  EXPECT_EQ(problem->limit_max, 8U);
}

TEST_F(TranslatorTest, BadConnectionIdsAreRefused) {
  for (const char* id : {"", "x", "9f31c2d0-1-2a", "9f31c2d0-1-2a-7 "}) {
    EXPECT_EQ(field(target([&](auto& given) { given.add_connections(id); })), "target.connections[0]");
    EXPECT_EQ(field(target([&](auto& given) {
                given.add_rooms("a");
                given.add_except_connections(id);
              })),
              "target.except_connections[0]");
  }
}

TEST_F(TranslatorTest, ATargetsNamesAreBoundedTogether) {
  const auto rooms = [](std::size_t count) {
    return [count](v1::Target& given) {
      for (std::size_t at = 0; at < count; ++at) given.add_rooms(std::to_string(at));
    };
  };
  EXPECT_FALSE(target(rooms(target_names_max)));
  EXPECT_EQ(field(target(rooms(target_names_max + 1))), "target");
}

TEST_F(TranslatorTest, ReservedAndMalformedEventsAreRefused) {
  for (const std::string_view event : workers::reserved_events)
    EXPECT_EQ(field(publish([&](auto& request) { request.mutable_payload()->set_event(std::string(event)); })),
              "payload.event");
  for (const std::string& event :
       {std::string("a\nb"), std::string("a\r"), std::string(workers::event_bytes_max + 1, 'e')})
    EXPECT_EQ(field(publish([&](auto& request) { request.mutable_payload()->set_event(event); })), "payload.event");
  EXPECT_FALSE(
      publish([](auto& request) { request.mutable_payload()->set_event(std::string(workers::event_bytes_max, 'e')); }));
}

TEST_F(TranslatorTest, DataMustBeChosenAndMayBeEmpty) {
  EXPECT_EQ(field(publish([](auto& request) { request.mutable_payload()->clear_data(); })), "payload");
  EXPECT_EQ(field(publish([](auto& request) { request.clear_payload(); })), "payload");
  EXPECT_EQ(field(publish([](auto& request) { request.clear_target(); })), "target");
  EXPECT_FALSE(publish([](auto& request) { request.mutable_payload()->set_text(""); }));
}

TEST_F(TranslatorTest, JsonMustBeJson) {
  EXPECT_EQ(field(publish([](auto& request) { request.mutable_payload()->set_json("{"); })), "payload.json");
  ASSERT_FALSE(publish([](auto& request) { request.mutable_payload()->set_json("{\"a\": 1}"); }));
  EXPECT_EQ(message.kind, workers::DataKind::json);
  EXPECT_EQ(message.data, "{\"a\": 1}");
}

TEST_F(TranslatorTest, ArgumentsAreAnArrayThatMayReferToAttachments) {
  const auto with = [this](const std::string& arguments) {
    return field(publish([&](auto& request) {
      request.mutable_payload()->set_arguments(arguments);
      request.mutable_payload()->add_attachments("ab");
    }));
  };
  EXPECT_EQ(with("{}"), "payload.arguments");
  EXPECT_EQ(with(R"([{"_placeholder":true,"num":1}])"), "payload.attachments");
  EXPECT_EQ(with(R"([{"_placeholder":true,"num":0},1])"), "(nothing)");
  EXPECT_EQ(message.kind, workers::DataKind::arguments);
  EXPECT_EQ(message.attachments, std::vector<std::string>{"ab"});
}

TEST_F(TranslatorTest, ConflationNeedsAKeyAndAKeyNeedsConflation) {
  const auto options = [this](v1::SlowPolicy policy, const std::string& key) {
    return field(publish([&](auto& request) {
      request.mutable_options()->set_slow_policy(policy);
      request.mutable_options()->set_conflation_key(key);
    }));
  };
  EXPECT_EQ(options(v1::SLOW_POLICY_CONFLATE, ""), "options.conflation_key");
  EXPECT_EQ(options(v1::SLOW_POLICY_CLOSE, "k"), "options.conflation_key");
  EXPECT_EQ(options(v1::SLOW_POLICY_CONFLATE, std::string(256, 'k')), "options.conflation_key");
  EXPECT_EQ(options(v1::SLOW_POLICY_UNSPECIFIED, "k"), "(nothing)");
  EXPECT_EQ(options(static_cast<v1::SlowPolicy>(99), ""), "options.slow_policy");
}

TEST_F(TranslatorTest, IdempotencyKeysAreBounded) {
  const auto with_key = [this](std::size_t bytes) {
    return field(
        publish([&](auto& request) { request.mutable_options()->set_idempotency_key(std::string(bytes, 'k')); }));
  };
  EXPECT_EQ(with_key(128), "(nothing)");
  EXPECT_EQ(with_key(129), "options.idempotency_key");
}

TEST_F(TranslatorTest, OnlySomeCloseCodesMayBeSent) {
  const auto closing = [this](std::uint32_t code, const std::string& reason = "") {
    v1::DisconnectRequest request;
    request.set_close_code(code);
    request.set_reason(reason);
    workers::Ending ending{};
    const Problem problem = translator.ending(request, ending);
    return problem ? problem->field : std::to_string(ending.close_code);
  };
  EXPECT_EQ(closing(0), "1000");
  for (const std::uint32_t code : {1000U, 1001U, 1008U, 1013U, 3000U, 4999U})
    EXPECT_EQ(closing(code), std::to_string(code));
  for (const std::uint32_t code : {1U, 999U, 1002U, 1005U, 1006U, 1015U, 2999U, 5000U, 66'536U})
    EXPECT_EQ(closing(code), "close_code");
  EXPECT_EQ(closing(0, std::string(123, 'r')), "1000");
  EXPECT_EQ(closing(0, std::string(124, 'r')), "reason");
  EXPECT_EQ(closing(0, "a\nb"), "reason");
}

TEST_F(TranslatorTest, RoomsToJoinAreNamedAndBounded) {
  std::vector<RoomKey> rooms;
  v1::JoinRoomsRequest request;
  EXPECT_EQ(field(translator.changed_rooms(request.rooms(), rooms)), "rooms");
  for (const char* room : {"a", "b", "a"}) request.add_rooms(room);
  ASSERT_FALSE(translator.changed_rooms(request.rooms(), rooms));
  EXPECT_EQ(rooms, (std::vector{RoomKey::room("a"), RoomKey::room("b")}));
  while (static_cast<std::size_t>(request.rooms_size()) <= changed_rooms_max) request.add_rooms("a");
  EXPECT_EQ(field(translator.changed_rooms(request.rooms(), rooms)), "rooms");
}

TEST_F(TranslatorTest, AFilterOfRoomOrUserIsInOneNamespace) {
  v1::ListConnectionsRequest request;
  workers::ConnectionFilter filter;
  ASSERT_FALSE(translator.filter(request, filter));
  EXPECT_FALSE(filter.name_space);
  request.set_room("a");
  request.set_user("u");
  request.set_protocol(v1::PROTOCOL_WEBSOCKET);
  ASSERT_FALSE(translator.filter(request, filter));
  EXPECT_EQ(filter.name_space, base::NamespaceId{0});
  EXPECT_EQ(filter.room, RoomKey::room("a"));
  EXPECT_EQ(filter.user, "u");
  EXPECT_EQ(filter.protocol, workers::Protocol::websocket);
}

TEST_F(TranslatorTest, BadFiltersAreRefused) {
  workers::ConnectionFilter filter;
  v1::ListConnectionsRequest request;
  request.set_room("123456789");
  EXPECT_EQ(field(translator.filter(request, filter)), "room");
  request.clear_room();
  request.set_namespace_("/nope");
  EXPECT_EQ(field(translator.filter(request, filter)), "namespace");
  request.clear_namespace_();
  request.set_protocol(static_cast<v1::Protocol>(77));
  EXPECT_EQ(field(translator.filter(request, filter)), "protocol");
}

TEST_F(TranslatorTest, PagesAreBounded) {
  std::size_t size = 0;
  ASSERT_FALSE(translator.page_size("page_size", 0, size));
  EXPECT_EQ(size, 5U);  // the bound is below the usual default
  ASSERT_FALSE(translator.page_size("page_size", 5, size));
  EXPECT_EQ(translator.page_size("page_size", 6, size)->limit_option, "list-page-max");
}

TEST_F(TranslatorTest, BatchesAreBounded) {
  EXPECT_EQ(field(translator.batch_size(0)), "messages");
  EXPECT_FALSE(translator.batch_size(3));
  EXPECT_EQ(translator.batch_size(4)->limit_option, "publish-batch-max");
}

TEST_F(TranslatorTest, PositionsAreParsedOrRefused) {
  std::optional<base::Position> position;
  ASSERT_FALSE(translator.position("since", "", position));
  EXPECT_FALSE(position);
  ASSERT_FALSE(translator.position("since", "00c0ffee00c0ffee-42", position));
  EXPECT_EQ(position->offset, 42U);
  for (const char* text : {"42", "00c0ffee00c0ffee", "00c0ffee00c0ffee-", "00C0FFEE00C0FFEE-1", "00c0ffee00c0ffee--1"})
    EXPECT_EQ(field(translator.position("since", text, position)), "since") << text;
}

}  // namespace
}  // namespace sluice::control
