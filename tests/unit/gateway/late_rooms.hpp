#pragma once
// A gateway whose rooms have no messages here until a test says so.

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/gateway/running_gateway.hpp"
#include "tests/unit/workers/late_broker.hpp"
#include "tests/unit/workers/messages.hpp"

namespace sluice::gateway {

class LateRooms : public testing::Test {
 protected:
  LateRooms() { broker_.takes_at_once = true; }

  // Has what waits prepared, until there was something.
  bool prepare() {
    const bool is_there = waits();
    broker_.prepare_rooms();
    return is_there;
  }
  bool fail() {
    const bool is_there = waits();
    broker_.fail_rooms(base::Errc::unavailable);
    return is_there;
  }
  bool waits() {
    return wait_until([this] { return broker_.rooms_waiting() > 0; });
  }
  bool is_empty() {
    return wait_until([this] { return gateway_.pool->connections() == 0; });
  }
  void say(const std::string& room, const std::string& data) {
    static_cast<void>(gateway_.pool->publish(workers::message_to(room.c_str(), data), nullptr));
  }
  std::string position(std::uint64_t offset) { return workers::LateBroker::at(offset).text(); }

  workers::LateBroker broker_;
  RunningGateway gateway_{[this](RunningGateway& g) {
    g.options.client_messages = ClientMessages::relay;
    g.broker = &broker_;
    g.has_lines = true;
    g.has_udp = true;
  }};
};

}  // namespace sluice::gateway
