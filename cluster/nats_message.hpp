#pragma once
// NatsMessage: what a subscription is given; NatsPublication: what is published. Both borrow their bytes.

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.hpp"
#include "cluster/nats_headers.hpp"

namespace sluice::cluster {

// Good as long as the call that hands it out.
struct NatsMessage {
  std::string_view subject;
  std::string_view reply;         // the subject that an answer goes to; empty: none is wanted
  std::string_view header_block;  // as it was sent; empty: it has no headers
  std::string_view payload;
  std::uint64_t subscription = 0;  // the number that we gave it in SUB

  // Takes the block apart: whoever published it may have written anything there.
  base::Result<NatsHeaders> headers() const { return NatsHeaders::parse(header_block); }
};

// Good for the call that it is handed to.
struct NatsPublication {
  std::string_view subject;  // no wildcards
  std::string_view payload = {};
  std::string_view reply = {};  // empty: none is wanted
  std::span<const NatsHeader> headers = {};
};

}  // namespace sluice::cluster
