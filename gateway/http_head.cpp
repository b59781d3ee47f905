#include "gateway/http_head.hpp"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

namespace sluice::gateway {
namespace {

namespace http = boost::beast::http;
using base::Errc;
using base::fail;
using boost::beast::error_code;
using beast_view = boost::beast::string_view;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Hands on what Beast reads, without copying it: there is no folded line, so Beast has no cause to.
class Parser : public http::basic_parser<true> {
 public:
  explicit Parser(HttpHead& head) : head_(head) {}

 private:
  void on_request_impl(http::verb, beast_view method, beast_view target, int version, error_code& error) override {
    head_.method = method;
    head_.target = target;
    head_.is_http_1_1 = version == 11;
    error = {};
  }
  void on_response_impl(int, beast_view, int, error_code&) override {}
  void on_field_impl(http::field, beast_view name, beast_view value, error_code& error) override {
    head_.fields.emplace_back(std::string_view(name), std::string_view(value));
    error = {};
  }
  void on_header_impl(error_code& error) override { error = {}; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code& error) override { error = {}; }
  std::size_t on_body_impl(beast_view body, error_code& error) override {
    error = {};
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, beast_view, error_code& error) override { error = {}; }
  std::size_t on_chunk_body_impl(std::uint64_t, beast_view body, error_code& error) override {
    error = {};
    return body.size();
  }
  void on_finish_impl(error_code& error) override { error = {}; }

  HttpHead& head_;
};

// What is allowed once must not be there twice: who reads the first and who reads the last would differ.
base::Status check_fields(const HttpHead& head) {
  if (head.count("Content-Length") > 0 && head.count("Transfer-Encoding") > 0) {
    return fail(Errc::bad_request, "both Content-Length and Transfer-Encoding are given; one is allowed");
  }
  for (const std::string_view name :
       {"Content-Length", "Transfer-Encoding", "Host", "Origin", "Sec-WebSocket-Key", "Sec-WebSocket-Version"}) {
    if (head.count(name) > 1) return fail(Errc::bad_request, std::string(name) + " is given twice; once is allowed");
  }
  // Beast takes "5, 5" for 5, as RFC 9110, 8.6 allows; whoever stands before us may not.
  if (head.find("Content-Length").find_first_not_of("0123456789") != std::string_view::npos) {
    return fail(Errc::bad_request, "Content-Length is not a number");
  }
  const std::string_view host = head.find("Host");
  if (head.is_http_1_1 && head.count("Host") == 0) return fail(Errc::bad_request, "Host is missing");
  if (host.find_first_of(" \t/@,") != std::string_view::npos) {
    return fail(Errc::bad_request, "Host is not a host with an optional port");
  }
  return base::ok();
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view HttpHead::find(std::string_view name) const {
  for (const auto& [field, value] : fields) {
    if (equals_ignoring_case(field, name)) return value;
  }
  return {};
}

std::size_t HttpHead::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(
      fields.begin(), fields.end(), [name](const auto& field) { return equals_ignoring_case(field.first, name); }));
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view take_element(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const std::string_view element = trim(rest.substr(0, end));
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return element;
}

bool HttpHead::has_token(std::string_view name, std::string_view token) const {
  for (const auto& [field, value] : fields) {
    if (!equals_ignoring_case(field, name)) continue;
    for (std::string_view rest = value; !rest.empty();) {
      if (equals_ignoring_case(take_element(rest, ','), token)) return true;
    }
  }
  return false;
}

std::size_t head_size(std::string_view bytes) {
  const auto end = bytes.find("\r\n\r\n");
  return end == std::string_view::npos ? 0 : end + 4;
}

base::Status check_head(std::string_view bytes, std::size_t from) {
  // A method begins with a letter; a TLS ClientHello, for one, with 0x16.
  if (!bytes.empty() && (lower(bytes[0]) < 'a' || lower(bytes[0]) > 'z')) {
    return fail(Errc::bad_request, bytes[0] == 0x16 ? "this port does not speak TLS" : "this is no HTTP request");
  }
  for (std::size_t at = from; at < bytes.size(); ++at) {
    const auto byte = static_cast<std::uint8_t>(bytes[at]);
    const bool behind_return = at > 0 && bytes[at - 1] == '\r';
    if (byte == '\n' ? !behind_return : behind_return) {
      return fail(Errc::bad_request, "a line does not end with a carriage return and a line feed");
    }
    if ((byte < 0x20 && byte != '\r' && byte != '\n' && byte != '\t') || byte == 0x7F) {
      return fail(Errc::bad_request, "there is a control character in the request's head");
    }
    if ((byte == ' ' || byte == '\t') && at > 0 && bytes[at - 1] == '\n') {
      return fail(Errc::bad_request, "a header is folded over two lines");
    }
  }
  return base::ok();
}

base::Result<HttpHead> parse_head(std::string_view bytes) {
  HttpHead head;
  head.fields.reserve(16);
  Parser parser(head);
  // Our own limit was applied before.
  parser.header_limit(static_cast<std::uint32_t>(bytes.size()) + 1);
  error_code error;
  parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  // The head is all there: who asks for more has found a line without its parts.
  if (error == http::error::need_more) return fail(Errc::bad_request, "the request line is not complete");
  if (error) return fail(Errc::bad_request, "the request cannot be parsed: " + error.message());
  if (const auto status = check_fields(head); !status) return status.error();
  return head;
}

}  // namespace sluice::gateway
