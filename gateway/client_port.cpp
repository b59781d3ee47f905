#include "gateway/client_port.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>

#include "base/log.hpp"
#include "gateway/encodings.hpp"
#include "gateway/http_wire.hpp"
#include "gateway/line_wire.hpp"
#include "gateway/listeners.hpp"
#include "gateway/proxy_transport.hpp"
#include "gateway/rfc6455.hpp"
#include "gateway/session_requests.hpp"
#include "gateway/tls_transport.hpp"
#include "gateway/udp_port.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {
namespace {

// What is served at each address, by workers::ListenerKind.
struct Served {
  std::string_view flag, log_name;
  bool is_tls, speaks_lines;
};
constexpr workers::ListenerKind plain_listener = 0, tls_listener = 1, line_listener = 2, line_tls_listener = 3;
constexpr std::array<Served, 4> served{{{"--listen", "clients", false, false},
                                        {"--listen-tls", "clients_tls", true, false},
                                        {"--listen-tcp", "tcp", false, true},
                                        {"--listen-tcp-tls", "tcp_tls", true, true}}};

constexpr std::string_view udp_name = "udp";

std::vector<base::Descriptor> taken_from(base::HandedSockets* handed, std::string_view what,
                                         const base::Address& address) {
  return handed != nullptr ? handed->take(what, address) : std::vector<base::Descriptor>();
}

bool has_ipv6() {
  const int descriptor = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return errno != EAFNOSUPPORT;
  close(descriptor);
  return true;
}

// [::] means everyone; on a machine without IPv6 that is 0.0.0.0.
base::Address reachable(const base::Address& address) {
  if (!address.is_dual_stack() || has_ipv6()) return address;
  const base::Address ipv4 = base::Address().with_port(address.port());
  base::log_warning("no_ipv6", {{"asked", address.text()}, {"listens_on", ipv4.text()}});
  return ipv4;
}

std::vector<base::Network> networks_of(const std::vector<std::string>& texts) {
  std::vector<base::Network> networks;
  networks.reserve(texts.size());
  for (const std::string& text : texts) networks.push_back(base::Network::parse(text).value());
  return networks;
}

base::Address peer_of(int descriptor) {
  sockaddr_storage storage{};
  socklen_t bytes = sizeof storage;
  const bool is_known = getpeername(descriptor, reinterpret_cast<sockaddr*>(&storage), &bytes) == 0;
  return is_known ? base::Address::from(storage) : base::Address();
}

}  // namespace

ClientPort::ClientPort(const Options& options, const std::optional<Tls>& tls, ClientIdentity identity,
                       const LimitOptions& limits, const SocketOptions& sockets, const SharedParts& shared)
    : options_(options),
      tls_(tls),
      identity_(std::move(identity)),
      limits_(limits),
      sockets_(sockets),
      trusted_proxies_{networks_of(limits.trusted_proxies), limits.forwarded_header},
      counts_(limits),
      seals_(shared.seals),
      peer_sessions_(shared.peers, *this, options),
      socket_store_(shared.sessions, seals_, *this),
      socket_claims_(shared.peers, socket_store_, seals_, *this),
      session_moves_(shared.peers, *this) {}

void ClientPort::open(workers::Pool& pool, base::HandedSockets* handed) {
  if (!rfc6455::can_accept()) {
    throw std::runtime_error("OpenSSL on this machine gives no SHA-1, without which no WebSocket can be accepted");
  }
  namespaces_ = &pool.namespaces();
  peer_sessions_.open(pool);
  socket_store_.open(pool);
  socket_claims_.open(pool);
  session_moves_.open(pool);
  contexts_.resize(pool.worker_count());
  tls_workers_.resize(pool.worker_count());
  for (const base::Address& address : options_.listen) listen(pool, address, plain_listener, handed);
  for (const base::Address& address : sockets_.listen_tcp) listen(pool, address, line_listener, handed);
  for (const base::Address& address : sockets_.listen_udp) open_datagrams(pool, address, handed);
  if (!tls_) return;
  for (const base::Address& address : tls_->listen) listen(pool, address, tls_listener, handed);
  for (const base::Address& address : sockets_.listen_tcp_tls) listen(pool, address, line_tls_listener, handed);
}

void ClientPort::listen(workers::Pool& pool, const base::Address& address, workers::ListenerKind kind,
                        base::HandedSockets* handed) {
  const base::Address where = reachable(address);
  const auto set = open_listeners(where, pool.worker_count(), options_, pool.options().socket_send_bytes_max,
                                  taken_from(handed, served[kind].log_name, where));
  if (!set) throw std::runtime_error(std::string(served[kind].flag) + ": " + set.error().detail);
  for (std::size_t at = 0; at < set->descriptors.size(); ++at) {
    pool.add_listener(base::WorkerId{static_cast<std::uint16_t>(at % pool.worker_count())}, set->descriptors[at], kind,
                      {static_cast<int>(options_.backlog), options_.share_port});
  }
  base::log_info("listening", {{"what", served[kind].log_name}, {"address", set->address.text()}});
}

