// JoinRooms and LeaveRooms: to make many rooms, and to see what joining and leaving one costs.

#include <grpcpp/grpcpp.h>

#include <stdexcept>

#include "bench/grpc/load.hpp"
#include "bench/load/clock.hpp"
#include "bench/load/process_figures.hpp"
#include "sluice/v1/gateway.grpc.pb.h"

namespace sluice::bench::grpc_load {

namespace {

std::unique_ptr<v1::Gateway::Stub> connect(const Options& options) {
  return v1::Gateway::NewStub(grpc::CreateChannel(options.server, grpc::InsecureChannelCredentials()));
}

void check(const grpc::Status& status, bool changed, const std::string& who) {
  if (!status.ok()) throw std::runtime_error(status.error_message());
  if (!changed) throw std::runtime_error("nobody in room " + who + " joined or left");
}

void join(v1::Gateway::Stub& stub, const std::string& who, const v1::JoinRoomsRequest& rooms) {
  grpc::ClientContext context;
  v1::JoinRoomsRequest request = rooms;
  v1::JoinRoomsResponse response;
  request.mutable_target()->add_rooms(who);
  const grpc::Status status = stub.JoinRooms(&context, request, &response);
  check(status, response.changed() > 0 && response.refused() == 0, who);
}

void leave(v1::Gateway::Stub& stub, const std::string& who, const std::string& room) {
  grpc::ClientContext context;
  v1::LeaveRoomsRequest request;
  v1::LeaveRoomsResponse response;
  request.mutable_target()->add_rooms(who);
  request.add_rooms(room);
  const grpc::Status status = stub.LeaveRooms(&context, request, &response);
  check(status, response.changed() > 0, who);
}

// What one kind of call has cost the server.
struct Cost {
  Nanoseconds cpu = 0, took = 0;
  std::uint64_t calls = 0;

  double cpu_us() const { return calls > 0 ? static_cast<double>(cpu) / 1e3 / static_cast<double>(calls) : 0; }
  double took_us() const { return calls > 0 ? static_cast<double>(took) / 1e3 / static_cast<double>(calls) : 0; }
};

template <class Act>
void for_each_mover(const Options& options, const ProcessFigures& server, Cost& cost, Act&& act) {
  const Nanoseconds cpu = server.cpu(), began = now();
  for (std::size_t mover = 0; mover < options.movers; ++mover) {
    act(numbered(options.mover, mover), numbered(options.room, mover));
  }
  cost.cpu += server.cpu() - cpu;
  cost.took += now() - began;
  cost.calls += options.movers;
}

}  // namespace

JsonObject make_rooms(const Options& options) {
  constexpr std::size_t rooms_per_call = 100;
  const auto stub = connect(options);
  const Nanoseconds began = now();
  std::size_t calls = 0;
  for (std::size_t first = options.first; first < options.rooms; first += rooms_per_call) {
    v1::JoinRoomsRequest request;
    for (std::size_t at = first; at < std::min(first + rooms_per_call, options.rooms); ++at) {
      request.add_rooms(numbered(options.room, at));
    }
    join(*stub, "holder-" + std::to_string(++calls % options.holders), request);
  }
  return JsonObject().add("rooms", options.rooms).add("calls", calls).add("seconds", to_seconds(now() - began));
}

JsonObject run_join_leave(const Options& options) {
  const auto stub = connect(options);
  const ProcessFigures server(options.pids);
  Cost joins, leaves;
  const auto run_for = [&](double seconds) {
    joins = leaves = Cost();
    for (const Nanoseconds end = now() + from_seconds(seconds); now() < end;) {
      for_each_mover(options, server, joins, [&](const std::string& mover, const std::string& room) {
        v1::JoinRoomsRequest request;
        request.add_rooms(room);
        join(*stub, mover, request);
      });
      for_each_mover(options, server, leaves,
                     [&](const std::string& mover, const std::string& room) { leave(*stub, mover, room); });
    }
  };
  run_for(options.warm);
  run_for(options.seconds);
  return JsonObject()
      .add("failed", 0)
      .add("calls", joins.calls)
      .add("server_cpu_us_per_join", joins.cpu_us())
      .add("server_cpu_us_per_leave", leaves.cpu_us())
      .add("us_per_join", joins.took_us())
      .add("us_per_leave", leaves.took_us());
}

}  // namespace sluice::bench::grpc_load
