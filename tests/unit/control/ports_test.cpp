#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <thread>

#include "tests/unit/control/running_control.hpp"

namespace sluice::control {
namespace {

class PortsTest : public testing::Test, protected RunningControl {
 protected:
  // Sends `request` to the admin port and gives all that comes until the port closes.
  std::string http(const std::string& request) const {
    const base::Address address = control.admin_address();
    const int descriptor = ::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    std::string answer;
    if (::connect(descriptor, address.socket_address(), address.socket_address_bytes()) == 0 &&
        ::send(descriptor, request.data(), request.size(), MSG_NOSIGNAL) > 0) {
      char bytes[4096];
      for (ssize_t count = 0; (count = ::recv(descriptor, bytes, sizeof bytes, 0)) > 0;)
        answer.append(bytes, static_cast<std::size_t>(count));
    }
    ::close(descriptor);
    return answer;
  }
  std::string get(const std::string& path, const std::string& method = "GET") const {
    return http(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  }
  static bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

  std::unique_ptr<v1::Gateway::Stub> gateway = v1::Gateway::NewStub(channel());
};

TEST_F(PortsTest, APortThatIsTakenIsNamedWithItsOption) {
  const auto why = [this](const base::Address& grpc, const base::Address& admin) {
    Options wanted = any_ports();
    wanted.grpc = grpc;
    wanted.admin = admin;
    Control other(*pool, workers::NoPeers::instance(), hub, revocations, callers, wanted, facts);
    try {
      other.start();
    } catch (const std::runtime_error& error) {
      return std::string(error.what());
    }
    return std::string("started");
  };
  const base::Address any = any_ports().grpc;
  EXPECT_EQ(why(control.grpc_address(), any),
            "--grpc: cannot listen on " + control.grpc_address().text() + ": Address already in use");
  EXPECT_EQ(why(any, control.admin_address()),
            "--admin: cannot listen on " + control.admin_address().text() + ": Address already in use");
}

TEST_F(PortsTest, ReadinessIsToldToProbesAndHealthChecks) {
  EXPECT_TRUE(has(get("/readyz"), "503") && has(get("/readyz"), "not ready: starting"));
  control.set_ready(true);
  EXPECT_TRUE(get("/readyz").starts_with("HTTP/1.1 200 "));
  control.set_ready(false);
  EXPECT_TRUE(has(get("/readyz"), "not ready: draining"));
  EXPECT_TRUE(has(get("/healthz"), "200"));
}

TEST_F(PortsTest, AHeadHasNoBody) {
  const std::string answer = get("/healthz", "HEAD");
  EXPECT_TRUE(has(answer, "Content-Length: 3\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(PortsTest, MetricsAreServed) {
  const std::string page = get("/metrics");
  EXPECT_TRUE(has(page, "version=0.0.4"));
  EXPECT_TRUE(has(page, "\nsluice_build_info{version=\"1.2.3\"} 1\n"));
  EXPECT_TRUE(has(page, "\nsluice_connections{protocol=\"websocket\",worker=\"1\"} 0\n"));
}

TEST_F(PortsTest, OneConnectionTakesSeveralRequests) {
  const std::string answer = http(
      "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
      "GET /nope HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(has(answer, "HTTP/1.1 404 "));
}

TEST_F(PortsTest, ACallAsJsonIsAnswered) {
  const std::string answer = http(
      "POST /sluice.v1.Gateway/ListConnections HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Connection: close\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_TRUE(has(answer, "{\"connections\":[],\"nextPageToken\":\"\",\"silentNodes\":[]}")) << answer;
}

TEST_F(PortsTest, WhatIsNoRequestOrTooBigIsTold) {
  EXPECT_TRUE(http("NONSENSE\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(http("GET / HTTP/1.1\r\nA: " + std::string(20'000, 'a') + "\r\n\r\n").starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(http("POST /sluice.v1.Nodes/GetNode HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10001\r\n\r\n" +
                   std::string(10'001, 'a'))
                  .starts_with("HTTP/1.1 413 "));
}

TEST_F(PortsTest, AGrpcErrorHasTypedDetails) {
  v1::GetConnectionRequest request;
  v1::GetConnectionResponse response;
  const grpc::Status status = gateway->GetConnection(context().get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  v1::ErrorStatus details;
  v1::ErrorDetail detail;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  ASSERT_TRUE(details.details(0).UnpackTo(&detail));
  EXPECT_EQ(detail.field(), "id");
}

TEST_F(PortsTest, ARequestOverTheLimitNamesTheOption) {
  v1::PublishRequest request;
  request.mutable_target()->add_rooms("a");
  request.mutable_payload()->set_text(std::string(10'000, 'a'));
  v1::PublishResponse response;
  const grpc::Status status = gateway->Publish(context().get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(has(status.error_message(), "--grpc-message-bytes-max"));
}

TEST_F(PortsTest, TextThatIsNotUtf8IsRefusedWithAReason) {
  // The generated client checks its texts itself.
  const grpc::Slice malformed("\x0a\x02\xff\xfe");  // field 1, two bytes
  const grpc::ByteBuffer request(&malformed, 1);
  grpc::ByteBuffer response;
  const auto call = context();
  std::promise<grpc::Status> ended;
  grpc::GenericStub(channel()).UnaryCall(call.get(), "/sluice.v1.Gateway/GetConnection", {}, &request, &response,
                                         [&ended](grpc::Status status) { ended.set_value(std::move(status)); });
  const grpc::Status status = ended.get_future().get();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(has(status.error_message(), "not UTF-8"));
}

TEST_F(PortsTest, ADrainReportsUntilNobodyIsLeft) {
  control.set_ready(true);
  const auto nodes = v1::Nodes::NewStub(channel());
  v1::DrainRequest request;
  request.mutable_over()->set_seconds(0);
  const auto call = context();
  const auto stream = nodes->Drain(call.get(), request);
  v1::DrainProgress progress;
  ASSERT_TRUE(stream->Read(&progress));
  EXPECT_TRUE(progress.done());
  EXPECT_FALSE(stream->Read(&progress));
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_TRUE(has(get("/readyz"), "not ready: draining"));
}

TEST_F(PortsTest, ABadDrainFailsAndChangesNothing) {
  control.set_ready(true);
  const auto nodes = v1::Nodes::NewStub(channel());
  v1::DrainRequest request;
  request.mutable_over()->set_seconds(-1);
  const auto call = context();
  EXPECT_EQ(nodes->Drain(call.get(), request)->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(get("/readyz").starts_with("HTTP/1.1 200 "));
}

TEST_F(PortsTest, ACallAcrossTheWorkersIsAnsweredByGrpc) {
  v1::JoinRoomsRequest request;
  request.mutable_target()->set_everyone(true);
  request.add_rooms("a");
  v1::JoinRoomsResponse response;
  EXPECT_TRUE(gateway->JoinRooms(context().get(), request, &response).ok());
}

TEST_F(PortsTest, AWorkerThatHangsFailsTheHealthCheck) {
  control.set_ready(true);
  EXPECT_TRUE(get("/healthz").starts_with("HTTP/1.1 200 "));
  block(1);
  const auto until = base::Clock::now() + std::chrono::seconds(10);
  std::string answer;
  while (!answer.starts_with("HTTP/1.1 503 ") && base::Clock::now() < until) answer = get("/healthz");
  EXPECT_TRUE(has(answer, "a worker's loop has not turned for "));
}

TEST_F(PortsTest, ShutdownLetsACallAsJsonEnd) {
  std::promise<void> asked;
  std::thread caller([&] {
    block(1);
    asked.set_value();
    const std::string answer = http(
        "POST /sluice.v1.Gateway/ListConnections HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Connect-Timeout-Ms: 2000\r\nContent-Length: 2\r\n\r\n{}");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 504 ")) << answer;
  });
  asked.get_future().wait();
  // The call is under way once it is counted so.
  const auto until = base::Clock::now() + std::chrono::seconds(10);
  while (!has(get("/metrics"), "sluice_calls_in_progress{method=\"ListConnections\"} 1") &&
         base::Clock::now() < until) {
  }
  control.shutdown(base::Clock::now() + std::chrono::seconds(10));
  caller.join();
}

TEST_F(PortsTest, ShutdownClosesBothPorts) {
  control.shutdown(base::Clock::now());
  EXPECT_EQ(get("/healthz"), "");
  v1::JoinRoomsResponse response;
  EXPECT_EQ(gateway->JoinRooms(context().get(), {}, &response).error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace sluice::control
