// uWebSockets, native: relays at / and echoes at /echo. server PORT

#include <cstdlib>
#include <iostream>
#include <string_view>

#include "App.h"

namespace {

struct Nothing {};
using WebSocket = uWS::WebSocket<false, true, Nothing>;

constexpr unsigned backpressure_bytes_max = 64u << 20;

uWS::App::WebSocketBehavior<Nothing> plain() {
  uWS::App::WebSocketBehavior<Nothing> behavior;
  behavior.compression = uWS::DISABLED;
  behavior.maxPayloadLength = 1'000'000;
  behavior.maxBackpressure = backpressure_bytes_max;
  behavior.idleTimeout = 120;
  return behavior;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  uWS::App app;
  auto relay = plain(), echo = plain();
  relay.open = [](WebSocket* socket) { socket->subscribe("all"); };
  relay.message = [&app](WebSocket*, std::string_view message, uWS::OpCode opcode) {
    app.publish("all", message, opcode);
  };
  echo.message = [](WebSocket* socket, std::string_view message, uWS::OpCode opcode) { socket->send(message, opcode); };
  app.ws<Nothing>("/echo", std::move(echo));
  app.ws<Nothing>("/*", std::move(relay));
  app.listen("127.0.0.1", std::atoi(arguments[1]), [](auto* listening) {
    if (listening == nullptr) std::exit(1);
  });
  app.run();
}
