#include "control/json_calls.hpp"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "base/assert.hpp"
#include "base/json_text.hpp"

namespace sluice::control {

namespace {

// Connect's HTTP status of each of gRPC's codes, by number.
constexpr std::array<std::uint16_t, status_names.size()> http_statuses{200, 499, 500, 400, 504, 404, 409, 403, 429,
                                                                       400, 409, 400, 501, 500, 503, 500, 401};

// RFC 4648, 4, without padding, as Connect writes details.
std::string base64(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char byte : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(byte);
    for (count += 8; count >= 6; count -= 6) text += digits[bits >> (count - 6) & 63];
  }
  if (count > 0) text += digits[bits << (6 - count) & 63];
  return text;
}

std::string json_of(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;  // a count of 0 is news too
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  SLUICE_ASSERT(status.ok());
  return text;
}

std::string error_body(std::string_view code, std::string_view message, std::string_view details) {
  std::string body = "{\"code\":";
  base::append_json_string(body, code);
  body += ",\"message\":";
  base::append_json_string(body, message);
  body += details;
  return body += "}\n";
}

// Fills `message` from `body`; an empty body is an empty request.
Problem parse(const std::string& body, google::protobuf::Message& message) {
  if (body.empty()) return {};
  const auto status = google::protobuf::util::JsonStringToMessage(body, &message);
  if (status.ok()) return {};
  std::string why(status.message().data(), status.message().size());
  why.resize(std::min(why.size(), why.find('\n')));  // further lines only quote the body
  return Failure{base::Errc::bad_request, "the body is not a valid " + message.GetTypeName() + " in JSON: " + why};
}

}  // namespace

JsonAnswer json_error(const Failure& failure) {
  const v1::ErrorDetail detail = detail_of(failure);
  const std::string details = ",\"details\":[{\"type\":\"" + detail.GetTypeName() + "\",\"value\":\"" +
                              base64(detail.SerializeAsString()) + "\",\"debug\":" + json_of(detail) + "}]";
  const auto status = static_cast<std::size_t>(failure.grpc_status());
  return {http_statuses[status], error_body(status_names[status], failure.message, details)};
}

JsonAnswer json_error(std::string_view code, std::string_view message) {
  const auto status = static_cast<std::size_t>(std::ranges::find(status_names, code) - status_names.begin());
  SLUICE_ASSERT(status < status_names.size());
  return {http_statuses[status], error_body(code, message, "")};
}

JsonCalls::JsonCalls(Calls& calls, Metrics& metrics, const Gatekeeper& gatekeeper)
    : calls_(calls), metrics_(metrics), gatekeeper_(gatekeeper) {
  const std::string_view gateway = "sluice.v1.Gateway", nodes = "sluice.v1.Nodes", access = "sluice.v1.Access";
  add(gateway, Method::publish, &Calls::publish);
  add(gateway, Method::publish_batch, &Calls::publish_batch);
  add(gateway, Method::join_rooms, &Calls::join_rooms);
  add(gateway, Method::leave_rooms, &Calls::leave_rooms);
  add(gateway, Method::disconnect, &Calls::disconnect);
  add(gateway, Method::get_connection, &Calls::get_connection);
  add(gateway, Method::list_connections, &Calls::list_connections);
  add(gateway, Method::list_rooms, &Calls::list_rooms);
  add(gateway, Method::presence, &Calls::presence);
  add(gateway, Method::history, &Calls::history);
  add(nodes, Method::get_node, &Calls::get_node);
  add(nodes, Method::list_nodes, &Calls::list_nodes);
  add(nodes, Method::undrain, &Calls::undrain);
  add(nodes, Method::shed, &Calls::shed);
  add(access, Method::revoke_tokens, &Calls::revoke_tokens);
  add(access, Method::block_user, &Calls::block_user);
  add(access, Method::unblock_user, &Calls::unblock_user);
}

template <class Message, class Response>
void JsonCalls::add(std::string_view service, Method method,
                    void (Calls::*run)(const Message&, base::TimePoint, const Answer<Response>&)) {
  const std::string path =
      "/" + std::string(service) + "/" + std::string(method_names[static_cast<std::size_t>(method)]);
  by_path_[path] = [this, method, run](const Request& request, std::function<void(JsonAnswer)> answer) {
    const base::TimePoint began = base::Clock::now();
    metrics_.call_began(method);
    Gatekeeper::Admitted caller = gatekeeper_.admit(method, request.shown);
    auto message = std::make_shared<Message>();
    Answer<Response> done = [this, method, began, answer = std::move(answer), message, peer = request.shown.peer,
                             name = caller.name](const Outcome<Response>& outcome) {
      const int status = outcome ? 0 : outcome.failure().grpc_status();
      metrics_.call_ended(method, status, base::Clock::now() - began);
      gatekeeper_.audit(method, name, peer, status, message.get());
      answer(outcome ? JsonAnswer{200, json_of(*outcome) + "\n"} : json_error(outcome.failure()));
    };
    auto problem = parse(request.body, *message);
    if (caller.refusal) return done(*std::move(caller.refusal));
    if (problem) return done(*std::move(problem));
    (calls_.*run)(*message, request.deadline, done);
  };
}

JsonCalls::Path JsonCalls::find(std::string_view path) const {
  if (by_path_.contains(path)) return Path::unary;
  const bool is_stream = path == "/sluice.v1.Gateway/PublishStream" || path == "/sluice.v1.Gateway/EmitWithAck" ||
                         path == "/sluice.v1.Nodes/Drain" || path == "/sluice.v1.Nodes/WatchNodes" ||
                         path == "/sluice.v1.Backends/SubscribeEvents";
  return is_stream ? Path::stream : Path::unknown;
}

void JsonCalls::call(std::string_view path, const Request& request, std::function<void(JsonAnswer)> answer) const {
  by_path_.find(path)->second(request, std::move(answer));
}

}  // namespace sluice::control
