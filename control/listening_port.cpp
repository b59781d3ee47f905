#include "control/listening_port.hpp"

#include <fcntl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstring>
#include <utility>

namespace sluice::control {

namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using error_code = boost::system::error_code;

constexpr std::chrono::milliseconds accept_pause{100};

tcp::endpoint endpoint_of(const base::Address& address) {
  tcp::endpoint endpoint;
  std::memcpy(endpoint.data(), address.socket_address(), address.socket_address_bytes());
  endpoint.resize(address.socket_address_bytes());
  return endpoint;
}

base::Address address_of(const tcp::endpoint& endpoint) {
  sockaddr_storage storage{};
  std::memcpy(&storage, endpoint.data(), endpoint.size());
  return base::Address::from(storage);
}

}  // namespace

struct ListeningPort::State {
  explicit State(Executor& executor) : acceptor(executor.context()), pause(executor.context()) {}

  error_code listen(const base::Address& address) {
    const tcp::endpoint endpoint = endpoint_of(address);
    error_code error;
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error && endpoint.protocol() == tcp::v6()) acceptor.set_option(asio::ip::v6_only(false), error);
    if (!error) acceptor.bind(endpoint, error);
    return error;
  }

  error_code adopt(const base::Address& address, base::Descriptor handed) {
    error_code error;
    acceptor.assign(endpoint_of(address).protocol(), handed.number(), error);
    if (!error) handed.release();
    return error;
  }

  tcp::acceptor acceptor;
  asio::steady_timer pause;
  std::function<void(base::Descriptor)> take;
};

ListeningPort::ListeningPort(Executor& executor) : state_(std::make_shared<State>(executor)) {}

ListeningPort::~ListeningPort() { close(); }

base::Result<base::Address> ListeningPort::open(const base::Address& address, std::vector<base::Descriptor> handed) {
  error_code error = handed.empty() ? state_->listen(address) : state_->adopt(address, std::move(handed.front()));
  if (!error) state_->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) return address_of(state_->acceptor.local_endpoint());
  error_code ignored;
  state_->acceptor.close(ignored);
  return base::fail(base::Errc::unavailable, error.message());
}

void ListeningPort::accept(std::function<void(base::Descriptor)> take) {
  if (take) state_->take = std::move(take);
  state_->acceptor.async_accept([this, state = state_](const error_code& error, tcp::socket socket) {
    if (error == asio::error::operation_aborted || !state->acceptor.is_open()) return;
    error_code failed;
    if (!error) {
      base::Descriptor connection(socket.release(failed));
      if (!failed) state->take(std::move(connection));
      return accept(nullptr);
    }
    // Descriptors have run out, most likely: some time later there may be one.
    state->pause.expires_after(accept_pause);
    state->pause.async_wait([this, state](const error_code& stopped) {
      if (!stopped) accept(nullptr);
    });
  });
}

base::Descriptor ListeningPort::copy() const {
  if (!state_->acceptor.is_open()) return {};
  return base::Descriptor(fcntl(state_->acceptor.native_handle(), F_DUPFD_CLOEXEC, 0));
}

void ListeningPort::close() {
  state_->pause.cancel();
  if (!state_->acceptor.is_open()) return;
  // Not close() alone: while there is a copy of it, the kernel would go on watching it here.
  error_code ignored;
  const base::Descriptor socket(state_->acceptor.release(ignored));
}

}  // namespace sluice::control
