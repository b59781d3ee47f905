#pragma once
// Cors: what a browser must be told so that a page of another origin may read an answer (Fetch Standard, 3.2). Only
// pages that may connect at all are told so (--allowed-origins). Pure.

#include <string>

#include "gateway/http_exchange.hpp"
#include "gateway/http_head.hpp"
#include "gateway/options.hpp"

namespace sluice::gateway {

// Headers for an answer to a request whose origin is allowed; empty if it has none. Listed origins may send their
// cookies; where every origin may connect, no cookie means anything.
std::string cors_headers(const Options& options, const HttpHead& head);
// The answer to a browser that asks before it sends a request (Fetch Standard, 4.8), `headers` being those above.
HttpReply preflight_reply(const HttpHead& head, std::string headers);

}  // namespace sluice::gateway
