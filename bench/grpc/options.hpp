#pragma once
// What a run of the gRPC generator is asked to do, from its command line.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice::bench::grpc_load {

enum class Call : std::uint8_t { publish, batch, stream, echo, echo_stream, make_rooms, join_leave };

struct Options {
  Call call = Call::publish;
  std::string server = "127.0.0.1:8081";
  std::vector<pid_t> pids;     // the server's processes
  std::string room = "bench";  // where to publish; {n} stands for a number below `rooms`, another each time
  std::size_t rooms = 1;
  std::size_t size = 128;     // bytes of a message
  std::size_t in_flight = 1;  // calls, or items of a stream
  std::size_t per_item = 1;   // messages in a batch or in an item of a stream
  double warm = 1, seconds = 5;

  std::size_t first = 0, holders = 16;  // make-rooms: rooms `first` to `rooms`, over so many connections
  std::string mover = "mover-{n}";      // join-leave: the connection is alone in this room
  std::size_t movers = 100;
};

// Reads the command line; throws std::invalid_argument with what is wrong, and the usage, if anything is.
Options parse_options(int count, const char* const* arguments);

// `pattern` with `number` in place of {n}.
std::string numbered(std::string pattern, std::size_t number);

}  // namespace sluice::bench::grpc_load
