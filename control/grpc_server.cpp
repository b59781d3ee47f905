#include "control/grpc_server.hpp"

#include <fcntl.h>
#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <memory>
#include <system_error>
#include <utility>

#include "base/log.hpp"
#include "control/grpc_services.hpp"
#include "control/listening_port.hpp"

namespace sluice::control {

namespace {

constexpr int concurrent_streams_max = 1000;  // of one connection
constexpr int ping_interval_ms_min = 10'000;  // callers that ping more often are told to calm down

base::LogLevel level_of(gpr_log_severity severity) {
  switch (severity) {
    case GPR_LOG_SEVERITY_DEBUG:
      return base::LogLevel::trace;
    case GPR_LOG_SEVERITY_INFO:
      return base::LogLevel::debug;
    case GPR_LOG_SEVERITY_ERROR:
      return base::LogLevel::warning;
  }
  return base::LogLevel::warning;
}

void log_of_grpc(gpr_log_func_args* line) {
  base::log(level_of(line->severity), "grpc", {{"message", line->message}, {"file", line->file}, {"line", line->line}});
}

// gRPC says only that it failed. Binding the address first tells why; 0 if it can be bound.
int error_of_binding(const base::Address& address) {
  const int descriptor = ::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return errno;
  const int on = 1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  int error = ::bind(descriptor, address.socket_address(), address.socket_address_bytes()) < 0 ? errno : 0;
  if (error == 0 && ::listen(descriptor, 1) < 0) error = errno;
  ::close(descriptor);
  return error;
}

// Null: the port speaks no TLS. gRPC reads the files by itself, again and again.
std::shared_ptr<grpc::ServerCredentials> credentials_of(const GrpcCertificates* certificates) {
  if (certificates == nullptr) return grpc::InsecureServerCredentials();
  namespace tls = grpc::experimental;
  constexpr unsigned look_every_seconds = 1;
  const std::string &certificate = certificates->certificate_path(), &key = certificates->key_path(),
                    clients = certificates->clients_path();
  const auto provider =
      clients.empty()
          ? std::make_shared<tls::FileWatcherCertificateProvider>(key, certificate, look_every_seconds)
          : std::make_shared<tls::FileWatcherCertificateProvider>(key, certificate, clients, look_every_seconds);
  tls::TlsServerCredentialsOptions wanted(provider);
  wanted.watch_identity_key_cert_pairs();
  if (!clients.empty()) {
    wanted.watch_root_certs();
    // Who shows none may have an API key.
    wanted.set_cert_request_type(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return tls::TlsServerCredentials(wanted);
}

// Before any builder is made.
void prepare_grpc() {
  gpr_set_log_function(log_of_grpc);
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
}

constexpr const char* no_reason = "gRPC gives no reason";

base::Error cannot_listen(const base::Address& address, const std::string& why) {
  return base::fail(base::Errc::unavailable, "--grpc: cannot listen on " + address.text() + ": " + why);
}

base::Error cannot_listen(const base::Address& address, int error) {
  return cannot_listen(address, error != 0 ? std::generic_category().message(error) : no_reason);
}

}  // namespace

struct GrpcServer::State {
  explicit State(Parts given)
      : parts(given), gateway(given), nodes(given), access(given), backends(given), port(given.executor) {}

  base::Status load_certificates();
  bool build(grpc::ServerBuilder& builder);

  Parts parts;
  GatewayService gateway;
  NodesService nodes;
  AccessService access;
  BackendsService backends;
  ListeningPort port;                              // listens if it may be handed over
  std::unique_ptr<GrpcCertificates> certificates;  // null without TLS
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> door;
  std::unique_ptr<grpc::Server> server;
};

GrpcServer::GrpcServer(Parts parts) : state_(std::make_unique<State>(parts)) {}
GrpcServer::~GrpcServer() { shutdown(base::Clock::now()); }

base::Result<base::Address> GrpcServer::start() {
  const base::Address& address = state_->parts.options.grpc;
  if (const int error = error_of_binding(address); error != 0) return cannot_listen(address, error);
  int port = 0;
  if (const auto loaded = state_->load_certificates(); !loaded) return loaded.error();
  prepare_grpc();
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address.text(), credentials_of(state_->certificates.get()), &port);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // a port that another process has is an error
  if (!state_->build(builder) || port == 0) return cannot_listen(address, error_of_binding(address));
  serve_nodes();
  return address.with_port(static_cast<std::uint16_t>(port));
}

// gRPC keeps a socket of its own to itself, but serves connections that others accept.
base::Result<base::Address> GrpcServer::start_shareable(std::vector<base::Descriptor> handed) {
  const base::Address& address = state_->parts.options.grpc;
  if (const auto loaded = state_->load_certificates(); !loaded) return loaded.error();
  auto bound = state_->port.open(address, std::move(handed));
  if (!bound) return cannot_listen(address, bound.error().detail);
  using External = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
  prepare_grpc();
  grpc::ServerBuilder builder;
  state_->door = builder.experimental().AddExternalConnectionAcceptor(External::FROM_FD,
                                                                      credentials_of(state_->certificates.get()));
  if (!state_->build(builder)) return cannot_listen(address, no_reason);
  serve_nodes();
  return bound;
}

void GrpcServer::accept() {
  if (!state_->door) return;
  state_->port.accept([this](base::Descriptor connection) {
    // As gRPC makes those that it accepts itself; on one that blocks it would wait for ever.
    const int on = 1;
    if (fcntl(connection.number(), F_SETFL, O_NONBLOCK) != 0) return;
    setsockopt(connection.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
    parameters.fd = connection.release();
    state_->door->HandleNewConnection(&parameters);
  });
}

base::Status GrpcServer::State::load_certificates() {
  if (parts.options.grpc_tls_cert.empty()) return base::ok();
  auto loaded = GrpcCertificates::load(parts.options);
  if (!loaded) return loaded.error();
  certificates = std::move(*loaded);
  return base::ok();
}

bool GrpcServer::State::build(grpc::ServerBuilder& builder) {
  // Requests that are over the limit by less than as much again are read, so that their answer can name the limit.
  const std::size_t received_max =
      std::min<std::size_t>(parts.options.grpc_message_bytes_max * 2, std::numeric_limits<int>::max());
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, concurrent_streams_max);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, ping_interval_ms_min);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // Who vanishes without a word is noticed by this alone.
  const int keepalive_ms = static_cast<int>(parts.options.grpc_keepalive_seconds.count());
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_ms);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_ms);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  builder.SetMaxReceiveMessageSize(static_cast<int>(received_max));
  builder.SetMaxSendMessageSize(-1);
  builder.RegisterService(&gateway);
  builder.RegisterService(&nodes);
  builder.RegisterService(&access);
  builder.RegisterService(&backends);
  server = builder.BuildAndStart();
  return server != nullptr;
}

void GrpcServer::serve_nodes() {
  set_serving(false);
  state_->server->GetHealthCheckService()->SetServingStatus(v1::Nodes::service_full_name(), true);
}

GrpcCertificates* GrpcServer::certificates() const { return state_->certificates.get(); }

base::Descriptor GrpcServer::copy() const { return state_->port.copy(); }

void GrpcServer::stop_accepting() { state_->port.close(); }

void GrpcServer::set_serving(bool is_serving) {
  if (!state_->server) return;
  auto& health = *state_->server->GetHealthCheckService();
  health.SetServingStatus("", is_serving);
  health.SetServingStatus(v1::Gateway::service_full_name(), is_serving);
}

void GrpcServer::shutdown(base::TimePoint deadline) {
  if (!state_->server) return;
  const auto left = std::max(deadline - base::Clock::now(), base::Duration::zero());
  state_->server->GetHealthCheckService()->Shutdown();
  state_->server->Shutdown(std::chrono::system_clock::now() +
                           std::chrono::duration_cast<std::chrono::system_clock::duration>(left));
  state_->server.reset();
}

}  // namespace sluice::control
