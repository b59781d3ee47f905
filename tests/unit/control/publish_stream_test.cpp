#include "control/publish_stream.hpp"

#include <gtest/gtest.h>

#include "tests/unit/control/running_control.hpp"

namespace sluice::control {
namespace {

class PublishStreamTest : public testing::Test, protected RunningControl {
 protected:
  static v1::PublishStreamRequest request(std::uint64_t sequence, const std::vector<std::string>& rooms) {
    v1::PublishStreamRequest made;
    made.set_sequence(sequence);
    for (const std::string& room : rooms) {
      v1::PublishRequest& message = *made.add_messages();
      message.mutable_target()->add_rooms(room);
      message.mutable_payload()->set_text("hi");
    }
    return made;
  }

  std::unique_ptr<grpc::ClientContext> call = context();
  std::unique_ptr<v1::Gateway::Stub> stub = v1::Gateway::NewStub(channel());
  std::unique_ptr<grpc::ClientReaderWriter<v1::PublishStreamRequest, v1::PublishStreamResponse>> stream =
      stub->PublishStream(call.get());
  v1::PublishStreamResponse response;
};

TEST_F(PublishStreamTest, EveryRequestIsAcknowledgedAndTheStreamEndsWell) {
  constexpr std::uint64_t requests = 1000;
  for (std::uint64_t sequence = 1; sequence <= requests; ++sequence) stream->Write(request(sequence, {"a", "b"}));
  stream->WritesDone();
  std::uint64_t acknowledged = 0;
  while (stream->Read(&response)) {
    EXPECT_GT(response.acknowledged(), acknowledged);
    EXPECT_EQ(response.results_size(), 0);
    acknowledged = response.acknowledged();
  }
  EXPECT_EQ(acknowledged, requests);
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(pool->sequencer({}).position().offset, 2 * requests);
}

TEST_F(PublishStreamTest, AMessageThatFailsIsToldAndHoldsUpNothing) {
  stream->Write(request(1, {"a", "", "c"}));
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.acknowledged(), 1U);
  ASSERT_EQ(response.results_size(), 1);
  EXPECT_EQ(response.results(0).sequence(), 1U);
  EXPECT_EQ(response.results(0).index(), 1U);
  EXPECT_EQ(response.results(0).result().error().detail().field(), "target.rooms[0]");
  EXPECT_EQ(pool->sequencer({}).position().offset, 2U);
}

TEST_F(PublishStreamTest, ReceiptsComeWhenAskedFor) {
  auto asking = request(1, {"a"});
  asking.set_receipts(true);
  stream->Write(asking);
  ASSERT_TRUE(stream->Read(&response));
  ASSERT_EQ(response.results_size(), 1);
  EXPECT_EQ(response.results(0).result().receipt().position(), position(1));
}

TEST_F(PublishStreamTest, AWrongSequenceEndsItBehindItsAnswers) {
  stream->Write(request(1, {"a"}));
  stream->Write(request(3, {"a"}));
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.acknowledged(), 1U);
  EXPECT_FALSE(stream->Read(&response));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message().substr(0, 18), "sequence must be 2");
  EXPECT_FALSE(status.error_details().empty());
}

TEST_F(PublishStreamTest, ARequestWithoutMessagesEndsIt) {
  stream->Write(request(1, {}));
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(PublishStreamTest, ShutdownEndsAStreamThatIsStillOpen) {
  stream->Write(request(1, {"a"}));
  ASSERT_TRUE(stream->Read(&response));
  control.shutdown(base::Clock::now());
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_FALSE(stream->Finish().ok());
}

}  // namespace
}  // namespace sluice::control
