#pragma once
// One enum and one table: what each failure means to an HTTP client, a WebSocket client and a gRPC caller.

#include <cstdint>
#include <string_view>

namespace sluice::base {

enum class Errc : std::uint8_t {
  bad_request,      // malformed, or an argument out of its range
  unauthenticated,  // no or wrong credentials
  forbidden,        // known, but not allowed: origin, room, scope
  not_found,        // no such path, connection, room, namespace
  already_exists,   // the same idempotency key with another request
  too_large,        // over a limit on size
  too_many,         // over a limit on number or rate
  exhausted,        // a bounded queue or something else of ours is full; try again
  unavailable,      // draining, or a part that is needed is away
  timed_out,        // a deadline passed
  internal,         // our fault
};

// Gives the row of the table for `code`.
struct ErrorRow {
  std::string_view name;  // as in metrics and JSON answers, lower snake case
  std::uint16_t http_status;
  std::uint16_t close_code;       // RFC 6455, 7.4.1
  int grpc_status;                // grpc::StatusCode by number, so that base/ needs no gRPC
  std::string_view connect_code;  // the Connect protocol's name of the same status
};
const ErrorRow& row_of(Errc code);
// The code of that name, as other nodes say it; Errc::internal if a newer version has one that is not known here.
Errc errc_named(std::string_view name);

}  // namespace sluice::base
