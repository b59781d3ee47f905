#include "program/client_port.hpp"

#include <algorithm>

#include "program/amounts.hpp"
#include "program/json_object.hpp"
#include "program/printable.hpp"

namespace sluice::program {
namespace {

// The "message" of an error's JSON; empty if `body` is no such thing.
std::string message_of(std::string_view body) {
  const auto object = JsonObject::parse(body);
  return object && object->has_string("message") ? printable(object->text("message")) : "";
}

std::string refusal_text(const GetOutcome& outcome, std::string_view body, const std::string& url) {
  if (std::string message = message_of(body); !message.empty()) return message;
  if (outcome.status >= 500) return url + " answers with status " + std::to_string(outcome.status);
  return "what answers at " + url + " is no gateway's client port (status " + std::to_string(outcome.status) +
         "); --url or SLUICE_URL names another";
}

}  // namespace

GetRequest request_for(std::string_view path, const ClientPortOptions& options) {
  GetRequest request;
  request.url = options.url.substr(0, options.url.find_last_not_of('/') + 1).append(path);
  for (const std::string& room : options.rooms) request.query.emplace_back("room", room);
  if (options.name_space != "/") request.query.emplace_back("namespace", options.name_space);
  if (!options.token.empty()) request.headers.push_back("Authorization: Bearer " + options.token);
  request.answer_patience = request.silence_patience = options.timeout_seconds;
  return request;
}

std::string failure_text(const GetOutcome& outcome, std::string_view body, const ClientPortOptions& options) {
  const std::string& url = options.url;
  switch (outcome.end) {
    case GetEnd::whole:
    case GetEnd::stopped:
      return refusal_text(outcome, body, url);
    case GetEnd::no_host:
      return "the host of " + url + " is not known; --url or SLUICE_URL names another";
    case GetEnd::no_connection:
      return "no gateway answers at " + url +
             "; is `sluice serve` running? --url or SLUICE_URL names another client port";
    case GetEnd::no_answer:
      return "no answer from " + url + " within " + duration_text(options.timeout_seconds) + " (--timeout-seconds)";
    case GetEnd::silent:
      return "nothing comes from " + url + " any more";
    case GetEnd::not_http:
      return "what answers at " + url + " does not speak HTTP; --url wants the gateway's client port (8080)";
    case GetEnd::no_trust:
      return "TLS with " + url + " fails: " + printable(outcome.detail) + "; --tls-ca names a certificate to trust";
    case GetEnd::broken:
      return "the connection to " + url + " broke";
  }
  return {};
}

bool may_pass(const GetOutcome& outcome) {
  switch (outcome.end) {
    case GetEnd::whole:
      // RFC 6585, 4: as many as may be, for now.
      return outcome.status >= 500 || outcome.status == 429;
    case GetEnd::stopped:
    case GetEnd::no_trust:
      return false;
    case GetEnd::no_host:
    case GetEnd::no_connection:
    case GetEnd::no_answer:
    case GetEnd::silent:
    case GetEnd::not_http:
    case GetEnd::broken:
      return true;
  }
  return false;
}

std::chrono::milliseconds retry_delay(std::chrono::milliseconds retry, unsigned failures, std::uint32_t chance) {
  constexpr std::chrono::milliseconds longest = std::chrono::seconds(30);
  const auto base = std::min(std::min(retry, longest) * (1U << std::min(failures, 8U)), longest);
  return base + base * chance / 4 / UINT32_MAX;
}

}  // namespace sluice::program
