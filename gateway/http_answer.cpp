#include "gateway/http_answer.hpp"

#include <algorithm>
#include <boost/beast/http/status.hpp>

#include "base/json_text.hpp"

namespace sluice::gateway {

HttpError http_error(base::Error error) {
  const std::uint16_t status = base::row_of(error.code).http_status;
  // RFC 9110, 11.6.1 and 10.2.3.
  const char* const headers = error.code == base::Errc::unauthenticated ? "WWW-Authenticate: Bearer\r\n"
                              : error.code == base::Errc::too_many      ? "Retry-After: 1\r\n"
                                                                        : "";
  return {status, std::move(error), headers};
}

HttpReply http_reply(const HttpError& error) {
  HttpReply reply{error.status, "application/json", {}, error.headers, true};
  reply.body.append("{\"error\":\"").append(base::row_of(error.error.code).name).append("\",\"message\":");
  base::append_json_string(reply.body, error.error.detail);
  reply.body += "}\n";
  return reply;
}

HttpReply unavailable_reply(std::string why, unsigned retry_after_seconds) {
  return http_reply({503, base::fail(base::Errc::unavailable, std::move(why)),
                     "Retry-After: " + std::to_string(retry_after_seconds) + "\r\n"});
}

namespace {

// From 1 to `longest`, other for each seed.
unsigned scattered(std::uint32_t seed, unsigned longest) { return 1 + (seed * 2654435761U >> 16) % longest; }

}  // namespace

HttpReply scattered_unavailable_reply(std::string why, std::uint32_t seed) {
  constexpr unsigned longest = 5;
  return unavailable_reply(std::move(why), scattered(seed, longest));
}

HttpReply turned_away_reply(base::Error error, std::uint32_t seed) {
  HttpError answer = http_error(std::move(error));
  // Long enough for what was begun to show.
  constexpr unsigned soonest = 4, longest = 16;
  if (answer.error.code == base::Errc::exhausted) {
    answer.headers = "Retry-After: " + std::to_string(soonest + scattered(seed, longest)) + "\r\n";
  }
  return http_reply(answer);
}

unsigned retry_after_seconds(const workers::Ending& ending) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(ending.returns_after).count();
  return static_cast<unsigned>(std::max<std::chrono::seconds::rep>(seconds, 1));
}

HttpReply refusal_reply(std::string_view message, std::string_view data) {
  HttpReply reply = http_reply(http_error(base::fail(base::Errc::forbidden, std::string(message))));
  if (data.empty()) return reply;
  reply.body.resize(reply.body.size() - 2);
  reply.body.append(",\"data\":").append(data).append("}\n");
  return reply;
}

std::string http_text(const HttpReply& reply, bool is_to_head) {
  const std::string_view reason =
      boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(reply.status));
  std::string text = "HTTP/1.1 " + std::to_string(reply.status) + ' ';
  text.reserve(reply.body.size() + reply.headers.size() + 192);
  text.append(reason).append("\r\n");
  if (!reply.content_type.empty()) text.append("Content-Type: ").append(reply.content_type).append("\r\n");
  // RFC 9110, 8.6: a 204 has no length.
  if (reply.status != 204) text.append("Content-Length: ").append(std::to_string(reply.body.size())).append("\r\n");
  text.append("Cache-Control: no-store\r\n");
  if (reply.closes) text.append("Connection: close\r\n");
  text.append(reply.headers).append("\r\n");
  // RFC 9110, 9.3.2: the length is that of an answer to GET, whose body is not sent.
  if (!is_to_head) text.append(reply.body);
  return text;
}

}  // namespace sluice::gateway
