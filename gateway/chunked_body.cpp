#include "gateway/chunked_body.hpp"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

namespace sluice::gateway {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using beast_view = boost::beast::string_view;
using base::Errc;
using base::fail;

// What makes Beast expect the coding.
constexpr std::string_view head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::size_t chunk_head_bytes_max = 1024;  // extensions and trailers, which nobody needs, included

}  // namespace

class ChunkedBody::Parser : public http::basic_parser<true> {
 public:
  std::string* body = nullptr;
  std::size_t bytes_max = 0;

 private:
  void on_request_impl(http::verb, beast_view, beast_view, int, error_code& error) override { error = {}; }
  void on_response_impl(int, beast_view, int, error_code& error) override { error = {}; }
  void on_field_impl(http::field, beast_view, beast_view, error_code& error) override { error = {}; }
  void on_header_impl(error_code& error) override { error = {}; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code& error) override { error = {}; }
  std::size_t on_body_impl(beast_view, error_code& error) override {
    error = {};
    return 0;
  }
  void on_chunk_header_impl(std::uint64_t size, beast_view, error_code& error) override {
    error = size > bytes_max || body->size() > bytes_max - size ? http::error::body_limit : error_code();
  }
  std::size_t on_chunk_body_impl(std::uint64_t, beast_view piece, error_code& error) override {
    error = {};
    if (piece.size() > bytes_max - body->size()) {
      error = http::error::body_limit;
      return 0;
    }
    body->append(piece.data(), piece.size());
    return piece.size();
  }
  void on_finish_impl(error_code& error) override { error = {}; }
};

ChunkedBody::ChunkedBody() : parser_(std::make_unique<Parser>()) {
  error_code error;
  parser_->eager(true);
  parser_->body_limit(boost::none);
  std::string none;
  parser_->body = &none;
  parser_->put(boost::asio::buffer(head.data(), head.size()), error);
}

ChunkedBody::~ChunkedBody() = default;

bool ChunkedBody::is_done() const { return parser_->is_done(); }

base::Result<std::size_t> ChunkedBody::put(std::string_view coded, std::string& body, std::size_t bytes_max) {
  parser_->body = &body;
  parser_->bytes_max = bytes_max;
  const std::size_t before = begun_.size();
  std::string joined;
  std::string_view seen = coded;
  if (before > 0) {
    joined = begun_.append(coded);
    begun_.clear();
    seen = joined;
  }
  std::size_t taken = 0;
  while (taken < seen.size() && !parser_->is_done()) {
    error_code error;
    const std::size_t step = parser_->put(boost::asio::buffer(seen.data() + taken, seen.size() - taken), error);
    taken += step;
    if (error == http::error::body_limit) return fail(Errc::too_large, "the body is over the limit on its size");
    if (error == http::error::need_more || (!error && step == 0)) {
      begun_ = seen.substr(taken);
      if (begun_.size() > chunk_head_bytes_max) return fail(Errc::bad_request, "a chunk's head is too long");
      return coded.size();
    }
    if (error) return fail(Errc::bad_request, "the body's chunked coding is malformed: " + error.message());
  }
  return taken - before;
}

}  // namespace sluice::gateway
