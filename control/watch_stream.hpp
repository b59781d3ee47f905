#pragma once
// WatchStream: one call of WatchNodes. All of it happens on the executor; lives until gRPC says that it is done.

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <map>
#include <string>

#include "base/clock.hpp"
#include "control/calls.hpp"
#include "control/node_changes.hpp"
#include "control/stream_parts.hpp"

namespace sluice::control {

class WatchStream final : public grpc::ServerWriteReactor<grpc::ByteBuffer>, private NodeChanges::Watcher {
 public:
  WatchStream(StreamParts parts, const grpc::ByteBuffer& request);

 private:
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;
  void on_change(const workers::PeerChange& change) override;
  void on_close() override;

  void begin(const v1::WatchNodesRequest& request);
  void look();
  void note(v1::NodeChange::Kind kind, v1::Node node);
  void write();
  void finish(const grpc::Status& status);

  StreamParts parts_;
  const base::TimePoint began_ = base::Clock::now();
  std::chrono::milliseconds report_every_{1000};
  std::map<std::string, std::string> told_;  // what was told last of a node, by incarnation
  v1::WatchNodesResponse waiting_;
  grpc::ByteBuffer response_;
  Executor::Timer timer_;
  bool is_writing_ = false, has_finished_ = false;
  int status_ = 0;
};

}  // namespace sluice::control
