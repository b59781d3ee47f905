#pragma once
// EmitStream: one call of EmitWithAck: asks, tells the answers as they come, and at last who gave none. All but its
// beginning happens on the executor; lives until gRPC says that it is done.

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "control/calls.hpp"
#include "control/stream_parts.hpp"

namespace sluice::control {

class EmitStream final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  EmitStream(StreamParts parts, const grpc::ByteBuffer& request);

 private:
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  void begin(const v1::EmitWithAckRequest& request);
  void take_asked(Outcome<Calls::EmitAsked> asked);
  void take_acknowledgement(workers::Acknowledgement acknowledgement);
  void sum_up();
  void write();
  void finish(const grpc::Status& status);

  StreamParts parts_;
  // What other threads hold to reach this: gone once this is.
  std::shared_ptr<EmitStream*> self_ = std::make_shared<EmitStream*>(this);
  std::shared_ptr<const workers::OnAcknowledged> on_acknowledged_;  // while answers are wanted
  const base::TimePoint began_ = base::Clock::now();
  std::set<std::string> missing_;  // ids, as text
  std::vector<v1::SilentNode> silent_nodes_;
  std::vector<std::string> early_;  // answered before it was known that they were asked
  std::uint64_t asked_ = 0, acknowledged_ = 0;
  std::deque<v1::EmitWithAckResponse> responses_;  // bounded by who was asked
  grpc::ByteBuffer response_;
  Executor::Timer timer_;
  bool knows_asked_ = false, is_summed_up_ = false, is_writing_ = false, has_finished_ = false;
  int status_ = 0;
};

}  // namespace sluice::control
