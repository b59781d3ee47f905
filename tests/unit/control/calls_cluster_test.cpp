// Calls that are for all nodes of a cluster.

#include <algorithm>

#include "control/share_kinds.hpp"
#include "tests/unit/control/running_nodes.hpp"

namespace sluice::control {
namespace {

using Names = std::vector<std::string>;

class ClusterCallsTest : public NodesTest {
 protected:
  RunningNode &a_ = start(0xa, "a"), &b_ = start(0xb, "b"), &c_ = start(0xc, "c");

  static v1::JoinRoomsRequest join(const std::string& target, const std::string& room) {
    v1::JoinRoomsRequest request;
    request.mutable_target()->add_rooms(target);
    request.add_rooms(room);
    return request;
  }
  template <class Response>
  static Names silent(const Response& response) {
    Names names;
    for (const v1::SilentNode& node : response.silent_nodes()) names.push_back(node.name());
    return names;
  }
};

TEST_F(ClusterCallsTest, JoiningAndLeavingReachWhoeverIsMeantOnAnyNode) {
  auto one = a_.workers.member("lobby"), two = b_.workers.member("lobby"), three = b_.workers.member("lobby", 1);
  auto other = c_.workers.member("other");
  const auto joined = a_.ask(&Calls::join_rooms, join("lobby", "extra"));
  ASSERT_TRUE(joined) << joined.failure().message;
  EXPECT_EQ(joined->matched(), 3u);
  EXPECT_EQ(joined->changed(), 3u);
  EXPECT_EQ(joined->silent_nodes_size(), 0);
  EXPECT_EQ(b_.workers.pool.sequencer({}).members(workers::RoomKey::room("extra")), 2u);
  v1::LeaveRoomsRequest leave;
  leave.mutable_target()->add_rooms("extra");
  leave.add_rooms("lobby");
  EXPECT_EQ(c_.ask(&Calls::leave_rooms, leave)->changed(), 3u);
  EXPECT_EQ(a_.workers.pool.sequencer({}).members(workers::RoomKey::room("lobby")), 0u);
}

TEST_F(ClusterCallsTest, ACallMayBeForThisNodeAlone) {
  auto one = a_.workers.member("lobby"), two = b_.workers.member("lobby");
  auto request = join("lobby", "extra");
  request.set_local(true);
  EXPECT_EQ(a_.ask(&Calls::join_rooms, request)->matched(), 1u);
}

TEST_F(ClusterCallsTest, NodesThatDoNotAnswerAreNamed) {
  auto one = a_.workers.member("lobby"), two = b_.workers.member("lobby");
  b_.peers.be_silent();
  const auto joined = a_.ask(&Calls::join_rooms, join("lobby", "extra"));
  ASSERT_TRUE(joined);
  EXPECT_EQ(joined->matched(), 1u);
  ASSERT_EQ(silent(*joined), Names{"b"});
  EXPECT_EQ(joined->silent_nodes(0).incarnation(), "0000000b");
  EXPECT_EQ(joined->silent_nodes(0).error().code(), 4);
  EXPECT_EQ(joined->silent_nodes(0).error().detail().reason(), "timed_out");
}

TEST_F(ClusterCallsTest, ConnectionsThatAreNamedAreSoughtOnTheirNodesAlone) {
  auto mine = a_.workers.member("x"), theirs = b_.workers.member("x");
  v1::ListConnectionsRequest list;
  list.set_local(true);
  const auto listed = b_.ask(&Calls::list_connections, list);
  ASSERT_EQ(listed->connections_size(), 1);
  v1::DisconnectRequest request;
  request.mutable_target()->add_connections(listed->connections(0).id());
  c_.peers.be_silent();
  const auto ended = a_.ask(&Calls::disconnect, request);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->matched(), 1u);
  EXPECT_EQ(ended->silent_nodes_size(), 0);
  EXPECT_EQ(a_.ask(&Calls::disconnect, request)->matched(), 0u);
}

TEST_F(ClusterCallsTest, AnIdOfANodeThatIsGoneMatchesNobody) {
  v1::DisconnectRequest request;
  request.mutable_target()->add_connections("00000077-0-1-1");
  const auto ended = a_.ask(&Calls::disconnect, request);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->matched(), 0u);
  v1::GetConnectionRequest get;
  get.set_id("00000077-0-1-1");
  EXPECT_EQ(a_.ask(&Calls::get_connection, get).failure().code, base::Errc::not_found);
}

