// What a Socket.IO server would do, as a backend of Sluice: sends each client `clientEvent` with a random number every
// 3 s, and logs each `serverEvent` that comes back: socketio_backend [GRPC-ADDRESS [SECONDS]]
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>

#include "sluice/v1/backends.grpc.pb.h"

namespace v1 = sluice::v1;
using Stream = grpc::ClientReaderWriter<v1::SubscribeEventsRequest, v1::SubscribeEventsResponse>;

class Backend {
 public:
  // Attaches, and hears events until the stream ends.
  void run(v1::Backends::Stub& stub) {
    grpc::ClientContext context;
    const auto stream = stub.SubscribeEvents(&context);
    use(stream.get());
    v1::SubscribeEventsRequest request;
    request.mutable_subscribe()->set_group("demo");
    say(request);
    v1::SubscribeEventsResponse response;
    while (stream->Read(&response)) {
      if (response.has_hello()) std::cout << "attached to " << response.hello().node() << std::endl;
      for (const v1::Event& event : response.events()) on_event(event);
      if (response.events().empty()) continue;
      request.mutable_acknowledge()->set_cursor(response.cursor());  // dealt with: not to be told again
      say(request);
      request.mutable_credit()->set_events(static_cast<std::uint32_t>(response.events_size()));
      say(request);
    }
    use(nullptr);
    std::cout << "not attached: " << stream->Finish().error_message() << std::endl;
  }

  // To every client: as socket.emit().
  void tell_numbers() {
    const std::lock_guard lock(mutex_);
    for (const auto& [connection, name_space] : clients_) {
      v1::SubscribeEventsRequest request;
      v1::PublishRequest& publish = *request.mutable_command()->mutable_publish();
      publish.mutable_target()->set_namespace_(name_space);
      publish.mutable_target()->add_connections(connection);
      publish.mutable_payload()->set_event("clientEvent");
      publish.mutable_payload()->set_json(std::to_string(std::uniform_real_distribution<>(0, 1)(random_)));
      if (stream_ != nullptr) stream_->Write(request);
    }
  }

 private:
  void use(Stream* stream) {
    const std::lock_guard lock(mutex_);
    stream_ = stream;
  }
  // Only one may write at a time.
  void say(const v1::SubscribeEventsRequest& request) {
    const std::lock_guard lock(mutex_);
    stream_->Write(request);
  }
  void on_event(const v1::Event& event) {
    if (event.has_connected()) {
      std::cout << event.session() << " is here" << std::endl;
      const std::lock_guard lock(mutex_);
      clients_[event.connection()] = event.namespace_();
    } else if (event.has_message() && event.message().payload().event() == "serverEvent") {
      std::cout << event.session() << ": " << event.message().payload().text() << std::endl;
    } else if (event.has_disconnected()) {
      std::cout << event.session() << " has gone (" << event.disconnected().reason() << ")" << std::endl;
      const std::lock_guard lock(mutex_);
      clients_.erase(event.connection());
    }
  }

  std::mutex mutex_;
  Stream* stream_ = nullptr;
  std::map<std::string, std::string> clients_;  // their namespaces by connection
  std::mt19937 random_{std::random_device()()};
};

int main(int argc, char** argv) {
  const auto stub = v1::Backends::NewStub(
      grpc::CreateChannel(argc > 1 ? argv[1] : "127.0.0.1:8081", grpc::InsecureChannelCredentials()));
  const std::chrono::duration<double> pause(argc > 2 ? std::stod(argv[2]) : 3);
  Backend backend;
  std::thread([&] {
    for (;; std::this_thread::sleep_for(pause)) backend.tell_numbers();
  }).detach();
  for (;; std::this_thread::sleep_for(std::chrono::seconds(1))) backend.run(*stub);
}
