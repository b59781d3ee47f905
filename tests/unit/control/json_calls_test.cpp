#include "control/json_calls.hpp"

#include <gtest/gtest.h>

#include "tests/unit/control/running_calls.hpp"

namespace sluice::control {
namespace {

class JsonCallsTest : public testing::Test, protected RunningCalls {
 protected:
  JsonAnswer call(std::string_view path, const std::string& body) {
    std::promise<JsonAnswer> promise;
    const Credentials none;
    json.call(path, {body, none, base::Clock::now() + std::chrono::seconds(5)},
              [&promise](JsonAnswer answer) { promise.set_value(std::move(answer)); });
    return promise.get_future().get();
  }
  static bool has(const JsonAnswer& answer, std::string_view part) {
    return answer.body.find(part) != std::string::npos;
  }

  JsonCalls json{calls, metrics, gatekeeper};
};

constexpr std::string_view publish_path = "/sluice.v1.Gateway/Publish";

TEST_F(JsonCallsTest, APublishAnswersWithItsReceipt) {
  const auto answer = call(publish_path, R"({"target":{"rooms":["lobby"]},"payload":{"text":"hi"}})");
  EXPECT_EQ(answer.http_status, 200U);
  EXPECT_EQ(answer.body, "{\"receipt\":{\"position\":\"" + position(1) + "\",\"matched\":0}}\n");
}

TEST_F(JsonCallsTest, AnEmptyBodyIsAnEmptyRequest) {
  EXPECT_TRUE(has(call("/sluice.v1.Nodes/GetNode", ""), "\"name\":\"n1\""));
}

TEST_F(JsonCallsTest, AFailureIsToldInConnectsForm) {
  const auto answer = call(publish_path, R"({"target":{"rooms":[""]},"payload":{"text":"hi"}})");
  EXPECT_EQ(answer.http_status, 400U);
  EXPECT_TRUE(answer.body.starts_with(
      R"({"code":"invalid_argument","message":"target.rooms[0] must be a name that is not empty","details":[{"type":)"
      R"("sluice.v1.ErrorDetail","value":")"));
  EXPECT_TRUE(has(answer, R"("debug":{"reason":"bad_request","field":"target.rooms[0]")"));
}

TEST_F(JsonCallsTest, ABodyThatIsNoRequestIsRefused) {
  for (const char* body : {"{", "[]", "x", R"({"target":1})", R"({"nope":1})", R"({"payload":{"text":1}})",
                           R"({"payload":{"text":"a","json":"1"}})", "{\"payload\":{\"text\":\"\xff\"}}"}) {
    const auto answer = call(publish_path, body);
    EXPECT_EQ(answer.http_status, 400U) << body;
    EXPECT_TRUE(has(answer, "not a valid sluice.v1.PublishRequest")) << body << answer.body;
  }
}

TEST_F(JsonCallsTest, StatusesAreConnects) {
  const std::pair<base::Errc, unsigned> statuses[] = {
      {base::Errc::bad_request, 400}, {base::Errc::unauthenticated, 401}, {base::Errc::forbidden, 403},
      {base::Errc::not_found, 404},   {base::Errc::already_exists, 409},  {base::Errc::too_many, 429},
      {base::Errc::exhausted, 429},   {base::Errc::unavailable, 503},     {base::Errc::timed_out, 504},
      {base::Errc::internal, 500},    {base::Errc::too_large, 400}};
  for (const auto& [code, status] : statuses) {
    const auto answer = json_error(Failure{code, "m"});
    EXPECT_EQ(answer.http_status, status);
    EXPECT_TRUE(has(answer, "{\"code\":\"" + std::string(base::row_of(code).connect_code) + "\""));
  }
}

TEST_F(JsonCallsTest, CallsAreCountedAsThoseByGrpcAre) {
  static_cast<void>(call(publish_path, "{}"));
  EXPECT_EQ(metrics.calls[static_cast<std::size_t>(Method::publish)][3].read(), 1U);
}

TEST_F(JsonCallsTest, EachUnaryCallHasItsPath) {
  for (const char* path : {"Publish", "PublishBatch", "JoinRooms", "LeaveRooms", "Disconnect", "GetConnection",
                           "ListConnections", "ListRooms", "History"})
    EXPECT_EQ(json.find("/sluice.v1.Gateway/" + std::string(path)), JsonCalls::Path::unary) << path;
  EXPECT_EQ(json.find("/sluice.v1.Nodes/Drain"), JsonCalls::Path::stream);
  EXPECT_EQ(json.find("/sluice.v1.Gateway/GetNode"), JsonCalls::Path::unknown);
}

}  // namespace
}  // namespace sluice::control
