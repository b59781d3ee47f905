// What PublishStream and the streams of backends tell where a broker answers later than at once.

#include <gtest/gtest.h>

#include <thread>
#include <tuple>

#include "control/names.hpp"
#include "sluice/v1/backends.grpc.pb.h"
#include "tests/unit/control/running_control.hpp"
#include "tests/unit/workers/late_broker.hpp"

namespace sluice::control {
namespace {

using base::Errc;
using workers::LateBroker;

struct HasBroker {
  LateBroker broker;
};

class LateStream : public testing::Test, protected HasBroker, protected RunningControl {
 protected:
  LateStream() : RunningControl(broker) {}

  static v1::PublishStreamRequest request(std::uint64_t sequence, const std::vector<std::string>& rooms) {
    v1::PublishStreamRequest made;
    made.set_sequence(sequence);
    made.set_receipts(true);
    for (const std::string& room : rooms) fill(room, *made.add_messages());
    return made;
  }
  static void fill(const std::string& room, v1::PublishRequest& message) {
    message.mutable_target()->add_rooms(room);
    message.mutable_payload()->set_text("hi");
  }
  bool waits(std::size_t messages) {
    const base::TimePoint last = base::Clock::now() + std::chrono::seconds(30);
    while (broker.messages_waiting() != messages) {
      if (base::Clock::now() > last) return false;
      std::this_thread::yield();
    }
    return true;
  }
  static std::string at(std::uint64_t offset) { return LateBroker::at(offset).text(); }

  std::unique_ptr<grpc::ClientContext> call = context();
  std::unique_ptr<v1::Gateway::Stub> stub = v1::Gateway::NewStub(channel());
};

class LatePublishStream : public LateStream {
 protected:
  // Reads responses until there are so many results; the last acknowledgement is then in `acknowledged`.
  std::vector<v1::PublishStreamResult> read(std::size_t count) {
    std::vector<v1::PublishStreamResult> results;
    v1::PublishStreamResponse response;
    while (results.size() < count && stream->Read(&response)) {
      acknowledged = response.acknowledged();
      results.insert(results.end(), response.results().begin(), response.results().end());
    }
    return results;
  }

