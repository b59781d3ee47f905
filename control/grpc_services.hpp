#pragma once
// The services as gRPC calls them: each method parses, calls Calls and serializes what that answers.

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "control/grpc_server.hpp"
#include "sluice/v1/access.grpc.pb.h"
#include "sluice/v1/backends.grpc.pb.h"
#include "sluice/v1/gateway.grpc.pb.h"
#include "sluice/v1/nodes.grpc.pb.h"

namespace sluice::control {

namespace raw {
using G = v1::Gateway;
using Publishing = G::WithRawCallbackMethod_Publish<G::WithRawCallbackMethod_PublishBatch<
    G::WithRawCallbackMethod_PublishStream<G::WithRawCallbackMethod_EmitWithAck<G::Service>>>>;
using Changing = G::WithRawCallbackMethod_JoinRooms<
    G::WithRawCallbackMethod_LeaveRooms<G::WithRawCallbackMethod_Disconnect<Publishing>>>;
using Gateway = G::WithRawCallbackMethod_GetConnection<G::WithRawCallbackMethod_ListConnections<
    G::WithRawCallbackMethod_ListRooms<G::WithRawCallbackMethod_Presence<G::WithRawCallbackMethod_History<Changing>>>>>;
using N = v1::Nodes;
using Draining =
    N::WithRawCallbackMethod_Drain<N::WithRawCallbackMethod_Undrain<N::WithRawCallbackMethod_Shed<N::Service>>>;
using Nodes =
    N::WithRawCallbackMethod_GetNode<N::WithRawCallbackMethod_ListNodes<N::WithRawCallbackMethod_WatchNodes<Draining>>>;
using Backends = v1::Backends::WithRawCallbackMethod_SubscribeEvents<v1::Backends::Service>;
using A = v1::Access;
using Access = A::WithRawCallbackMethod_RevokeTokens<
    A::WithRawCallbackMethod_BlockUser<A::WithRawCallbackMethod_UnblockUser<A::Service>>>;
}  // namespace raw

class GatewayService final : public raw::Gateway {
 public:
  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;
  using Reactor = grpc::ServerUnaryReactor;

  explicit GatewayService(const GrpcServer::Parts& parts) : parts_(parts) {}

  Reactor* Publish(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* PublishBatch(Context* context, const Bytes* request, Bytes* response) override;
  grpc::ServerBidiReactor<Bytes, Bytes>* PublishStream(Context* context) override;
  grpc::ServerWriteReactor<Bytes>* EmitWithAck(Context* context, const Bytes* request) override;
  Reactor* JoinRooms(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* LeaveRooms(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* Disconnect(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* GetConnection(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* ListConnections(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* ListRooms(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* Presence(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* History(Context* context, const Bytes* request, Bytes* response) override;

 private:
  GrpcServer::Parts parts_;
};

class NodesService final : public raw::Nodes {
 public:
  explicit NodesService(const GrpcServer::Parts& parts) : parts_(parts) {}

  grpc::ServerUnaryReactor* GetNode(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Undrain(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Shed(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                 grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListNodes(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* WatchNodes(grpc::CallbackServerContext* context,
                                                         const grpc::ByteBuffer* request) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Drain(grpc::CallbackServerContext* context,
                                                    const grpc::ByteBuffer* request) override;

 private:
  GrpcServer::Parts parts_;
};

class AccessService final : public raw::Access {
 public:
  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;
  using Reactor = grpc::ServerUnaryReactor;

  explicit AccessService(const GrpcServer::Parts& parts) : parts_(parts) {}

  Reactor* RevokeTokens(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* BlockUser(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* UnblockUser(Context* context, const Bytes* request, Bytes* response) override;

 private:
  GrpcServer::Parts parts_;
};

class BackendsService final : public raw::Backends {
 public:
  explicit BackendsService(const GrpcServer::Parts& parts) : parts_(parts) {}

  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* SubscribeEvents(
      grpc::CallbackServerContext* context) override;

 private:
  GrpcServer::Parts parts_;
};

}  // namespace sluice::control