TEST_F(ClusterCallsTest, ACallThatNoNodeDidFails) {
  auto theirs = b_.workers.member("x");
  const std::string id = b_.ask(&Calls::list_connections, {})->connections(0).id();
  b_.peers.be_silent();
  v1::DisconnectRequest request;
  request.mutable_target()->add_connections(id);
  const auto failure = a_.ask(&Calls::disconnect, request).failure();
  EXPECT_EQ(failure.code, base::Errc::timed_out);
  EXPECT_EQ(failure.message, "node b: the node did not answer in time");
}

TEST_F(ClusterCallsTest, AKeyIsKnownOnEachNodeThatDidItsShare) {
  auto one = a_.workers.member("lobby"), two = b_.workers.member("lobby");
  v1::DisconnectRequest request;
  request.mutable_target()->add_rooms("lobby");
  request.set_idempotency_key("k");
  EXPECT_EQ(a_.ask(&Calls::disconnect, request)->matched(), 2u);
  auto later = b_.workers.member("lobby");
  EXPECT_EQ(c_.ask(&Calls::disconnect, request)->matched(), 2u) << "asked elsewhere, and told what was";
  EXPECT_EQ(b_.workers.pool.sequencer({}).members(workers::RoomKey::room("lobby")), 1u) << "and not done again";
  request.set_reason("other");
  EXPECT_EQ(a_.ask(&Calls::disconnect, request).failure().code, base::Errc::already_exists);
}

TEST_F(ClusterCallsTest, AnAnswerInWhichANodeIsMissingIsNotRemembered) {
  auto one = a_.workers.member("lobby");
  auto request = join("lobby", "extra");
  request.set_idempotency_key("k");
  c_.peers.be_silent();
  EXPECT_EQ(silent(*a_.ask(&Calls::join_rooms, request)), Names{"c"});
  lose(c_);
  const auto again = a_.ask(&Calls::join_rooms, request);
  EXPECT_EQ(again->silent_nodes_size(), 0);
  EXPECT_EQ(again->changed(), 1u) << "what was done is told, not done again";
}

TEST_F(ClusterCallsTest, ABadCallIsRefusedBeforeAnyoneIsAsked) {
  EXPECT_EQ(a_.ask(&Calls::join_rooms, join("", "extra")).failure().field, "target.rooms[0]");
  EXPECT_EQ(a_.ask(&Calls::disconnect, {}).failure().field, "target");
}

TEST_F(ClusterCallsTest, AQuestionThatCannotBeUnderstoodIsRefused) {
  std::promise<std::vector<workers::PeerAnswer>> promise;
  a_.peers.ask(std::vector<std::uint32_t>{0xb}, share_kinds::join_rooms, "\xff", base::Clock::now(),
               [&](std::vector<workers::PeerAnswer> answers) { promise.set_value(std::move(answers)); });
  const auto answers = promise.get_future().get();
  ASSERT_EQ(answers.size(), 1u);
  ASSERT_FALSE(answers[0].payload);
  EXPECT_EQ(answers[0].payload.error().code, base::Errc::bad_request);
}

TEST_F(ClusterCallsTest, ANodeWhoseAnswerCannotBeUnderstoodIsNamed) {
  workers::LinkedPeers odd(network_, 0xd, "odd");
  odd.serve(share_kinds::join_rooms, [](auto, const auto& answer) { answer(std::string("\xff")); });
  const auto joined = a_.ask(&Calls::join_rooms, join("lobby", "extra"));
  ASSERT_TRUE(joined);
  EXPECT_EQ(silent(*joined), Names{"odd"});
  EXPECT_EQ(joined->silent_nodes(0).error().message(), "the node's answer cannot be understood");
}

TEST_F(ClusterCallsTest, AConnectionIsShownByItsNode) {
  auto theirs = b_.workers.member("x");
  v1::GetConnectionRequest request;
  request.set_id(b_.ask(&Calls::list_connections, {})->connections(0).id());
  const auto shown = a_.ask(&Calls::get_connection, request);
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->connection().node(), "b");
  theirs.close();
  ASSERT_TRUE(b_.workers.has_connections(0));
  EXPECT_EQ(a_.ask(&Calls::get_connection, request).failure().message, "no such connection, or none any more");
  b_.peers.be_silent();
  EXPECT_EQ(a_.ask(&Calls::get_connection, request).failure().message, "node b: the node did not answer in time");
}

}  // namespace
}  // namespace sluice::control
