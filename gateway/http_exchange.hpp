#pragma once
// A request on the client port and its answer, which may come later and from another worker.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "workers/ending.hpp"

namespace sluice::workers {
class Connection;
class Worker;
}  // namespace sluice::workers

namespace sluice::gateway {

// Names a request that waits for its answer, wherever that is made. A copy may outlive the request: then the answer is
// nobody's.
struct ExchangeId {
  std::uint32_t node = 0;  // its incarnation
  base::WorkerId worker;
  std::uint32_t slot = 0, generation = 0;  // of the connection on which it came
  std::uint32_t number = 0;                // on that connection, from 1
  bool operator==(const ExchangeId&) const = default;
};

struct HttpReply {
  std::uint16_t status = 200;
  std::string_view content_type = {};  // a literal; empty: there is no body
  std::string body = {};
  std::string headers = {};  // more of them, each ending with a line's end
  bool closes = false;       // the connection ends behind it
};

// What a request is for, once its head was understood.
class HttpHandler {
 public:
  HttpHandler() = default;
  virtual ~HttpHandler() = default;
  HttpHandler(const HttpHandler&) = delete;
  HttpHandler& operator=(const HttpHandler&) = delete;

  // What a longer body than may be is answered with.
  virtual HttpReply too_large() const = 0;
  // The body has not come with the head: it may be long in coming.
  virtual void on_begun(workers::Worker&, const ExchangeId&) {}
  // The request is whole. Called once; the answer is given to HttpWire::answer, now or later.
  virtual void on_request(workers::Worker& worker, const ExchangeId& id, std::string body) = 0;
  // Adds to the answer what this request's needs whatever it says.
  virtual void complete(HttpReply&) const {}
  // The connection ends by our will before the answer, and its client may come back: what it is told; nothing: 503.
  virtual std::optional<HttpReply> last_words(const workers::Worker&, const workers::Ending&) const {
    return std::nullopt;
  }
  // Whoever asked is gone before the answer, or before the whole request.
  virtual void on_gone(workers::Worker&, const ExchangeId&) {}
};

}  // namespace sluice::gateway
