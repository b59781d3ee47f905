// What becomes of Socket.IO clients whose rooms have no messages here yet.

#include <gtest/gtest.h>

#include "tests/unit/gateway/late_rooms.hpp"

namespace sluice::gateway {
namespace {

using workers::LateBroker;

class LateSockets : public LateRooms {
 protected:
  // A session that has joined nothing yet.
  TestClient session() {
    TestClient client(gateway_);
    client.open("/socket.io/?EIO=4&transport=websocket&room=a");
    client.read_frame();
    return client;
  }
  static std::string part_of(const std::string& frame, const std::string& name) {
    const auto begin = frame.find("\"" + name + "\":\"") + name.size() + 4;
    return frame.substr(begin, frame.find('"', begin) - begin);
  }
  // A socket whose client has gone without a word, and what it was told at its beginning.
  std::string broken_socket() {
    broker_.prepares_at_once = true;
    std::string told;
    {
      TestClient client = session();
      client.send(text_frame("40"));
      told = client.read_frame();
    }
    EXPECT_TRUE(is_empty());
    broker_.prepares_at_once = false;
    return told;
  }
  static std::string back(const std::string& told, const std::string& offset) {
    return text_frame("40{\"pid\":\"" + part_of(told, "pid") + "\",\"offset\":\"" + offset + "\"}");
  }
};

TEST_F(LateSockets, ANamespaceIsJoinedOnceItsRoomsArePrepared) {
  TestClient client = session();
  client.send(text_frame("40"));
  ASSERT_TRUE(waits());
  client.send(ping_frame("p"));
  EXPECT_EQ(client.read_frame(), "\x8Ap");
  ASSERT_TRUE(prepare());
  EXPECT_TRUE(client.read_frame().starts_with(heard("40{\"sid\":")));
}

// Clients do not come back after a CONNECT_ERROR.
TEST_F(LateSockets, OneWhoseRoomsCannotBeHadIsCutOffSoThatItComesBack) {
  TestClient client = session();
  client.send(text_frame("40"));
  ASSERT_TRUE(fail());
  EXPECT_EQ(client.read_frame(), "\x88\x03\xF5the broker said so");
  broker_.prepares_at_once = true;
  TestClient again = session();
  again.send(text_frame("40"));
  EXPECT_TRUE(again.read_frame().starts_with(heard("40{\"sid\":")));
}

TEST_F(LateSockets, WhoIsGoneJoinsNothing) {
  {
    TestClient client = session();
    client.send(text_frame("40"));
    ASSERT_TRUE(waits());
  }
  ASSERT_TRUE(is_empty());
  ASSERT_TRUE(prepare());
  EXPECT_EQ(gateway_.pool->sequencer({}).members(workers::RoomKey::room("a")), 0U);
}

TEST_F(LateSockets, OneThatComesBackHasWhatItMissed) {
  const std::string told = broken_socket();
  say("a", "missed");
  gateway_.pool->sequencer({}).begin(LateBroker::at(1));  // as if it was another node's until now
  TestClient client = session();
  client.send(back(told, position(0)));
  ASSERT_TRUE(prepare());
  const std::string again = client.read_frame();
  EXPECT_EQ(part_of(again, "sid"), part_of(told, "sid"));
  EXPECT_EQ(client.read_frame(), heard(R"(42["message","missed",")" + position(1) + R"("])"));
}

TEST_F(LateSockets, OneThatCannotHaveItMayComeBackOnceMore) {
  const std::string told = broken_socket();
  gateway_.pool->sequencer({}).begin(LateBroker::at(0));
  TestClient client = session();
  client.send(back(told, position(0)));
  ASSERT_TRUE(fail());
  EXPECT_TRUE(client.read_frame().starts_with("\x88"));
  TestClient again = session();
  again.send(back(told, position(0)));
  ASSERT_TRUE(prepare());
  EXPECT_EQ(part_of(again.read_frame(), "sid"), part_of(told, "sid"));
}

TEST_F(LateSockets, OneThatIsGoneAgainMayComeBackOnceMore) {
  const std::string told = broken_socket();
  gateway_.pool->sequencer({}).begin(LateBroker::at(0));
  {
    TestClient client = session();
    client.send(back(told, position(0)));
    ASSERT_TRUE(waits());
  }
  ASSERT_TRUE(is_empty());
  ASSERT_TRUE(prepare());
  TestClient client = session();
  client.send(back(told, position(0)));
  EXPECT_EQ(part_of(client.read_frame(), "sid"), part_of(told, "sid"));
}

}  // namespace
}  // namespace sluice::gateway
