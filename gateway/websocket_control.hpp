#pragma once
// What every wire over a WebSocket says to control frames, and at its end (RFC 6455, 5.5).

#include <string_view>

#include "gateway/frame_decoder.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

void send_pong(workers::Worker& worker, workers::Connection& connection, std::string_view payload);
// The client closes: `event` is its close frame.
void answer_close(workers::Worker& worker, workers::Connection& connection, const FrameDecoder::Event& event);
// The last words of a connection that ends by our will.
void send_close(workers::Worker& worker, workers::Connection& connection, const workers::Ending& ending);

}  // namespace sluice::gateway