base::Result<std::vector<ClientPort::OpenSocket>> ClientPort::copies(workers::Pool& pool, base::TimePoint deadline) {
  auto workers = pool.listening_sockets(deadline);
  if (!workers) return workers.error();
  std::vector<OpenSocket> copies;
  for (workers::ListeningSockets& of_worker : *workers) {
    for (auto& [descriptor, kind] : of_worker.listeners) {
      copies.push_back({served[kind].log_name, std::move(descriptor)});
    }
    for (base::Descriptor& port : of_worker.ports) copies.push_back({udp_name, std::move(port)});
  }
  return copies;
}

void ClientPort::open_datagrams(workers::Pool& pool, const base::Address& address, base::HandedSockets* handed) {
  const base::Address where = reachable(address);
  const auto set = open_datagram_sockets(where, pool.worker_count(), options_.share_port, sockets_.udp_receive_bytes,
                                         taken_from(handed, udp_name, where));
  if (!set) throw std::runtime_error("--listen-udp: " + set.error().detail);
  for (std::size_t at = 0; at < set->descriptors.size(); ++at) {
    pool.add_port(base::WorkerId{static_cast<std::uint16_t>(at % pool.worker_count())},
                  std::make_unique<UdpPort>(set->descriptors[at], set->address, sockets_, *this));
  }
  base::log_info("listening", {{"what", "udp"}, {"address", set->address.text()}});
}

TlsWorker& ClientPort::tls_of(workers::Worker& worker) {
  std::unique_ptr<TlsWorker>& tls = tls_workers_[worker.id().value];
  if (!tls) tls = std::make_unique<TlsWorker>(tls_->certificates, worker.metrics().tls);
  return *tls;
}

std::unique_ptr<workers::Transport> ClientPort::make_transport(workers::Worker& worker, workers::ListenerKind kind,
                                                               int descriptor) {
  auto transport = served[kind].is_tls ? tls_of(worker).make_transport() : nullptr;
  if (!limits_.proxy_protocol || !base::contains(trusted_proxies_.networks, peer_of(descriptor))) return transport;
  return std::make_unique<ProxyTransport>(std::move(transport));
}

void ClientPort::adopt_transport(workers::Worker& worker, workers::Transport& transport) {
  workers::Transport* moved = &transport;
  if (auto* const proxied = dynamic_cast<ProxyTransport*>(moved)) moved = proxied->inner();
  // Of all others, those of TLS alone come over with a socket.
  if (moved != nullptr) static_cast<TlsTransport*>(moved)->move_to(tls_of(worker));
}

void ClientPort::on_second(workers::Worker& worker) {
  if (tls_) tls_of(worker).note_expiry();
  WorkerContext& context = context_of(worker);
  context.recovery.expire(worker.now(), [&](const std::string& pid) { context.socket_records.end(worker, pid); });
  context.socket_records.on_second(worker);
  for (const auto& job : std::exchange(context.next_second, {})) job(worker);
  context.moved_connections.expire(worker.now());
  context.verdicts.expire(worker);
  context.preparations.expire(worker);
  for (const auto& one : context.peer_exchanges.forget_late(worker.now())) {
    end_request(worker, one.session, one.id);
  }
  if (worker.id().value == 0) counts_.trim(worker.now());
}

void ClientPort::on_stray(workers::Worker& worker, const base::ConnectionId& id, const workers::Message& message) {
  session_moves_.forward(worker, id, message);
}

void ClientPort::on_stray_answer(workers::Worker& worker, const base::ConnectionId& id, std::uint64_t number,
                                 const workers::Message& answer) {
  session_moves_.forward_answer(worker, id, number, answer);
}

bool ClientPort::on_verdict(workers::Worker& worker, std::uint64_t number, const workers::Verdict& verdict) {
  return context_of(worker).verdicts.take(worker, number, verdict);
}

std::unique_ptr<workers::Wire> ClientPort::make_wire(workers::Worker& worker, workers::ListenerKind kind) {
  if (served[kind].speaks_lines) return std::make_unique<LineWire>(context_of(worker));
  return std::make_unique<HttpWire>(context_of(worker));
}

WorkerContext& ClientPort::context_of(workers::Worker& worker) {
  std::unique_ptr<WorkerContext>& context = contexts_[worker.id().value];
  if (!context) {
    context = std::make_unique<WorkerContext>(options_, identity_, *namespaces_, seals_, *this, worker.metrics(),
                                              counts_, trusted_proxies_, peer_sessions_, socket_store_, socket_claims_,
                                              session_moves_);
  }
  return *context;
}

void ClientPort::encode(base::WorkerId worker, workers::WireFormat format, const workers::Message& message,
                        const workers::RoomKey* room, std::string& out) {
  append_message(*contexts_[worker.value], format, nullptr, message, room, out);
}

void ClientPort::encode_gap(workers::WireFormat format, workers::GapReason reason, std::string& out) const {
  append_gap(format, reason, out);
}

bool ClientPort::shows_room(workers::WireFormat format) const { return traits_of(format).is_enveloped; }

bool ClientPort::is_own(workers::WireFormat format) const { return traits_of(format).is_own; }

}  // namespace sluice::gateway
