#include "gateway/websocket_control.hpp"

#include <string>

#include "gateway/rfc6455.hpp"

namespace sluice::gateway {

void send_pong(workers::Worker& worker, workers::Connection& connection, std::string_view payload) {
  std::string pong;
  rfc6455::append_frame(pong, rfc6455::Opcode::pong, payload);
  worker.send(connection, pong);
}

void answer_close(workers::Worker& worker, workers::Connection& connection, const FrameDecoder::Event& event) {
  // The server closes the TCP connection, behind a close frame with the client's own code (RFC 6455, 5.5.1, 7.1.1).
  worker.close_after_flush(connection);
  worker.end(connection, {workers::EndReason::client_closed, event.close_code, {}});
}

void send_close(workers::Worker& worker, workers::Connection& connection, const workers::Ending& ending) {
  std::string close;
  rfc6455::append_close(close, ending.close_code, ending.text);
  worker.send(connection, close);
}

}  // namespace sluice::gateway
