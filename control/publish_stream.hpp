#pragma once
// PublishStream: one call of that name. Lives until gRPC says that it is done.

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "base/clock.hpp"
#include "control/calls.hpp"
#include "control/publish_answers.hpp"
#include "control/stream_parts.hpp"

namespace sluice::control {

class PublishStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  PublishStream(StreamParts parts, grpc::CallbackServerContext& context);

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone() override;

  // Gives the answers to one request, or what is wrong with it as a whole.
  Outcome<std::vector<v1::PublishStreamResult>> publish(const v1::PublishStreamRequest& request);
  void perform(PublishAnswers::Next next);
  void acknowledge(bool can_wait);
  void read();
  void read_later();

  StreamParts parts_;
  grpc::CallbackServerContext& context_;
  const base::TimePoint began_ = base::Clock::now();
  PublishAnswers answers_;
  grpc::ByteBuffer request_, response_;
  std::uint64_t sequence_ = 0;  // of the last request
  int status_ = 0;
  Executor::Timer timer_;  // the executor's
};

}  // namespace sluice::control
