#pragma once
// JsonCalls: the unary calls as JSON, in the form of the Connect protocol (https://connectrpc.com/docs/protocol, unary
// requests with application/json), through the same Calls as gRPC.

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "control/calls.hpp"
#include "control/gatekeeper.hpp"

namespace sluice::control {

// The body of an error and its HTTP status, as Connect has them.
struct JsonAnswer {
  unsigned http_status = 200;
  std::string body;
};
JsonAnswer json_error(const Failure& failure);
// An error that is none of a call's: `code` is one of Connect's names.
JsonAnswer json_error(std::string_view code, std::string_view message);

class JsonCalls {
 public:
  // All outlive this.
  JsonCalls(Calls& calls, Metrics& metrics, const Gatekeeper& gatekeeper);

  // What a path names.
  enum class Path : std::uint8_t { unknown, unary, stream };
  Path find(std::string_view path) const;
  struct Request {
    const std::string& body;
    const Credentials& shown;
    base::TimePoint deadline;
  };
  // Answers once, as Calls does. `path` names a unary call.
  void call(std::string_view path, const Request& request, std::function<void(JsonAnswer)> answer) const;

 private:
  using Call = std::function<void(const Request&, std::function<void(JsonAnswer)>)>;

  template <class Message, class Response>
  void add(std::string_view service, Method method,
           void (Calls::*run)(const Message&, base::TimePoint, const Answer<Response>&));

  Calls& calls_;
  Metrics& metrics_;
  const Gatekeeper& gatekeeper_;
  std::map<std::string, Call, std::less<>> by_path_;
};

}  // namespace sluice::control
