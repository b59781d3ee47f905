#pragma once
// A request as its HttpWire keeps it; for http_wire.cpp and http_wire_waits.cpp alone.

#include <cstddef>
#include <memory>
#include <string>

#include "gateway/chunked_body.hpp"
#include "gateway/http_wire.hpp"

namespace sluice::gateway {

// Takes the text away from where it is kept, if there is any.
inline std::string taken_from(std::unique_ptr<std::string>& place) {
  const std::unique_ptr<std::string> text = std::move(place);
  return text ? std::move(*text) : std::string();
}

struct HttpWire::Request {
  std::unique_ptr<HttpHandler> handler;  // null: it waits for a verdict, or for rooms
  std::string text;                      // its body; while it waits so, its head
  std::size_t length = 0;                // of the body, if it says so
  std::unique_ptr<ChunkedBody> chunked;  // if it does not
  bool has_begun = false;                // the handler was told that the body is coming
  bool is_whole = false;                 // the answer is awaited
  bool drops_early = false;              // too much came behind it

  bool is_complete() const { return chunked ? chunked->is_done() : text.size() == length; }
};

}  // namespace sluice::gateway
