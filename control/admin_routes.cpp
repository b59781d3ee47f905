#include "control/admin_routes.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/address.hpp"

namespace sluice::control {

namespace {

constexpr std::string_view text_type = "text/plain; charset=utf-8", json_type = "application/json";
constexpr std::string_view metrics_type = "text/plain; version=0.0.4; charset=utf-8";

AdminAnswer text(unsigned status, std::string body) { return {status, std::string(text_type), std::move(body), {}}; }

AdminAnswer not_allowed(std::string allow) {
  AdminAnswer answer = text(405, "use " + allow + "\n");
  answer.allow = std::move(allow);
  return answer;
}

AdminAnswer json(JsonAnswer answer) { return {answer.http_status, std::string(json_type), std::move(answer.body), {}}; }

AdminAnswer refused(unsigned status, std::string_view code, std::string_view message) {
  JsonAnswer answer = json_error(code, message);
  answer.http_status = status;
  return json(std::move(answer));
}

std::string lower(std::string_view value) {
  std::string result(value);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

// The media type alone, without parameters such as the charset.
std::string media_type(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  return lower(type);
}

// Host without its port: "localhost:8082", "[::1]:8082".
std::string host_name(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  const std::size_t bracket = host.rfind(']');
  const bool has_port = colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  return lower(has_port ? host.substr(0, colon) : host);
}

// Gives the deadline that Connect-Timeout-Ms asks for: at most ten digits; nothing if it's malformed.
std::optional<base::TimePoint> deadline_of(const std::string& timeout_ms) {
  constexpr std::size_t digits_max = 10;
  if (timeout_ms.empty()) return base::Clock::now() + Calls::wait_max;
  std::uint64_t milliseconds = 0;
  const char* const end = timeout_ms.data() + timeout_ms.size();
  const auto parsed = std::from_chars(timeout_ms.data(), end, milliseconds);
  if (parsed.ec != std::errc{} || parsed.ptr != end || timeout_ms.size() > digits_max) return std::nullopt;
  return base::Clock::now() + std::chrono::milliseconds(milliseconds);
}

}  // namespace

void AdminRoutes::handle(const AdminRequest& request, std::function<void(AdminAnswer)> answer) const {
  const std::string_view path = std::string_view(request.target).substr(0, request.target.find('?'));
  const auto metrics = [this] { return Page{200, parts_.metrics()}; };
  if (path == "/metrics") return answer(page(request.method, metrics_type, metrics));
  if (path == "/healthz") return answer(page(request.method, text_type, parts_.health));
  if (path == "/readyz") return answer(page(request.method, text_type, parts_.readiness));
  if (path.starts_with("/sluice.")) return call(path, request, std::move(answer));
  answer(text(404, "no such page; there are /metrics, /healthz, /readyz and calls such as /sluice.v1.Nodes/GetNode\n"));
}

AdminAnswer AdminRoutes::page(std::string_view method, std::string_view content_type,
                              const std::function<Page()>& make) const {
  if (method != "GET" && method != "HEAD") return not_allowed("GET, HEAD");
  Page made = make();
  return {made.status, std::string(content_type), std::move(made.body), {}};
}

void AdminRoutes::call(std::string_view path, const AdminRequest& request,
                       std::function<void(AdminAnswer)> answer) const {
  if (auto refusal = this->refusal(path, request)) return answer(*std::move(refusal));
  const auto deadline = deadline_of(request.timeout_ms);
  if (!deadline) return answer(refused(400, "invalid_argument", "Connect-Timeout-Ms must be at most ten digits"));
  parts_.calls.call(path, {request.body, {request.authorization, {}, request.peer}, *deadline},
                    [answer = std::move(answer)](JsonAnswer given) { answer(json(std::move(given))); });
}

std::optional<AdminAnswer> AdminRoutes::refusal(std::string_view path, const AdminRequest& request) const {
  if (!request.is_peer_loopback && !parts_.allows_beyond_loopback)
    return refused(403, "permission_denied",
                   "calls are taken from loopback only, as nobody has credentials (--callers, --insecure-control)");
  if (!is_own_host(request.host))
    return refused(403, "permission_denied",
                   "Host names neither loopback nor one of --admin-hosts, so a web page may be behind this request");
  const JsonCalls::Path found = parts_.calls.find(path);
  if (found == JsonCalls::Path::unknown) return refused(404, "unimplemented", "no such call");
  if (found == JsonCalls::Path::stream)
    return refused(501, "unimplemented", "this call is a stream, which only gRPC has");
  if (request.method != "POST") {
    AdminAnswer answer = refused(405, "unimplemented", "calls are made by POST");
    answer.allow = "POST";
    return answer;
  }
  if (media_type(request.content_type) != json_type)
    return refused(415, "invalid_argument", "Content-Type must be application/json");
  if (!request.content_encoding.empty() && lower(request.content_encoding) != "identity")
    return refused(415, "unimplemented", "Content-Encoding must be identity");
  return std::nullopt;
}

bool AdminRoutes::is_own_host(std::string_view host) const {
  const std::string name = host_name(host);
  if (name.empty()) return false;
  const auto address = base::Address::parse(name + ":0");  // "localhost" is 127.0.0.1 to it
  if (address && address->is_loopback()) return true;
  return std::ranges::find(parts_.hosts, name) != parts_.hosts.end();
}

}  // namespace sluice::control
