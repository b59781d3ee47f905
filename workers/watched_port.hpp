#pragma once
// WatchedPort: the PORT for a descriptor of the edge's that a worker watches beside its clients' sockets: one on which
// many clients speak at once, such as a UDP port. Its clients are connections without a socket (Worker::open_session).
// All of it runs on the worker's thread, but for construction and the end.

namespace sluice::workers {

class Worker;

class WatchedPort {
 public:
  WatchedPort() = default;
  virtual ~WatchedPort() = default;
  WatchedPort(const WatchedPort&) = delete;
  WatchedPort& operator=(const WatchedPort&) = delete;

  // Good, and the same, as long as this lives.
  virtual int descriptor() const = 0;
  // There is something to read. What is left comes again with the next turn.
  virtual void on_readable(Worker& worker) = 0;
  // There is room to write, of which on_written() said that it was missing.
  virtual void on_writable(Worker& worker) = 0;
  // A turn's outboxes were written: sends what was gathered. False: the kernel takes no more for now.
  virtual bool on_written(Worker& worker) = 0;
};

}  // namespace sluice::workers
