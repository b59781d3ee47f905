#pragma once
// NatsTestServer: a real nats-server on loopback, on free ports, with a folder of its own; it ends with this object.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/unit/base/test_folder.hpp"

namespace sluice::cluster {

class NatsTestServer {
 public:
  // Starts it with these lines in its configuration, and waits until it listens. Throws if it cannot be started.
  explicit NatsTestServer(std::string configuration = {});
  ~NatsTestServer();
  NatsTestServer(const NatsTestServer&) = delete;
  NatsTestServer& operator=(const NatsTestServer&) = delete;

  std::uint16_t port() const { return port_; }
  // nats://127.0.0.1:PORT
  std::string url() const;
  // Waits for a line with `text` in the log since it was started, and gives what stands behind it.
  std::string wait_for(std::string_view text);

  void kill();
  // As kill(), but it writes what it has acknowledged before it ends.
  void stop();
  // After one of both: on the same port, with the same folder.
  void start();
  void signal(int number) const;

 private:
  std::string read_log() const;
  void end_by(int number);

  const base::TestFolder folder_;
  const std::string configuration_;
  std::uint16_t port_ = 0;  // 0: any
  pid_t process_ = -1;
  std::size_t log_begin_ = 0;  // of this start, in bytes
};

// For the configuration of a server: JetStream, with its files in `folder`.
std::string jetstream_in(const base::TestFolder& folder);

}  // namespace sluice::cluster
