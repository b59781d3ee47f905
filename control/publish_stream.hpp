#pragma once
// PublishStream: one call of that name. Lives until gRPC says that it is done.

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <memory>
#include <optional>
#include <vector>

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
  void OnCancel() override;
  void OnDone() override;

  // What is known of one request at once.
  struct Dealt {
    std::vector<v1::PublishStreamResult> results;
    std::size_t late = 0;  // messages of which that comes later
  };
  // Or what is wrong with it as a whole.
  Outcome<Dealt> publish(const v1::PublishStreamRequest& request);
  Answer<v1::Receipt> later(std::uint32_t index, bool wants_receipts);
  void settle(std::uint64_t sequence, std::optional<v1::PublishStreamResult> result);
  void perform(PublishAnswers::Next next);
  void acknowledge(bool can_wait);
  void read();
  void read_later();

  StreamParts parts_;
  grpc::CallbackServerContext& context_;
  // What the executor holds to reach this: gone once this is.
  std::shared_ptr<PublishStream*> self_ = std::make_shared<PublishStream*>(this);
  const base::TimePoint began_ = base::Clock::now();
  PublishAnswers answers_;
  grpc::ByteBuffer request_, response_;
  std::uint64_t sequence_ = 0;  // of the last request
  int status_ = 0;
  Executor::Timer timer_;  // the executor's
};

}  // namespace sluice::control
