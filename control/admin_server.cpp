#include "control/admin_server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <cstring>
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/log.hpp"
#include "control/listening_port.hpp"

namespace sluice::control {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using error_code = boost::system::error_code;

constexpr std::chrono::seconds request_max{60};  // between two requests, and for a whole one
constexpr std::chrono::seconds answer_max{30};   // to take an answer
constexpr std::chrono::seconds linger_max{2};
constexpr std::size_t linger_bytes = 65536;
constexpr std::size_t header_bytes_max = 16384;
constexpr std::size_t sessions_max = 256;

base::Address address_of(const tcp::endpoint& endpoint) {
  sockaddr_storage storage{};
  std::memcpy(&storage, endpoint.data(), endpoint.size());
  return base::Address::from(storage);
}

// One connection to the admin port: a request, its answer, the next. Waits for one thing at a time.
class Session {
 public:
  // `on_end` destroys the session.
  Session(tcp::socket socket, const AdminServer::Parts& parts, std::function<void(Session&)> on_end)
      : stream_(std::move(socket)), parts_(parts), on_end_(std::move(on_end)) {
    error_code error;
    const tcp::endpoint peer = stream_.socket().remote_endpoint(error);
    if (error) return;
    is_peer_loopback_ = address_of(peer).is_loopback();
    peer_ = address_of(peer).text();
  }

  // Ends the session: at once, or once the answer that is under way is written.
  void close() {
    is_closing_ = true;
    if (is_answering_) return;
    error_code ignored;
    stream_.socket().close(ignored);  // what is read ends with an error, and that ends the session
  }

  void read() {
    is_answering_ = false;
    parser_.emplace();
    parser_->header_limit(header_bytes_max);
    parser_->body_limit(parts_.body_bytes_max);
    stream_.expires_after(request_max);
    http::async_read(stream_, buffer_, *parser_, [this](const error_code& error, std::size_t) {
      if (error) return refuse(error);
      answer();
    });
  }

 private:
  void answer() {
    is_answering_ = true;
    const auto& request = parser_->get();
    const AdminRequest asked{.method = std::string(request.method_string()),
                             .target = std::string(request.target()),
                             .host = std::string(request[http::field::host]),
                             .content_type = std::string(request[http::field::content_type]),
                             .content_encoding = std::string(request[http::field::content_encoding]),
                             .timeout_ms = std::string(request["Connect-Timeout-Ms"]),
                             .authorization = std::string(request[http::field::authorization]),
                             .peer = peer_,
                             .is_peer_loopback = is_peer_loopback_,
                             .body = request.body()};
    stream_.expires_never();  // a call has a deadline of its own
    parts_.routes.handle(asked, [this](AdminAnswer given) { write(std::move(given), parser_->get().keep_alive()); });
  }

  // The request could not be read: whoever still speaks HTTP is told why, and the connection ends.
  void refuse(const error_code& error) {
    const bool is_http = error.category() == make_error_code(http::error::bad_method).category();
    if (!is_http || error == http::error::end_of_stream || error == http::error::partial_message) return end();
    AdminAnswer given{400, "text/plain; charset=utf-8", "not a valid HTTP request\n", {}};
    if (error == http::error::body_limit) {
      given.status = 413;
      given.body =
          "the body must be at most " + std::to_string(parts_.body_bytes_max) + " bytes (--grpc-message-bytes-max)\n";
    } else if (error == http::error::header_limit) {
      given.status = 431;
      given.body = "the header must be at most " + std::to_string(header_bytes_max) + " bytes\n";
    }
    write(std::move(given), false);
  }

  void write(AdminAnswer given, bool keep_alive) {
    const bool is_head = parser_->get().method() == http::verb::head;
    response_ = {static_cast<http::status>(given.status), 11};
    response_.set(http::field::content_type, given.content_type);
    response_.set(http::field::cache_control, "no-store");
    response_.set("X-Content-Type-Options", "nosniff");
    if (!given.allow.empty()) response_.set(http::field::allow, given.allow);
    response_.keep_alive(keep_alive && !is_closing_);
    response_.content_length(given.body.size());
    if (!is_head) response_.body() = std::move(given.body);
    stream_.expires_after(answer_max);
    serializer_.emplace(response_);
    serializer_->split(is_head);
    const auto written = [this](const error_code& error, std::size_t) {
      if (error) return end();
      response_.keep_alive() && !is_closing_ ? read() : linger();
    };
    if (is_head) {
      http::async_write_header(stream_, *serializer_, written);
    } else {
      http::async_write(stream_, *serializer_, written);
    }
  }

  // Reads what the peer still sends and forgets it: closing on unread bytes would reset the connection, and the peer
  // might lose its answer.
  void linger() {
    if (is_closing_) return end();
    is_answering_ = false;
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    stream_.expires_after(linger_max);
    buffer_.clear();
    read_away();
  }
  void read_away() {
    stream_.async_read_some(buffer_.prepare(linger_bytes), [this](const error_code& error, std::size_t) {
      if (error) return end();
      read_away();
    });
  }

  void end() {
    const auto on_end = std::move(on_end_);  // which this must not take with it while it runs
    on_end(*this);
  }

  beast::tcp_stream stream_;
  const AdminServer::Parts& parts_;
  std::function<void(Session&)> on_end_;
  std::string peer_;
  bool is_peer_loopback_ = false, is_answering_ = false, is_closing_ = false;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
};

}  // namespace

struct AdminServer::State {
  explicit State(const Parts& given) : parts(given), port(parts.executor) {}

  void take(base::Descriptor connection) {
    if (sessions.size() >= sessions_max) return;
    tcp::socket socket(parts.executor.context());
    error_code error;
    const tcp protocol = is_ipv6 ? tcp::v6() : tcp::v4();
    socket.assign(protocol, connection.number(), error);
    if (error) return;
    connection.release();
    open(std::move(socket));
  }

  void open(tcp::socket socket) {
    auto session = std::make_unique<Session>(std::move(socket), parts, [this](Session& ended) {
      sessions.erase(&ended);
      if (sessions.empty() && on_idle) std::exchange(on_idle, nullptr)();
    });
    Session& opened = *session;
    sessions.emplace(&opened, std::move(session));
    opened.read();
  }

  Parts parts;
  ListeningPort port;
  bool is_ipv6 = false;
  std::unordered_map<Session*, std::unique_ptr<Session>> sessions;
  std::function<void()> on_idle;  // once it stops
};

AdminServer::AdminServer(const Parts& parts) : state_(std::make_unique<State>(parts)) {}
AdminServer::~AdminServer() = default;

base::Result<base::Address> AdminServer::start(std::vector<base::Descriptor> handed) {
  auto address = state_->port.open(state_->parts.address, std::move(handed));
  if (!address)
    return base::fail(base::Errc::unavailable,
                      "--admin: cannot listen on " + state_->parts.address.text() + ": " + address.error().detail);
  state_->is_ipv6 = address->family() == AF_INET6;
  return address;
}

void AdminServer::accept() {
  state_->port.accept([this](base::Descriptor connection) { state_->take(std::move(connection)); });
}

base::Descriptor AdminServer::copy() const { return state_->port.copy(); }

void AdminServer::stop_accepting() { state_->port.close(); }

void AdminServer::stop(std::function<void()> on_idle) {
  state_->port.close();
  if (state_->sessions.empty()) return on_idle();
  state_->on_idle = std::move(on_idle);
  for (const auto& session : state_->sessions) session.first->close();
}

void AdminServer::close() {
  state_->port.close();
  state_->sessions.clear();
}

}  // namespace sluice::control
