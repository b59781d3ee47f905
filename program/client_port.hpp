#pragma once
// What the commands that talk to a gateway's client port ask it, and what they say when it does not do it.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "program/client_port_options.hpp"

namespace sluice::program {

// A request for `path` ("/sse") with the options' rooms, namespace, token and patience.
GetRequest request_for(std::string_view path, const ClientPortOptions& options);

// Why a request was not done, as one sentence for the user. Of a refusal, the gateway's own, which is in `body`.
std::string failure_text(const GetOutcome& outcome, std::string_view body, const ClientPortOptions& options);

// Whether the same request may be done a little later, since the gateway is being restarted or is busy.
bool may_pass(const GetOutcome& outcome);

// How long to wait before that: `retry`, twice as long after each failure in a row, at most half a minute, and by
// `chance` up to a quarter more, so that not all come back at the same moment.
std::chrono::milliseconds retry_delay(std::chrono::milliseconds retry, unsigned failures, std::uint32_t chance);

}  // namespace sluice::program
