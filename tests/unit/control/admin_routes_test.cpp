#include "control/admin_routes.hpp"

#include <gtest/gtest.h>

#include "tests/unit/control/running_calls.hpp"

namespace sluice::control {
namespace {

class AdminRoutesTest : public testing::Test, protected RunningCalls {
 protected:
  AdminAnswer handle(const AdminRequest& request) {
    std::promise<AdminAnswer> promise;
    routes(false).handle(request, [&promise](AdminAnswer answer) { promise.set_value(std::move(answer)); });
    return promise.get_future().get();
  }
  AdminRoutes routes(bool allows_beyond_loopback) {
    return AdminRoutes({json,
                        {"gateway.internal"},
                        allows_beyond_loopback,
                        [] { return std::string("metrics"); },
                        [] {
                          return AdminRoutes::Page{200, "ok\n"};
                        },
                        [] {
                          return AdminRoutes::Page{503, "not ready: draining\n"};
                        }});
  }
  static AdminRequest good_call() {
    return {.method = "POST",
            .target = "/sluice.v1.Nodes/GetNode",
            .host = "localhost:8082",
            .content_type = "application/json",
            .is_peer_loopback = true,
            .body = "{}"};
  }
  unsigned status_with(const std::function<void(AdminRequest&)>& change) {
    AdminRequest request = good_call();
    change(request);
    return handle(request).status;
  }

  JsonCalls json{calls, metrics, gatekeeper};
};

TEST_F(AdminRoutesTest, PagesAreForGetAndHeadAndForAnyone) {
  for (const char* method : {"GET", "HEAD"}) {
    EXPECT_EQ(handle({.method = method, .target = "/metrics", .host = "10.0.0.7"}).body, "metrics");
    EXPECT_EQ(handle({.method = method, .target = "/healthz?verbose"}).status, 200U);
    EXPECT_EQ(handle({.method = method, .target = "/readyz"}).status, 503U);
  }
  const auto posted = handle({.method = "POST", .target = "/metrics"});
  EXPECT_EQ(posted.status, 405U);
  EXPECT_EQ(posted.allow, "GET, HEAD");
}

TEST_F(AdminRoutesTest, MetricsSayTheirFormat) {
  EXPECT_EQ(handle({.method = "GET", .target = "/metrics"}).content_type, "text/plain; version=0.0.4; charset=utf-8");
}

TEST_F(AdminRoutesTest, OtherPathsAreNotFound) {
  for (const char* target : {"/", "", "/metricsx", "/healthz/", "*"})
    EXPECT_EQ(handle({.method = "GET", .target = target}).status, 404U) << target;
}

TEST_F(AdminRoutesTest, AGoodCallIsAnswered) {
  const auto answer = handle(good_call());
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.content_type, "application/json");
}

TEST_F(AdminRoutesTest, CallsAreForLoopbackAlone) {
  EXPECT_EQ(status_with([](auto& request) { request.is_peer_loopback = false; }), 403U);
  AdminRequest request = good_call();
  request.is_peer_loopback = false;
  unsigned status = 0;
  routes(true).handle(request, [&status](const AdminAnswer& answer) { status = answer.status; });
  EXPECT_EQ(status, 200U);
}

TEST_F(AdminRoutesTest, AHostThatAWebPageMayHaveMadeIsRefused) {
  for (const char* host : {"", "evil.example", "evil.example:8082", "localhost.evil.example", "10.0.0.7:8082", "[::2]"})
    EXPECT_EQ(status_with([&](auto& request) { request.host = host; }), 403U) << host;
  for (const char* host : {"localhost", "LOCALHOST:1", "127.0.0.1:8082", "127.8.8.8", "[::1]", "[::1]:8082",
                           "gateway.internal", "Gateway.Internal:80"})
    EXPECT_EQ(status_with([&](auto& request) { request.host = host; }), 200U) << host;
}

TEST_F(AdminRoutesTest, CallsArePostedAsJson) {
  EXPECT_EQ(status_with([](auto& request) { request.method = "GET"; }), 405U);
  EXPECT_EQ(status_with([](auto& request) { request.content_type = "application/json; charset=utf-8"; }), 200U);
  for (const char* type :
       {"", "text/plain", "application/x-www-form-urlencoded", "application/proto", "application/jsonx"})
    EXPECT_EQ(status_with([&](auto& request) { request.content_type = type; }), 415U) << type;
  EXPECT_EQ(status_with([](auto& request) { request.content_encoding = "gzip"; }), 415U);
}

TEST_F(AdminRoutesTest, UnknownCallsAndStreamsAreTold) {
  EXPECT_EQ(status_with([](auto& request) { request.target = "/sluice.v1.Nodes/Nope"; }), 404U);
  EXPECT_EQ(status_with([](auto& request) { request.target = "/sluice.v1.Nodes/Drain"; }), 501U);
}

TEST_F(AdminRoutesTest, ATimeoutIsDigitsAndIsHonoured) {
  EXPECT_EQ(status_with([](auto& request) { request.timeout_ms = "5000"; }), 200U);
  for (const char* timeout : {"x", "-1", "1.5", "12345678901"})
    EXPECT_EQ(status_with([&](auto& request) { request.timeout_ms = timeout; }), 400U) << timeout;
  block(0);
  EXPECT_EQ(status_with([](auto& request) {
              request.target = "/sluice.v1.Gateway/ListConnections";
              request.timeout_ms = "10";
            }),
            504U);
}

}  // namespace
}  // namespace sluice::control
