#pragma once
// Clients: WebSocket clients that say messages as fast as the gateway takes them, several a segment, or at a pace. Each
// message begins with the moment at which it was written, so that whoever hears it knows how long it took.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::bench {

struct ClientsWish {
  int port = 0;
  std::size_t clients = 100;
  std::size_t messages_a_segment = 64;
  std::size_t bytes = 32;        // of a message, at least 16
  double messages_a_second = 0;  // of all together; 0: as fast as they can
};

// The moment that a message's data has, as nanoseconds of the steady clock; 0 if it has none.
std::uint64_t sent_at(std::string_view data);
std::uint64_t nanoseconds_now();

// Opens the clients, then lets them speak until `stops`. Throws std::runtime_error with a sentence if it cannot.
void run_clients(const ClientsWish& wish, const std::atomic<bool>& stops, std::atomic<bool>& are_open);

}  // namespace sluice::bench
