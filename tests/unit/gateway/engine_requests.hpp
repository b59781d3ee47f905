#pragma once
// Requests of an Engine.IO client, each on a TCP connection of its own, which any worker may get.

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/gateway/running_gateway.hpp"

namespace sluice::gateway {

inline std::string request_of(const std::string& method, const std::string& target, const std::string& body = {}) {
  return method + " " + target +
         " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

// Gives the whole answer.
inline std::string answer_of(const RunningGateway& gateway, const std::string& method, const std::string& target,
                             const std::string& body = {}) {
  TestClient client(gateway);
  client.send(request_of(method, target, body));
  return client.read_all();
}

inline std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

// Gives the answer's body.
inline std::string ask(const RunningGateway& gateway, const std::string& method, const std::string& target,
                       const std::string& body = {}) {
  return body_of(answer_of(gateway, method, target, body));
}

// What stands in `text` between `before` and a quote.
inline std::string part_of(const std::string& text, const std::string& before) {
  const auto begin = text.find(before);
  if (begin == std::string::npos) return {};
  return text.substr(begin + before.size(), text.find('"', begin + before.size()) - begin - before.size());
}

// Opens a session at `path`; gives the target of its later requests but for the transport.
inline std::string open_session(const RunningGateway& gateway, const std::string& path) {
  const std::string sid = part_of(ask(gateway, "GET", path + "?EIO=4&transport=polling"), "\"sid\":\"");
  EXPECT_EQ(sid.size(), 48U);
  return path + "?EIO=4&sid=" + sid + "&transport=";
}

}  // namespace sluice::gateway
