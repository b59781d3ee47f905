#include "gateway/cors.hpp"

namespace sluice::gateway {

std::string cors_headers(const Options& options, const HttpHead& head) {
  const std::string_view origin = head.find("Origin");
  if (origin.empty()) return {};
  if (options.allowed_origins.front() == any_origin) return "Access-Control-Allow-Origin: *\r\n";
  std::string headers = "Access-Control-Allow-Origin: ";
  headers.append(origin).append("\r\nAccess-Control-Allow-Credentials: true\r\nVary: Origin\r\n");
  return headers;
}

HttpReply preflight_reply(const HttpHead& head, std::string headers) {
  HttpReply reply;
  reply.status = 204;
  reply.headers = std::move(headers);
  reply.headers += "Access-Control-Allow-Methods: GET, POST, OPTIONS\r\nAccess-Control-Max-Age: 600\r\n";
  if (const std::string_view asked = head.find("Access-Control-Request-Headers"); !asked.empty()) {
    reply.headers.append("Access-Control-Allow-Headers: ").append(asked).append("\r\n");
  }
  return reply;
}

}  // namespace sluice::gateway
