#pragma once
// EventStream: one call of SubscribeEvents, which is one replica of a backend. All of it happens on the executor; lives
// until gRPC says that it is done and no command is under way.

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "control/asks.hpp"
#include "control/calls.hpp"
#include "control/event_hub.hpp"
#include "control/gatekeeper.hpp"
#include "control/stream_parts.hpp"
#include "sluice/v1/backends.pb.h"

namespace sluice::control {

class EventStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  // Whose stream it is: what the caller showed holds as long as it would be let in with it.
  struct Owner {
    const Gatekeeper& gatekeeper;
    Credentials shown;
    std::string name;
  };
  // `hub` and `asks` outlive this, too.
  EventStream(StreamParts parts, EventHub& hub, Asks& asks, grpc::CallbackServerContext& context, Owner owner);

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  void take_request(bool ok);
  Problem perform(const v1::SubscribeEventsRequest& request);
  Problem subscribe(const v1::Subscribe& request);
  Problem acknowledge(const v1::Acknowledge& request);
  Problem credit(const v1::Credit& request);
  Problem command(const v1::Command& command);
  // Makes the answer to a command of this id a result: `set` writes it.
  template <class Response, class Set>
  Answer<Response> result_of(std::uint64_t id, Set set);
  // As that, for a command that stands for the call `method`: that it was made is logged with `request`.
  template <class Response, class Request, class Set>
  Answer<Response> audited(std::uint64_t id, Method method, const Request& request, Set set);
  void look_at_owner();
  void read();
  void pump();
  void let_go(const base::Error& why);
  v1::SubscribeEventsResponse next();
  void finish(const grpc::Status& status);
  void end_if_done();

  StreamParts parts_;
  EventHub& hub_;
  Asks& asks_;
  grpc::CallbackServerContext& context_;
  const Owner owner_;
  // What other threads hold to reach this: gone once this is.
  std::shared_ptr<EventStream*> self_ = std::make_shared<EventStream*>(this);
  const base::TimePoint began_ = base::Clock::now();
  EventHub::ReplicaId replica_ = 0;  // 0: not subscribed, or no longer
  grpc::ByteBuffer request_, response_;
  std::vector<v1::CommandResult> results_;  // to be told
  std::size_t commands_ = 0;                // under way
  Executor::Timer timer_, owner_timer_;
  bool has_said_hello_ = false, is_writing_ = false, has_finished_ = false, is_done_ = false;
  int status_ = 0;
};

}  // namespace sluice::control