  std::unique_ptr<grpc::ClientReaderWriter<v1::PublishStreamRequest, v1::PublishStreamResponse>> stream =
      stub->PublishStream(call.get());
  std::uint64_t acknowledged = 0;
};

TEST_F(LatePublishStream, RequestsAreReadOnAndToldInTheirOrder) {
  stream->Write(request(1, {"a", "", "b"}));
  stream->Write(request(2, {""}));
  stream->Write(request(3, {"c"}));
  ASSERT_TRUE(waits(3));
  broker.take_messages();
  const auto results = read(5);
  ASSERT_EQ(results.size(), 5U);
  std::uint64_t place = 0;
  for (const auto& [sequence, index, position] :
       {std::tuple(1, 0, at(1)), {1, 1, ""}, {1, 2, at(2)}, {2, 0, ""}, {3, 0, at(3)}}) {
    const v1::PublishStreamResult& result = results[place++];
    EXPECT_EQ(result.sequence(), static_cast<std::uint64_t>(sequence));
    EXPECT_EQ(result.index(), static_cast<std::uint32_t>(index));
    EXPECT_EQ(result.result().receipt().position(), position);
    EXPECT_EQ(result.result().has_error(), position.empty());
  }
  EXPECT_EQ(acknowledged, 3U);
}

TEST_F(LatePublishStream, WhatIsLostIsToldAndTheStreamGoesOn) {
  stream->Write(request(1, {"a"}));
  ASSERT_TRUE(waits(1));
  broker.lose_messages(Errc::unavailable);
  const auto lost = read(1);
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(lost[0].result().error().detail().reason(), "unavailable");
  EXPECT_EQ(lost[0].result().error().detail().retry_after().seconds(), 1);
  stream->Write(request(2, {"a"}));
  ASSERT_TRUE(waits(1));
  broker.take_messages();
  EXPECT_EQ(read(1)[0].result().receipt().position(), at(1));
}

TEST_F(LatePublishStream, NoMoreThanTheWindowIsUnderWay) {
  for (std::uint64_t sequence = 1; sequence <= stream_window + 10; ++sequence) stream->Write(request(sequence, {"a"}));
  ASSERT_TRUE(waits(stream_window));
  broker.take_messages();
  EXPECT_TRUE(waits(10));
  broker.take_messages();
  EXPECT_EQ(read(stream_window + 10).size(), stream_window + 10);
}

TEST_F(LatePublishStream, WhoHasSaidAllIsToldAll) {
  stream->Write(request(1, {"a"}));
  stream->WritesDone();
  ASSERT_TRUE(waits(1));
  broker.take_messages();
  EXPECT_EQ(read(2).size(), 1U);
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(LatePublishStream, AWrongRequestEndsItBehindWhatIsUnderWay) {
  stream->Write(request(1, {"a"}));
  stream->Write(request(3, {"a"}));
  ASSERT_TRUE(waits(1));
  broker.take_messages();
  EXPECT_EQ(read(2).size(), 1U);
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(LatePublishStream, OneThatIsGoneWaitsForNothing) {
  stream->Write(request(1, {"a"}));
  ASSERT_TRUE(waits(1));
  call->TryCancel();
  EXPECT_FALSE(stream->Finish().ok());
  broker.take_messages();  // for nobody
  auto next_call = context();
  auto next = stub->PublishStream(next_call.get());
  next->Write(request(1, {"a"}));
  ASSERT_TRUE(waits(1));
  broker.take_messages();
  v1::PublishStreamResponse response;
  EXPECT_TRUE(next->Read(&response));
}

TEST_F(LatePublishStream, OneThatHasSaidAllAndIsGoneWaitsForNothing) {
  stream->Write(request(1, {"a"}));
  stream->WritesDone();
  ASSERT_TRUE(waits(1));
  call->TryCancel();
  EXPECT_FALSE(stream->Finish().ok());
  control.shutdown(base::Clock::now() + std::chrono::seconds(10));
  broker.take_messages();  // for nobody
}

// --- Publish, over the wire ---

TEST_F(LateStream, APublishOverTheWireIsAnsweredByItsDeadline) {
  call = std::make_unique<grpc::ClientContext>();
  call->set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(100));
  v1::PublishRequest message;
  fill("a", message);
  v1::PublishResponse response;
  EXPECT_EQ(stub->Publish(call.get(), message, &response).error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  broker.take_messages();  // for nobody
}

// --- backends ---

class LateBackend : public LateStream {
 protected:
  LateBackend() {
    v1::SubscribeEventsRequest request;
    request.mutable_subscribe();
    stream->Write(request);
    EXPECT_TRUE(stream->Read(&response));  // hello
  }
  void publish(std::uint64_t id) {
    v1::SubscribeEventsRequest request;
    request.mutable_command()->set_id(id);
    fill("a", *request.mutable_command()->mutable_publish());
    stream->Write(request);
  }

  std::unique_ptr<v1::Backends::Stub> backends = v1::Backends::NewStub(channel());
  std::unique_ptr<grpc::ClientReaderWriter<v1::SubscribeEventsRequest, v1::SubscribeEventsResponse>> stream =
      backends->SubscribeEvents(call.get());
  v1::SubscribeEventsResponse response;
};

TEST_F(LateBackend, ACommandsResultComesOnceThePlaceIsKnown) {
  publish(1);
  publish(2);
  ASSERT_TRUE(waits(2));
  broker.take_messages();
  std::vector<v1::CommandResult> results;
  while (results.size() < 2) {
    ASSERT_TRUE(stream->Read(&response));
    results.insert(results.end(), response.results().begin(), response.results().end());
  }
  EXPECT_EQ(results[0].id(), 1U);
  EXPECT_EQ(results[0].published().receipt().position(), at(1));
  EXPECT_EQ(results[1].published().receipt().position(), at(2));
}

TEST_F(LateBackend, ACommandThatIsLostSaysSo) {
  publish(1);
  ASSERT_TRUE(waits(1));
  broker.lose_messages(Errc::unavailable);
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.results(0).error().detail().reason(), "unavailable");
}

TEST_F(LateBackend, NoMoreThanAThousandCommandsAreUnderWay) {
  for (std::uint64_t id = 1; id <= 1100; ++id) publish(id);
  ASSERT_TRUE(waits(1024));
  broker.take_messages();
  EXPECT_TRUE(waits(76));
  broker.take_messages();
}

TEST_F(LateBackend, OneThatIsGoneWaitsForNothing) {
  publish(1);
  ASSERT_TRUE(waits(1));
  call->TryCancel();
  EXPECT_FALSE(stream->Finish().ok());
  broker.take_messages();  // for nobody
}

}  // namespace
}  // namespace sluice::control
