#pragma once
// AdminRoutes: what the admin port answers to each request. Pure but for the calls that it makes; the socket side is
// AdminServer's.

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "control/json_calls.hpp"

namespace sluice::control {

// The parts of an HTTP request that matter here; a header that was not sent is empty.
struct AdminRequest {
  std::string method = {};
  std::string target = {};  // path and query
  std::string host = {};
  std::string content_type = {};
  std::string content_encoding = {};
  std::string timeout_ms = {};  // Connect-Timeout-Ms
  std::string authorization = {};
  std::string peer = {};  // its address
  bool is_peer_loopback = false;
  std::string body = {};
};

struct AdminAnswer {
  unsigned status = 200;
  std::string content_type;
  std::string body;
  std::string allow;  // the methods, for 405
};

class AdminRoutes {
 public:
  struct Page {
    unsigned status = 200;
    std::string body;
  };
  struct Parts {
    const JsonCalls& calls;
    std::vector<std::string> hosts;       // beside loopback names and addresses
    bool allows_beyond_loopback = false;  // calls, without credentials or with
    std::function<std::string()> metrics;
    std::function<Page()> health, readiness;
  };
  explicit AdminRoutes(Parts parts) : parts_(std::move(parts)) {}

  // Answers once: before it returns, or on the executor when the call that was asked for has ended. On the executor.
  void handle(const AdminRequest& request, std::function<void(AdminAnswer)> answer) const;

 private:
  AdminAnswer page(std::string_view method, std::string_view content_type, const std::function<Page()>& make) const;
  void call(std::string_view path, const AdminRequest& request, std::function<void(AdminAnswer)> answer) const;
  // Says why the request may not call, or nothing.
  std::optional<AdminAnswer> refusal(std::string_view path, const AdminRequest& request) const;
  bool is_own_host(std::string_view host) const;

  Parts parts_;
};

}  // namespace sluice::control
