#include "control/grpc_services.hpp"

#include <algorithm>
#include <chrono>

#include "control/drain_stream.hpp"
#include "control/emit_stream.hpp"
#include "control/event_stream.hpp"
#include "control/publish_stream.hpp"
#include "control/wire.hpp"

namespace sluice::control {

namespace {

base::TimePoint deadline_of(const grpc::CallbackServerContext& context) {
  const auto left = context.deadline() - std::chrono::system_clock::now();
  // A call without a deadline has one so far away that adding it to now would overflow.
  constexpr std::chrono::hours far{1};
  return base::Clock::now() +
         std::chrono::duration_cast<base::Duration>(std::min<std::chrono::system_clock::duration>(left, far));
}

// One unary call, whose bytes gRPC keeps until the reactor finishes.
struct UnaryCall {
  Method method;
  grpc::CallbackServerContext* context;
  const grpc::ByteBuffer* request;
  grpc::ByteBuffer* response;
};

template <class Request, class Response>
grpc::ServerUnaryReactor* serve(const GrpcServer::Parts& parts, const UnaryCall& call,
                                void (Calls::*run)(const Request&, base::TimePoint, const Answer<Response>&)) {
  const base::TimePoint began = base::Clock::now();
  parts.metrics.call_began(call.method);
  auto* const reactor = call.context->DefaultReactor();
  Answer<Response> answer = [&metrics = parts.metrics, method = call.method, response = call.response, reactor,
                             began](const Outcome<Response>& outcome) {
    if (outcome) *response = serialize(*outcome);
    metrics.call_ended(method, outcome ? 0 : outcome.failure().grpc_status(), base::Clock::now() - began);
    reactor->Finish(outcome ? grpc::Status::OK : status_of(outcome.failure()));
  };
  Request request;
  if (auto problem = parse(*call.request, parts.options.grpc_message_bytes_max, request)) {
    answer(*std::move(problem));
  } else {
    (parts.calls.*run)(request, deadline_of(*call.context), answer);
  }
  return reactor;
}

StreamParts stream_parts(const GrpcServer::Parts& parts) {
  return {parts.calls, parts.metrics, parts.executor, parts.options.grpc_message_bytes_max};
}

}  // namespace

GatewayService::Reactor* GatewayService::Publish(Context* context, const Bytes* request, Bytes* response) {
  return serve(parts_, {Method::publish, context, request, response}, &Calls::publish);
}

GatewayService::Reactor* GatewayService::PublishBatch(Context* context, const Bytes* request, Bytes* response) {
  return serve(parts_, {Method::publish_batch, context, request, response}, &Calls::publish_batch);
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* GatewayService::PublishStream(Context* context) {
  return new control::PublishStream(stream_parts(parts_), *context);
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* GatewayService::EmitWithAck(Context*, const Bytes* request) {
  return new EmitStream(stream_parts(parts_), *request);
}

GatewayService::Reactor* GatewayService::JoinRooms(Context* context, const Bytes* request, Bytes* response) {
  return serve(parts_, {Method::join_rooms, context, request, response}, &Calls::join_rooms);
}

GatewayService::Reactor* GatewayService::LeaveRooms(Context* context, const Bytes* request, Bytes* response) {
  return serve(parts_, {Method::leave_rooms, context, request, response}, &Calls::leave_rooms);
}

GatewayService::Reactor* GatewayService::Disconnect(Context* context, const Bytes* request, Bytes* response) {
  return serve(parts_, {Method::disconnect, context, request, response}, &Calls::disconnect);
}

GatewayService::Reactor* GatewayService::GetConnection(Context* context, const Bytes* request, Bytes* response) {
  return serve(parts_, {Method::get_connection, context, request, response}, &Calls::get_connection);
}

GatewayService::Reactor* GatewayService::ListConnections(Context* context, const Bytes* request, Bytes* response) {
  return serve(parts_, {Method::list_connections, context, request, response}, &Calls::list_connections);
}

GatewayService::Reactor* GatewayService::ListRooms(Context* context, const Bytes* request, Bytes* response) {
  return serve(parts_, {Method::list_rooms, context, request, response}, &Calls::list_rooms);
}

GatewayService::Reactor* GatewayService::History(Context* context, const Bytes* request, Bytes* response) {
  return serve(parts_, {Method::history, context, request, response}, &Calls::history);
}

grpc::ServerUnaryReactor* NodesService::GetNode(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                grpc::ByteBuffer* response) {
  return serve(parts_, {Method::get_node, context, request, response}, &Calls::get_node);
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* NodesService::Drain(grpc::CallbackServerContext*,
                                                                const grpc::ByteBuffer* request) {
  return new DrainStream(stream_parts(parts_), *request);
}

AccessService::Reactor* AccessService::RevokeTokens(Context* context, const Bytes* request, Bytes* response) {
  return serve(parts_, {Method::revoke_tokens, context, request, response}, &Calls::revoke_tokens);
}

AccessService::Reactor* AccessService::BlockUser(Context* context, const Bytes* request, Bytes* response) {
  return serve(parts_, {Method::block_user, context, request, response}, &Calls::block_user);
}

AccessService::Reactor* AccessService::UnblockUser(Context* context, const Bytes* request, Bytes* response) {
  return serve(parts_, {Method::unblock_user, context, request, response}, &Calls::unblock_user);
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* BackendsService::SubscribeEvents(
    grpc::CallbackServerContext*) {
  return new EventStream(stream_parts(parts_), parts_.hub);
}

}  // namespace sluice::control
