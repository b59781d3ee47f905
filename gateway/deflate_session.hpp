#pragma once
// DeflateSession: a WebSocket connection's own compression contexts (--compression per-connection), in the directions
// in which it keeps one. Made on first need.

#include <optional>

#include "gateway/deflater.hpp"
#include "gateway/inflater.hpp"

namespace sluice::gateway {

struct DeflateSession {
  DeflateSession(const DeflateTerms& terms, int level) {
    if (terms.keeps_server_context) deflater.emplace(terms.server_window_bits, level, Context::kept);
    if (terms.keeps_client_context) inflater.emplace(terms.client_window_bits, Context::kept);
  }

  std::optional<Deflater> deflater;
  std::optional<Inflater> inflater;
};

}  // namespace sluice::gateway
