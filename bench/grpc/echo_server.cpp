// sluice-bench-grpc-echo PORT: the least that a gRPC server in C++ can do, call by call and over a stream.

#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <string>

#include "echo.grpc.pb.h"

namespace {

using sluice::bench::Echo;
using sluice::bench::EchoMessage;

// Reads an item, writes it back, reads the next.
class Stream final : public grpc::ServerBidiReactor<EchoMessage, EchoMessage> {
 public:
  Stream() { StartRead(&message_); }
  void OnReadDone(bool ok) override {
    if (ok) {
      StartWrite(&message_);
    } else {
      Finish(grpc::Status::OK);
    }
  }
  void OnWriteDone(bool ok) override {
    if (ok) {
      StartRead(&message_);
    } else {
      Finish(grpc::Status::CANCELLED);
    }
  }
  void OnDone() override { delete this; }

 private:
  EchoMessage message_;
};

class Service final : public Echo::CallbackService {
 public:
  grpc::ServerUnaryReactor* Once(grpc::CallbackServerContext* context, const EchoMessage* request,
                                 EchoMessage* response) override {
    response->set_data(request->data());
    auto* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  grpc::ServerBidiReactor<EchoMessage, EchoMessage>* Stream(grpc::CallbackServerContext*) override {
    return new ::Stream();
  }
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: sluice-bench-grpc-echo PORT\n", stderr);
    return 2;
  }
  Service service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:" + std::string(arguments[1]), grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  if (!server) return 1;
  server->Wait();
}
