#include "gateway/sse_wire.hpp"

#include "workers/worker.hpp"

namespace sluice::gateway {

using workers::Connection;
using workers::Worker;

std::string sse_head(const std::string& headers) {
  // Proxies pass it on as it comes (X-Accel-Buffering is nginx's word for that), and the end is the connection's.
  return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\n"
         "Connection: close\r\n" +
         headers + "\r\n";
}

void SseWire::on_start(Worker& worker, Connection& connection) {
  worker.arm(connection, worker.now() + context_.options.ping_interval_seconds);
}

void SseWire::on_end_of_stream(Worker& worker, Connection& connection) {
  // A page that is left closes its connection: there is no other goodbye.
  worker.abandon(connection, workers::EndReason::client_closed);
}

// A comment now and then: proxies see that the stream lives, and a client that is gone is noticed by what waits for it.
void SseWire::on_deadline(Worker& worker, Connection& connection) {
  worker.send(connection, ":\n\n");
  worker.arm(connection, worker.now() + context_.options.ping_interval_seconds);
}

void SseWire::on_ending(Worker& worker, Connection& connection, const workers::Ending& ending) {
  std::string last;
  // HTML Standard, 9.2.6: how long its browser waits before it comes back.
  if (const auto after = ending.returns_after.count(); after > 0) last = "retry: " + std::to_string(after) + "\n";
  if (!ending.text.empty()) last += ": " + ending.text + "\n";
  if (!last.empty()) worker.send(connection, last + "\n");
}

}  // namespace sluice::gateway
