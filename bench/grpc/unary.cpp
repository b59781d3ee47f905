// Unary calls: some number of slots, each with one call under way, the next begun when it ends.

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include "bench/grpc/load.hpp"
#include "bench/grpc/requests.hpp"
#include "bench/grpc/tally.hpp"
#include "echo.grpc.pb.h"
#include "sluice/v1/gateway.grpc.pb.h"

namespace sluice::bench::grpc_load {

namespace {

using Done = std::function<void(grpc::Status)>;

struct PublishCall {
  using Service = v1::Gateway;
  using Request = v1::PublishRequest;
  using Response = v1::PublishResponse;
  static void fill(Request& request, Publishes& publishes, const Options&) { publishes.fill(request); }
  static void start(Service::Stub& stub, grpc::ClientContext* context, const Request* request, Response* response,
                    Done done) {
    stub.async()->Publish(context, request, response, std::move(done));
  }
  static bool is_good(const Response& response) { return response.has_receipt(); }
};

struct BatchCall {
  using Service = v1::Gateway;
  using Request = v1::PublishBatchRequest;
  using Response = v1::PublishBatchResponse;
  static void fill(Request& request, Publishes& publishes, const Options& options) {
    while (request.messages_size() < static_cast<int>(options.per_item)) request.add_messages();
    for (auto& message : *request.mutable_messages()) publishes.fill(message);
  }
  static void start(Service::Stub& stub, grpc::ClientContext* context, const Request* request, Response* response,
                    Done done) {
    stub.async()->PublishBatch(context, request, response, std::move(done));
  }
  static bool is_good(const Response& response) {
    for (const auto& result : response.results()) {
      if (!result.has_receipt()) return false;
    }
    return true;
  }
};

struct EchoCall {
  using Service = Echo;
  using Request = EchoMessage;
  using Response = EchoMessage;
  static void fill(Request& request, Publishes&, const Options& options) {
    if (request.data().empty()) request.set_data(std::string(options.size, 'x'));
  }
  static void start(Service::Stub& stub, grpc::ClientContext* context, const Request* request, Response* response,
                    Done done) {
    stub.async()->Once(context, request, response, std::move(done));
  }
  static bool is_good(const Response&) { return true; }
};

template <class Call>
class Unary {
 public:
  explicit Unary(const Options& options)
      : options_(options),
        publishes_(options),
        stub_(Call::Service::NewStub(grpc::CreateChannel(options.server, grpc::InsecureChannelCredentials()))) {
    for (std::size_t at = 0; at < options.in_flight; ++at) slots_.emplace_back();
  }

  JsonObject run() {
    running_ = slots_.size();
    for (Slot& slot : slots_) start(slot);
    return measure(options_, tally_, [&] { stop(); });
  }

 private:
  struct Slot {
    std::optional<grpc::ClientContext> context;
    typename Call::Request request;
    typename Call::Response response;
    Nanoseconds began = 0;
  };

  void start(Slot& slot) {
    slot.context.emplace();
    Call::fill(slot.request, publishes_, options_);
    slot.began = now();
    Call::start(*stub_, &*slot.context, &slot.request, &slot.response,
                [this, &slot](const grpc::Status& status) { ended(slot, status); });
  }

  void ended(Slot& slot, const grpc::Status& status) {
    if (status.ok() && Call::is_good(slot.response)) {
      tally_.answered(options_.per_item, now() - slot.began);
    } else {
      tally_.failed(status.ok() ? "a message was refused" : status.error_message());
    }
    {
      const std::lock_guard lock(mutex_);
      if (is_stopping_) {
        if (--running_ == 0) all_ended_.notify_one();
        return;
      }
    }
    start(slot);
  }

  void stop() {
    std::unique_lock lock(mutex_);
    is_stopping_ = true;
    all_ended_.wait(lock, [&] { return running_ == 0; });
  }

  const Options& options_;
  Publishes publishes_;
  std::unique_ptr<typename Call::Service::Stub> stub_;
  std::deque<Slot> slots_;
  Tally tally_;
  std::mutex mutex_;
  std::condition_variable all_ended_;
  std::size_t running_ = 0;
  bool is_stopping_ = false;
};

}  // namespace

JsonObject run_publish(const Options& options) { return Unary<PublishCall>(options).run(); }
JsonObject run_batch(const Options& options) { return Unary<BatchCall>(options).run(); }
JsonObject run_echo(const Options& options) { return Unary<EchoCall>(options).run(); }

}  // namespace sluice::bench::grpc_load
