#pragma once
// BatchResults: what became of the messages of one PublishBatch, some of which is known later. What is known at once is
// set by the thread that publishes; what comes later is taken by the executor, whose all the rest is.

#include <cstddef>
#include <functional>
#include <utility>

#include "control/failure.hpp"
#include "sluice/v1/gateway.pb.h"

namespace sluice::control {

// A message's result in a batch or a stream.
inline void show(Outcome<v1::Receipt> outcome, v1::PublishResult& out) {
  if (outcome) {
    *out.mutable_receipt() = *std::move(outcome);
  } else {
    *out.mutable_error() = error_of(outcome.failure());
  }
}

class BatchResults {
 public:
  using OnWhole = std::function<void(v1::PublishBatchResponse)>;

  explicit BatchResults(int messages) {
    for (int at = 0; at < messages; ++at) response_.add_results();
  }
  // The result of message `at`. No two threads set the same one.
  void set(int at, Outcome<v1::Receipt> outcome) { show(std::move(outcome), *response_.mutable_results(at)); }
  // All of them, once they are set.
  v1::PublishBatchResponse take_all() { return std::move(response_); }

  // --- for the executor ---
  // One that comes later; may come before await().
  void take(int at, Outcome<v1::Receipt> outcome) {
    set(at, std::move(outcome));
    ++taken_;
    end_if_whole();
  }
  // All others are set: gives all once `late` of them were taken.
  void await(std::size_t late, OnWhole on_whole) {
    late_ = late;
    on_whole_ = std::move(on_whole);
    end_if_whole();
  }
  // What is known by now; `missing` stands for the rest.
  v1::PublishBatchResponse with(const Failure& missing) const {
    v1::PublishBatchResponse response = response_;
    for (v1::PublishResult& result : *response.mutable_results()) {
      if (!result.has_receipt() && !result.has_error()) show(missing, result);
    }
    return response;
  }

 private:
  void end_if_whole() {
    if (on_whole_ && taken_ == late_) std::exchange(on_whole_, nullptr)(take_all());
  }

  v1::PublishBatchResponse response_;
  std::size_t late_ = 0, taken_ = 0;
  OnWhole on_whole_;  // null until await(), and once it was called
};

}  // namespace sluice::control
