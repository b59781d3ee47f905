#pragma once
// Readiness: one worker's edge-triggered epoll set: its clients' sockets, its listeners and its mailbox. Waiting on it
// is the worker's loop (docs/adr/0001-workers-own-their-epoll-loop.md). Belongs to one worker.

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <span>

namespace sluice::workers {

class Readiness {
 public:
  // What an event is about: a connection's slot, or one of the others.
  static constexpr std::uint64_t port_tag = 1ull << 61, mailbox_tag = 1ull << 62, listener_tag = 1ull << 63;

  // Throws std::system_error if the kernel gives no set.
  Readiness();
  ~Readiness();
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  // Adds a descriptor; `edges` are EPOLL* bits, EPOLLET among them for sockets. False if the kernel refuses (no memory,
  // or over its own limit on watches). A closed descriptor leaves by itself.
  [[nodiscard]] bool add(int descriptor, std::uint32_t edges, std::uint64_t tag);
  void remove(int descriptor);
  // Gives a descriptor of the set another tag. What is ready on it is told anew.
  [[nodiscard]] bool change(int descriptor, std::uint32_t edges, std::uint64_t tag);

  // Waits for at most `timeout` (rounded up to milliseconds; 0: just looks) and returns what is ready, up to 1,024,
  // good until the next call.
  std::span<const epoll_event> wait(std::chrono::nanoseconds timeout);

 private:
  int set_;
  std::array<epoll_event, 1024> events_;
};

}  // namespace sluice::workers
