// Lists that go over all nodes of a cluster.

#include <algorithm>
#include <set>

#include "tests/unit/control/running_nodes.hpp"

namespace sluice::control {
namespace {

using Names = std::vector<std::string>;

class ClusterListsTest : public NodesTest {
 protected:
  RunningNode &a_ = start(0xa, "a"), &b_ = start(0xb, "b"), &c_ = start(0xc, "c");
  std::vector<workers::LineClient> clients_;

  void join(RunningNode& node, const std::string& rooms, std::size_t worker = 0) {
    clients_.push_back(node.workers.member(rooms, worker));
  }
  // All pages, each from the next node in turn; gives what `take` finds on them.
  template <class Request, class Response>
  Names walk(void (Calls::*call)(const Request&, base::TimePoint, const Answer<Response>&), Request request,
             Names (*take)(const Response&)) {
    Names all;
    const std::array<RunningNode*, 3> nodes{&a_, &b_, &c_};
    for (std::size_t page = 0; page < 100; ++page) {
      const auto outcome = nodes[page % nodes.size()]->ask(call, request);
      EXPECT_TRUE(outcome);
      if (!outcome) break;
      const Names items = take(*outcome);
      EXPECT_LE(items.size(), 3u);
      all.insert(all.end(), items.begin(), items.end());
      request.set_page_token(outcome->next_page_token());
      if (outcome->next_page_token().empty()) return all;
    }
    ADD_FAILURE() << "the list has no end";
    return all;
  }
  static Names ids(const v1::ListConnectionsResponse& page) {
    Names ids;
    for (const v1::Connection& one : page.connections()) ids.push_back(one.id());
    return ids;
  }
  static Names rooms(const v1::ListRoomsResponse& page) {
    Names rooms;
    for (const v1::Room& one : page.rooms()) rooms.push_back(one.name() + "=" + std::to_string(one.members()));
    return rooms;
  }
  static Names members(const v1::PresenceResponse& page) {
    Names ids;
    for (const v1::Member& one : page.members()) ids.push_back(one.connection());
    return ids;
  }
};

TEST_F(ClusterListsTest, ConnectionsOfAllNodesAreListedOnceWhicheverNodeGivesThePages) {
  for (int count = 0; count < 4; ++count) {
    for (RunningNode* const node : {&a_, &b_, &c_}) join(*node, "lobby", count % 2);
  }
  v1::ListConnectionsRequest request;
  request.set_page_size(2);
  const Names all = walk(&Calls::list_connections, request, ids);
  EXPECT_EQ(all.size(), 12u);
  EXPECT_EQ((std::set<std::string>(all.begin(), all.end()).size()), 12u);
  request.set_room("other");
  EXPECT_EQ(walk(&Calls::list_connections, request, ids), Names{});
}

TEST_F(ClusterListsTest, ANodeThatGoesInTheMiddleOfAListTakesItsConnectionsWithIt) {
  for (RunningNode* const node : {&a_, &b_, &c_}) {
    join(*node, "lobby");
    join(*node, "lobby");
  }
  v1::ListConnectionsRequest request;
  request.set_page_size(3);
  const auto first = c_.ask(&Calls::list_connections, request);
  ASSERT_EQ(first->connections_size(), 3);
  EXPECT_EQ(first->connections(2).node(), "b");
  lose(b_);
  request.set_page_token(first->next_page_token());
  const auto second = a_.ask(&Calls::list_connections, request);
  ASSERT_TRUE(second);
  ASSERT_EQ(second->connections_size(), 2);
  EXPECT_EQ(second->connections(0).node(), "c");
}

TEST_F(ClusterListsTest, ANodeThatDoesNotAnswerIsLeftOutAndNamed) {
  for (RunningNode* const node : {&a_, &b_, &c_}) join(*node, "lobby");
  b_.peers.be_silent();
  const auto page = a_.ask(&Calls::list_connections, {});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->connections_size(), 2);
  ASSERT_EQ(page->silent_nodes_size(), 1);
  EXPECT_EQ(page->silent_nodes(0).name(), "b");
}

TEST_F(ClusterListsTest, ATokenOfOtherFiltersOrOfNoneIsRefused) {
  for (int count = 0; count < 4; ++count) join(a_, "lobby");
  v1::ListConnectionsRequest request;
  request.set_page_size(1);
  request.set_page_token(a_.ask(&Calls::list_connections, request)->next_page_token());
  request.set_room("lobby");
  EXPECT_EQ(b_.ask(&Calls::list_connections, request).failure().field, "page_token");
  request.set_page_token("x");
  EXPECT_EQ(b_.ask(&Calls::list_connections, request).failure().field, "page_token");
  request.set_page_token({});
  request.set_page_size(4);
  EXPECT_EQ(b_.ask(&Calls::list_connections, request).failure().limit_option, "list-page-max");
}

TEST_F(ClusterListsTest, RoomsAreListedByNameWithTheMembersOfAllNodes) {
  join(a_, "lobby m-1");
  join(b_, "lobby m-2", 1);
  join(b_, "lobby");
  join(c_, "x z");
  v1::ListRoomsRequest request;
  request.set_page_size(2);
  EXPECT_EQ(walk(&Calls::list_rooms, request, rooms), (Names{"lobby=3", "m-1=1", "m-2=1", "x=1", "z=1"}));
  request.set_prefix("m-");
  EXPECT_EQ(walk(&Calls::list_rooms, request, rooms), (Names{"m-1=1", "m-2=1"}));
  request.set_local(true);
  request.clear_prefix();
  EXPECT_EQ(a_.ask(&Calls::list_rooms, request)->rooms_size(), 2);
}

TEST_F(ClusterListsTest, RoomsOfANodeThatDoesNotAnswerAreMissingAndItIsNamed) {
  join(a_, "one");
  join(b_, "two");
  b_.peers.be_silent();
  const auto page = a_.ask(&Calls::list_rooms, {});
  ASSERT_TRUE(page);
  EXPECT_EQ(rooms(*page), Names{"one=1"});
  EXPECT_EQ(page->silent_nodes(0).name(), "b");
}

TEST_F(ClusterListsTest, PresenceCountsAndListsTheMembersOfARoomOnAllNodes) {
  for (std::size_t count = 0; count < 3; ++count) join(a_, "lobby user:mary", count % 2);
  join(b_, "other");
  join(c_, "lobby");
  v1::PresenceRequest request;
  request.set_room("lobby");
  const auto first = b_.ask(&Calls::presence, request);
  ASSERT_TRUE(first) << first.failure().message;
  EXPECT_EQ(first->count(), 4u);
  ASSERT_EQ(first->nodes_size(), 2);
  EXPECT_EQ(first->nodes(0).node(), "a");
  EXPECT_EQ(first->nodes(0).count(), 3u);
  request.set_page_size(2);
  const Names all = walk(&Calls::presence, request, members);
  EXPECT_EQ(all.size(), 4u);
  EXPECT_EQ((std::set<std::string>(all.begin(), all.end()).size()), 4u);
  EXPECT_EQ(b_.ask(&Calls::presence, request)->members(0).user(), "mary");
  request.set_local(true);
  EXPECT_EQ(c_.ask(&Calls::presence, request)->count(), 1u);
  EXPECT_EQ(c_.ask(&Calls::presence, request)->members_size(), 1);
}

TEST_F(ClusterListsTest, PresenceMayCountAlone) {
  join(a_, "lobby");
  join(c_, "lobby");
  v1::PresenceRequest request;
  request.set_room("lobby");
  request.set_only_count(true);
  const auto counted = a_.ask(&Calls::presence, request);
  EXPECT_EQ(counted->count(), 2u);
  EXPECT_EQ(counted->members_size(), 0);
  EXPECT_EQ(counted->next_page_token(), "");
  request.set_room("nobody");
  EXPECT_EQ(a_.ask(&Calls::presence, request)->count(), 0u);
  request.set_room("");
  EXPECT_EQ(a_.ask(&Calls::presence, request).failure().field, "room");
}

TEST_F(ClusterListsTest, WhoIsSilentIsNamedOnceAndNotWaitedForAgain) {
  join(a_, "lobby");
  join(b_, "lobby");
  b_.peers.be_silent();
  v1::PresenceRequest request;
  request.set_room("lobby");
  const auto page = a_.ask(&Calls::presence, request);
  EXPECT_EQ(page->count(), 1u);
  EXPECT_EQ(page->members_size(), 1);
  ASSERT_EQ(page->silent_nodes_size(), 1);
}

}  // namespace
}  // namespace sluice::control
