#include "control/grpc_services.hpp"

#include <grpc/grpc_security_constants.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "control/drain_stream.hpp"
#include "control/emit_stream.hpp"
#include "control/event_stream.hpp"
#include "control/publish_stream.hpp"
#include "control/watch_stream.hpp"
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

// What came with a call, as far as anyone looks at it.
Credentials credentials_of(const grpc::CallbackServerContext& context, const Gatekeeper& gatekeeper, Method method) {
  Credentials shown;
  if (gatekeeper.audits(method)) shown.peer = context.peer();
  if (!gatekeeper.is_wanted()) return shown;
  const auto& metadata = context.client_metadata();
  if (const auto found = metadata.find("authorization"); found != metadata.end()) {
    shown.authorization.assign(found->second.data(), found->second.size());
  }
  for (const grpc::string_ref& name : context.auth_context()->FindPropertyValues(GRPC_X509_SAN_PROPERTY_NAME)) {
    shown.alternative_names.emplace_back(name.data(), name.size());
  }
  return shown;
}

template <class Request, class Response>
grpc::ServerUnaryReactor* serve(const GrpcServer::Parts& parts, const UnaryCall& call,
                                void (Calls::*run)(const Request&, base::TimePoint, const Answer<Response>&)) {
  const base::TimePoint began = base::Clock::now();
  parts.metrics.call_began(call.method);
  auto* const reactor = call.context->DefaultReactor();
  const Credentials shown = credentials_of(*call.context, parts.gatekeeper, call.method);
  Gatekeeper::Admitted caller = parts.gatekeeper.admit(call.method, shown);
  auto request = std::make_shared<Request>();
  Answer<Response> answer = [&parts, method = call.method, response = call.response, reactor, began, request,
                             peer = shown.peer, name = caller.name](const Outcome<Response>& outcome) {
    if (outcome) *response = serialize(*outcome);
    const int status = outcome ? 0 : outcome.failure().grpc_status();
    parts.metrics.call_ended(method, status, base::Clock::now() - began);
    parts.gatekeeper.audit(method, name, peer, status, request.get());
    reactor->Finish(outcome ? grpc::Status::OK : status_of(outcome.failure()));
  };
  // What was refused is shown in the log, too.
  auto problem = parse(*call.request, parts.options.grpc_message_bytes_max, *request);
  if (caller.refusal) {
    answer(*std::move(caller.refusal));
  } else if (problem) {
    answer(*std::move(problem));
  } else {
    (parts.calls.*run)(*request, deadline_of(*call.context), answer);
  }
  return reactor;
}

StreamParts stream_parts(const GrpcServer::Parts& parts) {
  return {parts.calls, parts.metrics, parts.executor, parts.options.grpc_message_bytes_max};
}

// A stream that ends as it begins.
template <class Reactor>
class Refused final : public Reactor {
 public:
  explicit Refused(const grpc::Status& status) { this->Finish(status); }
  void OnDone() override { delete this; }
};

// Who tells the audit of a stream that its caller may have.
enum class AuditedBy : std::uint8_t { us, itself };

// The stream that `make` makes, if its caller may have it.
template <class Reactor, class Make>
Reactor* serve_stream(const GrpcServer::Parts& parts, Method method, const grpc::CallbackServerContext& context,
                      Make&& make, AuditedBy audited_by = AuditedBy::us) {
  const Credentials shown = credentials_of(context, parts.gatekeeper, method);
  const Gatekeeper::Admitted caller = parts.gatekeeper.admit(method, shown);
  const int status = caller.refusal ? caller.refusal->grpc_status() : 0;
  if (caller.refusal || audited_by == AuditedBy::us) {
    parts.gatekeeper.audit(method, caller.name, shown.peer, status, nullptr);
  }
  if (!caller.refusal) return make(shown, caller.name);
  parts.metrics.call_began(method);
  parts.metrics.call_ended(method, status, {});
  return new Refused<Reactor>(status_of(*caller.refusal));
}

using BidiReactor = grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;
using WriteReactor = grpc::ServerWriteReactor<grpc::ByteBuffer>;

}  // namespace

GatewayService::Reactor* GatewayService::Publish(Context* context, const Bytes* request, Bytes* response) {
  return serve(parts_, {Method::publish, context, request, response}, &Calls::publish);
}

GatewayService::Reactor* GatewayService::PublishBatch(Context* context, const Bytes* request, Bytes* response) {
  return serve(parts_, {Method::publish_batch, context, request, response}, &Calls::publish_batch);
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* GatewayService::PublishStream(Context* context) {
  return serve_stream<BidiReactor>(parts_, Method::publish_stream, *context, [&](const auto&, const auto&) {
    return new control::PublishStream(stream_parts(parts_), *context);
  });
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* GatewayService::EmitWithAck(Context* context, const Bytes* request) {
  return serve_stream<WriteReactor>(parts_, Method::emit_with_ack, *context, [&](const auto&, const auto&) {
    return new EmitStream(stream_parts(parts_), *request);
  });
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

GatewayService::Reactor* GatewayService::Presence(Context* context, const Bytes* request, Bytes* response) {
  return serve(parts_, {Method::presence, context, request, response}, &Calls::presence);
}

GatewayService::Reactor* GatewayService::History(Context* context, const Bytes* request, Bytes* response) {
  return serve(parts_, {Method::history, context, request, response}, &Calls::history);
}

grpc::ServerUnaryReactor* NodesService::GetNode(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                grpc::ByteBuffer* response) {
  return serve(parts_, {Method::get_node, context, request, response}, &Calls::get_node);
}

grpc::ServerUnaryReactor* NodesService::Undrain(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                grpc::ByteBuffer* response) {
  return serve(parts_, {Method::undrain, context, request, response}, &Calls::undrain);
}

grpc::ServerUnaryReactor* NodesService::Shed(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                             grpc::ByteBuffer* response) {
  return serve(parts_, {Method::shed, context, request, response}, &Calls::shed);
}

grpc::ServerUnaryReactor* NodesService::ListNodes(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                  grpc::ByteBuffer* response) {
  return serve(parts_, {Method::list_nodes, context, request, response}, &Calls::list_nodes);
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* NodesService::WatchNodes(grpc::CallbackServerContext* context,
                                                                     const grpc::ByteBuffer* request) {
  return serve_stream<WriteReactor>(parts_, Method::watch_nodes, *context, [&](const auto&, const auto&) {
    return new WatchStream(stream_parts(parts_), *request);
  });
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* NodesService::Drain(grpc::CallbackServerContext* context,
                                                                const grpc::ByteBuffer* request) {
  return serve_stream<WriteReactor>(
      parts_, Method::drain, *context,
      [&](const Credentials& shown, const std::string& name) {
        return new DrainStream(
            stream_parts(parts_), *request,
            [&gatekeeper = parts_.gatekeeper, name, peer = shown.peer](int status, const auto& asked) {
              gatekeeper.audit(Method::drain, name, peer, status, &asked);
            });
      },
      AuditedBy::itself);  // whether it began is known later
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
    grpc::CallbackServerContext* context) {
  return serve_stream<
      BidiReactor>(parts_, Method::subscribe_events, *context, [&](const Credentials& shown, const std::string& name) {
    return new EventStream(stream_parts(parts_), parts_.hub, parts_.asks, *context, {parts_.gatekeeper, shown, name});
  });
}

}  // namespace sluice::control
