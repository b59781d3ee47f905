#pragma once
// Fills in what is published.

#include <atomic>
#include <string>

#include "bench/grpc/options.hpp"
#include "sluice/v1/gateway.pb.h"

namespace sluice::bench::grpc_load {

class Publishes {
 public:
  explicit Publishes(const Options& options) : options_(options), text_(options.size, 'x') {}

  // Any thread.
  void fill(v1::PublishRequest& request) {
    request.mutable_payload()->set_text(text_);
    auto& rooms = *request.mutable_target()->mutable_rooms();
    if (rooms.empty()) rooms.Add();
    *rooms.Mutable(0) = options_.rooms > 1 ? numbered(options_.room, next_room()) : options_.room;
  }

 private:
  // Goes through all rooms in an order that jumps about: a prime step larger than any cache would foresee.
  std::size_t next_room() {
    constexpr std::size_t step = 7'368'787;
    return next_.fetch_add(step, std::memory_order_relaxed) % options_.rooms;
  }

  const Options& options_;
  const std::string text_;
  std::atomic<std::size_t> next_{0};
};

}  // namespace sluice::bench::grpc_load
