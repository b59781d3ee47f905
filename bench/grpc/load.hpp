#pragma once
// The kinds of load, each run from start to end; gives the object to print.

#include "bench/grpc/options.hpp"
#include "bench/load/json_object.hpp"

namespace sluice::bench::grpc_load {

JsonObject run_publish(const Options& options);
JsonObject run_batch(const Options& options);
JsonObject run_echo(const Options& options);
JsonObject run_stream(const Options& options);
JsonObject run_echo_stream(const Options& options);
JsonObject make_rooms(const Options& options);
JsonObject run_join_leave(const Options& options);

}  // namespace sluice::bench::grpc_load
