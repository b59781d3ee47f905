#pragma once
// A Socket.IO client over a WebSocket, in one namespace.

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/gateway/engine_requests.hpp"

namespace sluice::gateway {

struct SocketIoClient {
  // Comes back as the socket of `pid`, if that is not empty.
  explicit SocketIoClient(const RunningGateway& gateway, const std::string& back_as = {},
                          const std::string& query = "&room=lobby")
      : client(gateway) {
    client.open("/socket.io/?EIO=4&transport=websocket" + query);
    client.read_frame();
    client.send(text_frame(back_as.empty() ? "40" : "40{\"pid\":\"" + back_as + "\"}"));
    const std::string connected = client.read_frame();
    sid = part_of(connected, "\"sid\":\"");
    pid = part_of(connected, "\"pid\":\"");
    EXPECT_FALSE(sid.empty()) << connected;
  }

  TestClient client;
  std::string sid, pid;
};

}  // namespace sluice::gateway
