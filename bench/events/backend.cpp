#include "backend.hpp"

#include <grpcpp/grpcpp.h>

#include <stdexcept>

#include "clients.hpp"
#include "sluice/v1/backends.grpc.pb.h"

namespace sluice::bench {
namespace {
constexpr std::uint32_t credits = 100'000;
constexpr std::size_t samples_max = 2'000'000;
}  // namespace

Heard run_backend(const std::string& address, const std::atomic<bool>& begins, const std::atomic<bool>& stops,
                  std::atomic<bool>& is_attached) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  const auto stub =
      v1::Backends::NewStub(grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
  grpc::ClientContext context;
  const auto stream = stub->SubscribeEvents(&context);
  v1::SubscribeEventsRequest request;
  request.mutable_subscribe()->set_credits(credits);
  stream->Write(request);
  Heard heard;
  std::uint64_t began = 0;
  v1::SubscribeEventsResponse response;
  while (!stops && stream->Read(&response)) {
    is_attached = true;
    if (response.events().empty()) continue;
    const std::uint64_t now = nanoseconds_now();
    if (begins) {
      if (began == 0) began = now;
      ++heard.responses;
      for (const v1::Event& event : response.events()) {
        if (!event.has_message()) continue;
        ++heard.messages;
        if (heard.nanoseconds.size() < samples_max)
          heard.nanoseconds.push_back(now - sent_at(event.message().payload().text()));
      }
      heard.seconds = static_cast<double>(now - began) / 1e9;
    }
    request.mutable_acknowledge()->set_cursor(response.cursor());
    stream->Write(request);
    request.mutable_credit()->set_events(static_cast<std::uint32_t>(response.events_size()));
    stream->Write(request);
  }
  context.TryCancel();
  if (!stops) throw std::runtime_error("the stream has ended: " + stream->Finish().error_message());
  return heard;
}

}  // namespace sluice::bench
