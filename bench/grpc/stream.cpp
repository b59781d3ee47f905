// One stream both ways: items are written while fewer than `in_flight` are unanswered.

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <mutex>
#include <vector>

#include "bench/grpc/load.hpp"
#include "bench/grpc/requests.hpp"
#include "bench/grpc/tally.hpp"
#include "echo.grpc.pb.h"
#include "sluice/v1/gateway.grpc.pb.h"

namespace sluice::bench::grpc_load {

namespace {

struct PublishItems {
  using Service = v1::Gateway;
  using Request = v1::PublishStreamRequest;
  using Response = v1::PublishStreamResponse;

  explicit PublishItems(const Options& options) : options_(options), publishes_(options) {}
  static auto open(Service::Stub& stub, grpc::ClientContext* context,
                   grpc::ClientBidiReactor<Request, Response>* reactor) {
    stub.async()->PublishStream(context, reactor);
  }
  void fill(Request& request, std::uint64_t sequence) {
    request.set_sequence(sequence);
    while (request.messages_size() < static_cast<int>(options_.per_item)) request.add_messages();
    for (auto& message : *request.mutable_messages()) publishes_.fill(message);
  }
  // How many items have been answered so far, this answer included.
  static std::uint64_t answered(const Response& response, std::uint64_t) { return response.acknowledged(); }
  static bool is_good(const Response& response) { return response.results().empty(); }

 private:
  const Options& options_;
  Publishes publishes_;
};

struct EchoItems {
  using Service = Echo;
  using Request = EchoMessage;
  using Response = EchoMessage;

  explicit EchoItems(const Options& options) : data_(options.size * options.per_item, 'x') {}
  static void open(Service::Stub& stub, grpc::ClientContext* context,
                   grpc::ClientBidiReactor<Request, Response>* reactor) {
    stub.async()->Stream(context, reactor);
  }
  void fill(Request& request, std::uint64_t) {
    if (request.data().empty()) request.set_data(data_);
  }
  static std::uint64_t answered(const Response&, std::uint64_t before) { return before + 1; }
  static bool is_good(const Response&) { return true; }

 private:
  const std::string data_;
};

template <class Items>
class Stream final : public grpc::ClientBidiReactor<typename Items::Request, typename Items::Response> {
 public:
  explicit Stream(const Options& options)
      : options_(options),
        items_(options),
        stub_(Items::Service::NewStub(grpc::CreateChannel(options.server, grpc::InsecureChannelCredentials()))),
        sent_at_(options.in_flight + 1) {}

  JsonObject run() {
    Items::open(*stub_, &context_, this);
    this->StartRead(&response_);
    {
      const std::lock_guard lock(mutex_);
      write_if_due();
    }
    this->StartCall();
    return measure(options_, tally_, [&] { stop(); });
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    is_writing_ = false;
    if (ok) write_if_due();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (!Items::is_good(response_)) tally_.failed("a message was refused");
    {
      const std::lock_guard lock(mutex_);
      const std::uint64_t answered = Items::answered(response_, answered_);
      while (answered_ < answered) {
        ++answered_;
        tally_.answered(options_.per_item, now() - sent_at_[answered_ % sent_at_.size()]);
      }
      write_if_due();
    }
    this->StartRead(&response_);
  }

  void OnDone(const grpc::Status& status) override {
    if (!status.ok()) tally_.failed(status.error_message());
    const std::lock_guard lock(mutex_);
    is_done_ = true;
    done_.notify_one();
  }

 private:
  // With the lock held.
  void write_if_due() {
    if (is_writing_ || is_closed_) return;
    if (is_stopping_) {
      is_closed_ = true;
      this->StartWritesDone();
      return;
    }
    if (written_ - answered_ >= options_.in_flight) return;
    is_writing_ = true;
    items_.fill(request_, ++written_);
    sent_at_[written_ % sent_at_.size()] = now();
    this->StartWrite(&request_);
  }

  void stop() {
    std::unique_lock lock(mutex_);
    is_stopping_ = true;
    write_if_due();
    done_.wait(lock, [&] { return is_done_; });
  }

  const Options& options_;
  Items items_;
  std::unique_ptr<typename Items::Service::Stub> stub_;
  grpc::ClientContext context_;
  typename Items::Request request_;
  typename Items::Response response_;
  Tally tally_;

  std::mutex mutex_;  // over all that follows
  std::condition_variable done_;
  std::vector<Nanoseconds> sent_at_;  // by sequence number, as many as can be unanswered
  std::uint64_t written_ = 0, answered_ = 0;
  bool is_writing_ = false, is_stopping_ = false, is_closed_ = false, is_done_ = false;
};

}  // namespace

JsonObject run_stream(const Options& options) { return Stream<PublishItems>(options).run(); }
JsonObject run_echo_stream(const Options& options) { return Stream<EchoItems>(options).run(); }

}  // namespace sluice::bench::grpc_load
