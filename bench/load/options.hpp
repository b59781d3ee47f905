#pragma once
// What a run is asked to do, from its command line.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice::bench {

enum class Mode : std::uint8_t { fan_out, echo, idle, churn, mixed };
enum class Language : std::uint8_t { raw, socketio, centrifuge };
// By what listeners get their messages; whoever sends does it by WebSocket.
enum class Access : std::uint8_t { websocket, sse, poll };

struct Options {
  Mode mode = Mode::fan_out;
  Language language = Language::raw;
  Access access = Access::websocket;

  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;
  std::string path = "/", echo_path = "/echo";  // {i} stands for the connection's number
  std::string publisher_path;                   // empty: the same as the listeners'
  std::string headers;                          // each ends in CR LF
  std::string channel = "bench";                // Centrifuge's
  std::vector<pid_t> pids;                      // the server's processes

  std::size_t clients = 1000, echo_clients = 20, threads = 1;
  std::size_t size = 128;        // bytes of a message
  std::size_t window = 8;        // messages that a fan-out has in flight
  std::size_t depth = 1;         // messages that each echo client has in flight
  std::size_t concurrency = 64;  // connects under way at a time
  std::size_t sources = 0;       // 127.0.0.x addresses to connect from; 0: as many as the ports need
  double rate = 0;               // messages a second of a fan-out; 0: as fast as `window` lets
  double echo_rate = 0;          // the same of each echo client; 0: as fast as `depth` lets
  double warm = 1, seconds = 5, settle = 0.5, hold = 0;

  bool tls = false;
  bool deflate = false;
  std::size_t inflate_every = 1;  // one in so many clients inflates what it gets
  bool json = false;              // messages are JSON as applications send it, not filler
  bool close_handshake = false;   // churn ends with WebSocket's close, not with a reset
  bool close_all = false;         // idle: end all connections, then look at the memory again
};

// Reads the command line; throws std::invalid_argument with what is wrong, and the usage, if anything is.
Options parse_options(int count, const char* const* arguments);

}  // namespace sluice::bench
