#pragma once
// DrainStream: one call of Drain. Begins to drain, then reports until no connection is left or the caller goes away.
// All of it happens on the executor; lives until gRPC says that it is done.

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <memory>

#include "base/clock.hpp"
#include "control/calls.hpp"
#include "control/stream_parts.hpp"

namespace sluice::control {

class DrainStream final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  // Told once, whether the node began to drain: the status of gRPC, which is CANCELLED if the caller went before that
  // was known; and what was asked.
  using OnBegun = std::function<void(int status, const v1::DrainRequest& request)>;
  DrainStream(StreamParts parts, const grpc::ByteBuffer& request, OnBegun on_begun);

 private:
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  void take_begun(Outcome<Calls::DrainWatch> watch);
  void tell_begun(int status);
  void report();
  void end(const grpc::Status& status);

  StreamParts parts_;
  OnBegun on_begun_;
  v1::DrainRequest request_;
  // What waits for another node holds to reach this: gone once this is.
  std::shared_ptr<DrainStream*> self_ = std::make_shared<DrainStream*>(this);
  const base::TimePoint began_ = base::Clock::now();
  Calls::DrainWatch watch_{};
  grpc::ByteBuffer response_;
  Executor::Timer timer_;
  bool is_writing_ = false, is_done_ = false, has_ended_ = false;
  int status_ = 0;
};

}  // namespace sluice::control
