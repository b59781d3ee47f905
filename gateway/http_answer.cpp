#include "gateway/http_answer.hpp"

#include <boost/beast/http/status.hpp>

#include "base/json_text.hpp"

namespace sluice::gateway {

HttpError http_error(base::Error error) {
  const std::uint16_t status = base::row_of(error.code).http_status;
  return {status, std::move(error)};
}

std::string http_answer(const HttpError& error) {
  std::string body = "{\"error\":\"";
  body.append(base::row_of(error.error.code).name).append("\",\"message\":");
  base::append_json_string(body, error.error.detail);
  body += "}\n";
  const std::string_view reason =
      boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(error.status));
  std::string answer = "HTTP/1.1 " + std::to_string(error.status) + ' ';
  answer.append(reason).append("\r\nContent-Type: application/json\r\nContent-Length: ");
  answer.append(std::to_string(body.size())).append("\r\nCache-Control: no-store\r\nConnection: close\r\n");
  answer.append(error.headers).append("\r\n").append(body);
  return answer;
}

}  // namespace sluice::gateway
