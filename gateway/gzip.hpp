#pragma once
// gzip (RFC 1952) for the bodies of answers.

#include "gateway/http_exchange.hpp"

namespace sluice::gateway {

// Replaces the body by its gzip if that is worth it: a whole answer of a kilobyte and more.
void gzip_reply(HttpReply& reply);

}  // namespace sluice::gateway
