// Nodes of a cluster as calls show them, and what they keep together.

#include "tests/unit/control/running_nodes.hpp"

namespace sluice::control {
namespace {

using Names = std::vector<std::string>;

class ClusterNodesTest : public NodesTest {
 protected:
  RunningNode &a_ = start(0xa, "a"), &b_ = start(0xb, "b");

  static v1::GetNodeRequest node(const std::string& name) {
    v1::GetNodeRequest request;
    request.set_node(name);
    return request;
  }
  static v1::BlockUserRequest block(const std::string& user) {
    v1::BlockUserRequest request;
    request.set_user(user);
    return request;
  }
  static bool is_blocked(const RunningNode& node, const std::string& user) {
    return node.revocations.is_blocked(user, std::chrono::system_clock::now());
  }
  // Until the node has read what the broker keeps.
  void learn(RunningNode& node) {
    values_.set_away(false);
    node.settle();
    node.settle();
  }
};

TEST_F(ClusterNodesTest, ANodeIsFoundByNameOrIncarnation) {
  EXPECT_EQ(a_.ask(&Calls::get_node, node(""))->node().name(), "a");
  EXPECT_EQ(a_.ask(&Calls::get_node, node("a"))->node().incarnation(), "0000000a");
  EXPECT_EQ(a_.ask(&Calls::get_node, node("b"))->node().incarnation(), "0000000b");
  EXPECT_EQ(a_.ask(&Calls::get_node, node("0000000b"))->node().workers_size(), 2);
  const auto failure = a_.ask(&Calls::get_node, node("z")).failure();
  EXPECT_EQ(failure.code, base::Errc::not_found);
  EXPECT_EQ(failure.field, "node");
}

TEST_F(ClusterNodesTest, ANameThatSeveralHaveIsNotEnough) {
  start(0xc, "b");
  EXPECT_EQ(a_.ask(&Calls::get_node, node("b")).failure().code, base::Errc::bad_request);
  EXPECT_EQ(a_.ask(&Calls::get_node, node("0000000c"))->node().name(), "b");
}

TEST_F(ClusterNodesTest, AllNodesAreListedByName) {
  b_.peers.set_load({.connections = 7, .is_ready = true, .is_draining = false});
  for (RunningNode* const from : {&a_, &b_}) {
    const auto list = from->ask(&Calls::list_nodes, {});
    ASSERT_EQ(list->nodes_size(), 2);
    EXPECT_EQ(list->nodes(0).name(), "a");
    EXPECT_EQ(list->nodes(1).incarnation(), "0000000b");
  }
  EXPECT_EQ(a_.ask(&Calls::list_nodes, {})->nodes(1).connections(), 7u);
}

TEST_F(ClusterNodesTest, AnotherNodeIsDrained) {
  v1::DrainRequest request;
  request.set_node("b");
  request.mutable_over()->set_seconds(0);
  std::promise<Outcome<Calls::DrainWatch>> promise;
  a_.calls.drain(request, [&](auto outcome) { promise.set_value(std::move(outcome)); });
  auto watch = promise.get_future().get();
  ASSERT_TRUE(watch) << watch.failure().message;
  EXPECT_EQ(watch->node, 0xbu);
  EXPECT_TRUE(b_.workers.pool.is_draining());
  EXPECT_FALSE(a_.workers.pool.is_draining());
  // What it says of itself may be older than that.
  EXPECT_EQ(a_.calls.drain_state(*watch).connections, 1u);
  b_.peers.set_load({.connections = 0, .is_ready = false, .is_draining = true});
  EXPECT_EQ(a_.calls.drain_state(*watch).connections, 0u);
  EXPECT_FALSE(a_.calls.drain_state(*watch).is_off);
  v1::UndrainRequest undrain;
  undrain.set_node("b");
  EXPECT_TRUE(a_.ask(&Calls::undrain, undrain)->was_draining());
  EXPECT_FALSE(b_.workers.pool.is_draining());
  b_.peers.set_load({.connections = 0, .is_ready = true, .is_draining = false});
  EXPECT_TRUE(a_.calls.drain_state(*watch).is_off);
}

TEST_F(ClusterNodesTest, AnotherNodeShedsLoad) {
  std::vector<workers::LineClient> clients;
  for (int count = 0; count < 4; ++count) clients.push_back(b_.workers.member("a", count % 2));
  v1::ShedRequest request;
  request.set_percent(100);
  request.set_node("b");
  request.mutable_over()->set_seconds(0);
  const auto shed = a_.ask(&Calls::shed, request);
  ASSERT_TRUE(shed) << shed.failure().message;
  EXPECT_EQ(shed->connections(), 4u);
  for (workers::LineClient& client : clients) EXPECT_EQ(client.line(), "bye shed 1001 shedding load");
}

TEST_F(ClusterNodesTest, AUserIsBlockedOnAllNodes) {
  auto theirs = b_.workers.member("lobby user:mary");
  const auto blocked = a_.ask(&Calls::block_user, block("mary"));
  ASSERT_TRUE(blocked) << blocked.failure().message;
  EXPECT_EQ(blocked->disconnected(), 1u);
  EXPECT_TRUE(is_blocked(a_, "mary"));
  EXPECT_TRUE(is_blocked(b_, "mary"));
  v1::UnblockUserRequest unblock;
  unblock.set_user("mary");
  EXPECT_TRUE(b_.ask(&Calls::unblock_user, unblock)->was_blocked());
  EXPECT_FALSE(is_blocked(a_, "mary"));
  EXPECT_FALSE(b_.ask(&Calls::unblock_user, unblock)->was_blocked());
}

TEST_F(ClusterNodesTest, TokensAreRevokedOnAllNodes) {
  v1::RevokeTokensRequest request;
  request.set_token_id("t1");
  ASSERT_TRUE(a_.ask(&Calls::revoke_tokens, request));
  request.mutable_subject()->set_subject("mary");
  ASSERT_TRUE(a_.ask(&Calls::revoke_tokens, request));
  EXPECT_EQ(b_.revocations.size(), 2u);
}

TEST_F(ClusterNodesTest, ANodeThatStartsLaterKnowsWhoIsKeptOut) {
  ASSERT_TRUE(a_.ask(&Calls::block_user, block("mary")));
  RunningNode& late = start(0xc, "c");
  auto learned = late.calls.access_learned();
  EXPECT_FALSE(is_blocked(late, "mary"));
  learn(late);
  learned.wait();
  EXPECT_TRUE(is_blocked(late, "mary"));
}

TEST_F(ClusterNodesTest, ANodeThatWasCutOffLearnsWhatItMissedAndEndsThoseWhoAreKeptOut) {
  ASSERT_TRUE(a_.ask(&Calls::block_user, block("anna")));
  auto theirs = b_.workers.member("lobby user:mary");
  b_.peers.be_silent();
  const auto blocked = a_.ask(&Calls::block_user, block("mary"));
  EXPECT_EQ(blocked->silent_nodes_size(), 1);
  v1::UnblockUserRequest unblock;
  unblock.set_user("anna");
  ASSERT_TRUE(a_.ask(&Calls::unblock_user, unblock));
  EXPECT_FALSE(is_blocked(b_, "mary"));
  learn(b_);
  EXPECT_TRUE(is_blocked(b_, "mary"));
  EXPECT_FALSE(is_blocked(b_, "anna"));
  EXPECT_TRUE(b_.workers.has_connections(0));
}

TEST_F(ClusterNodesTest, WithoutTheBrokerNothingIsDoneUnlessForThisNodeAlone) {
  values_.set_away(true);
  EXPECT_EQ(a_.ask(&Calls::block_user, block("mary")).failure().code, base::Errc::unavailable);
  EXPECT_FALSE(is_blocked(a_, "mary"));
  auto local = block("mary");
  local.set_local(true);
  EXPECT_TRUE(a_.ask(&Calls::block_user, local));
  EXPECT_TRUE(is_blocked(a_, "mary"));
  EXPECT_FALSE(is_blocked(b_, "mary"));
}

TEST_F(ClusterNodesTest, AChangeThatWasOvertakenIsNotTaken) {
  SharedAccess::Change blocks, unblocks;
  blocks.set_key("user.x");
  blocks.mutable_entry()->set_user("mary");
  blocks.mutable_entry()->set_until_ms(4'000'000'000'000);
  blocks.set_revision(5);
  unblocks = blocks;
  unblocks.set_removed(true);
  unblocks.set_revision(6);
  KeptValues values;
  SharedAccess access({&values, a_.executor, a_.revocations, [](const auto&) {}, [] { return false; }});
  EXPECT_TRUE(access.take(unblocks)->is_current);
  EXPECT_FALSE(access.take(blocks)->is_current);
  EXPECT_FALSE(is_blocked(a_, "mary"));
}

TEST_F(ClusterNodesTest, WhatIsOverKeepsNobodyOutAndOneNodeHasTheBrokerForgetIt) {
  cluster::v1::AccessEntry entry;
  entry.set_user("mary");
  const auto put = [&](const std::string& key, std::chrono::system_clock::time_point until) {
    entry.set_until_ms(std::chrono::duration_cast<std::chrono::milliseconds>(until.time_since_epoch()).count());
    values_.put(key, entry.SerializeAsString(), [](const auto&) {});
  };
  const auto now = std::chrono::system_clock::now();
  put("user.long-ago", now - std::chrono::hours(1));
  put("user.just-now", now - std::chrono::minutes(1));
  values_.set_away(false);
  for (RunningNode* const node : {&b_, &a_}) {
    for (int at = 0; at < 2; ++at) node->settle();
    EXPECT_FALSE(is_blocked(*node, "mary"));
    EXPECT_EQ(node->revocations.size(), 0u);
  }
  EXPECT_EQ(values_.size(), 1u);
}

TEST_F(ClusterNodesTest, WhoWatchesIsToldOfWhoGoes) {
  struct Watcher final : NodeChanges::Watcher {
    Names told;
    void on_change(const workers::PeerChange& change) override {
      told.push_back(base::incarnation_text(change.peer.incarnation));
    }
    void on_close() override { told.emplace_back("closed"); }
  };
  Watcher watcher, late;
  a_.calls.node_changes().add(watcher);
  lose(b_);
  EXPECT_EQ(watcher.told, Names{"0000000b"});
  a_.calls.node_changes().close();
  a_.calls.node_changes().add(late);
  EXPECT_EQ(watcher.told.back(), "closed");
  EXPECT_EQ(late.told, Names{"closed"});
}

}  // namespace
}  // namespace sluice::control
