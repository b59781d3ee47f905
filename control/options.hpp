#pragma once
// What can be set about the two ports for services and operators: gRPC and admin.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"

namespace sluice::control {

// What becomes of clients' messages for backends while none is attached.
enum class NoBackendMessages : std::uint8_t { drop, hold, refuse };
inline constexpr std::array<std::string_view, 3> no_backend_messages_names{"drop", "hold", "refuse"};

// Which calls leave a line in the log.
enum class AuditLog : std::uint8_t { off, changes, all };
inline constexpr std::array<std::string_view, 3> audit_log_names{"off", "changes", "all"};

struct Options {
  static constexpr std::string_view section = "Control";

  base::Address grpc = base::Address::parse("127.0.0.1:8081").value();
  base::Address admin = base::Address::parse("127.0.0.1:8082").value();
  bool insecure_control = false;
  std::string callers;
  bool caller_tokens = false;
  AuditLog audit_log = AuditLog::changes;
  std::string grpc_tls_cert, grpc_tls_key, grpc_client_ca;
  std::chrono::milliseconds grpc_keepalive_seconds{15'000};
  std::string node_name;  // empty: the host's
  std::vector<std::string> admin_hosts;

  std::size_t grpc_message_bytes_max = std::size_t{4} << 20;
  std::size_t publish_batch_max = 1000;
  std::size_t list_page_max = 1000;
  std::chrono::seconds idempotency_seconds{300};
  std::size_t idempotency_keys_max = 100'000;
  std::size_t idempotency_bytes_max = std::size_t{64} << 20;
  NoBackendMessages no_backend_messages = NoBackendMessages::drop;
  std::size_t backend_buffer_bytes_max = std::size_t{64} << 20;
  std::chrono::milliseconds backend_buffer_seconds{60'000};
  std::chrono::milliseconds stuck_worker_seconds{10'000};  // a fraction of a second is fine

  // Whether callers have to say who they are.
  bool wants_credentials() const { return !callers.empty() || caller_tokens; }

  template <class Visitor>
  void describe(Visitor& visitor) {
    describe_ports(visitor);
    describe_callers(visitor);
    visitor.option("grpc-message-bytes-max", grpc_message_bytes_max,
                   {.unit = "bytes",
                    .min = 1024,
                    .max = 1 << 30,
                    .sentence = "One request to the gRPC port or JSON call to the admin port."});
    visitor.option("publish-batch-max", publish_batch_max,
                   {.unit = "messages", .min = 1, .max = 100'000, .sentence = "Messages in one PublishBatch."});
    visitor.option("list-page-max", list_page_max,
                   {.unit = "items",
                    .min = 1,
                    .max = 100'000,
                    .sentence = "Items on one page of ListConnections, ListRooms or History."});
    visitor.option("idempotency-seconds", idempotency_seconds,
                   {.unit = "seconds",
                    .min = 1,
                    .max = 86'400,
                    .sentence = "How long the answer to an idempotency key is remembered."});
    visitor.option("idempotency-keys-max", idempotency_keys_max,
                   {.unit = "keys",
                    .min = 1,
                    .max = 100'000'000,
                    .sentence = "Keys remembered at a time; the oldest are forgotten first."});
    visitor.option("idempotency-bytes-max", idempotency_bytes_max,
                   {.unit = "bytes",
                    .min = 65536,
                    .max = 1ULL << 40,
                    .sentence = "Memory for the keys and their answers; the oldest are forgotten first."});
    visitor.choice("no-backend-messages", no_backend_messages, no_backend_messages_names,
                   {.sentence = "With --client-messages backend: whether clients' messages are thrown away while no "
                                "backend is attached, kept within --backend-buffer-bytes-max, or refused, which ends "
                                "the client's connection with 1013."});
    visitor.option("backend-buffer-bytes-max", backend_buffer_bytes_max,
                   {.unit = "bytes",
                    .min = 65536,
                    .max = 1ULL << 40,
                    .sentence = "Events that may wait in one group of backends; clients of one that is behind are "
                                "not read further."});
    visitor.option("backend-buffer-seconds", backend_buffer_seconds,
                   {.unit = "seconds",
                    .min = 1,
                    .max = 86'400,
                    .sentence = "How long a group of backends is waited for after its last replica has gone."});
    visitor.option("stuck-worker-seconds", stuck_worker_seconds,
                   {.unit = "seconds",
                    .min = 1.5,
                    .max = 3600,
                    .sentence = "/healthz fails when a worker's loop has not turned for so long; an idle one turns "
                                "once a second."});
  }

  // Gives a sentence for each mistake that only several options together make.
  std::vector<std::string> validate() const;

 private:
  template <class Visitor>
  void describe_ports(Visitor& visitor) {
    visitor.option("grpc", grpc, {.sentence = "Where services call the gateway by gRPC; port 0 is any free one."});
    visitor.option("admin", admin,
                   {.sentence = "Where /metrics, /healthz, /readyz and the calls as JSON are served; port 0 is any "
                                "free one."});
    visitor.option(
        "node-name", node_name,
        {.sentence = "This node's name in answers to calls; default: the host's name.", .misfit = node_name_misfit});
    visitor.option("insecure-control", insecure_control,
                   {.sentence = "Allow gRPC beyond loopback, and JSON calls from beyond it, without credentials."});
    visitor.option("admin-hosts", admin_hosts,
                   {.sentence = "A Host that JSON calls may name beside loopback names and addresses, without the "
                                "port; a web page must not drive the port by a name of its own.",
                    .misfit = host_misfit});
  }

  template <class Visitor>
  void describe_callers(Visitor& visitor) {
    visitor.option("callers", callers,
                   {.sentence = "A file of those who may make calls, by API key or client certificate, and which "
                                "(sluice caller makes its lines). Read again when it changes."});
    visitor.option("caller-tokens", caller_tokens,
                   {.sentence = "Take tokens (JWT), signed as those of clients, as credentials of callers; their claim "
                                "sluice.scopes says which calls."});
    visitor.choice("audit-log", audit_log, audit_log_names,
                   {.sentence = "Which calls leave a line in the log: those that change something and backends that "
                                "attach; all: publishes, too."});
    visitor.option(
        "grpc-tls-cert", grpc_tls_cert,
        {.sentence = "The certificate chain, in PEM, with which the gRPC port speaks TLS; read again when it "
                     "changes."});
    visitor.option("grpc-tls-key", grpc_tls_key, {.sentence = "Its private key, in PEM."});
    visitor.option("grpc-keepalive-seconds", grpc_keepalive_seconds,
                   {.unit = "seconds",
                    .min = 0.2,
                    .max = 7200,
                    .sentence = "How long a caller's connection may be silent before it is pinged, and how long the "
                                "answer may take; then it counts as gone, and a backend's events go to another."});
    visitor.option("grpc-client-ca", grpc_client_ca,
                   {.sentence = "Whose client certificates, in PEM, are credentials of callers (mTLS)."});
  }

  static std::string_view node_name_misfit(std::string_view name) {
    const auto is_odd = [](char c) { return c <= ' ' || c >= 0x7F; };
    const bool is_fit = name.size() <= 253 && std::none_of(name.begin(), name.end(), is_odd);
    return is_fit ? std::string_view{} : "a name of at most 253 printable ASCII characters without spaces";
  }

  static std::string_view host_misfit(std::string_view host) {
    const auto is_odd = [](char c) {
      return (c < '0' || c > '9') && (c < 'a' || c > 'z') && c != '-' && c != '.' && c != '_';
    };
    const bool is_ipv6 = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (is_ipv6 && base::Address::parse(std::string(host) + ":0")) return {};
    const bool is_host = !host.empty() && host.size() <= 253 && std::none_of(host.begin(), host.end(), is_odd);
    return is_host ? std::string_view{} : "a host name or address in lower case, without a port";
  }
};

inline std::vector<std::string> Options::validate() const {
  std::vector<std::string> problems;
  if (!grpc.is_loopback() && !insecure_control && !wants_credentials()) {
    problems.push_back("--grpc: " + grpc.text() +
                       " is beyond loopback, where anyone could publish and disconnect without credentials; name those "
                       "who may by --callers, say --insecure-control if that is meant, or use 127.0.0.1 or [::1]");
  }
  if (grpc_tls_cert.empty() != grpc_tls_key.empty()) {
    problems.push_back("--grpc-tls-cert and --grpc-tls-key: one needs the other");
  }
  if (!grpc_client_ca.empty() && grpc_tls_cert.empty()) {
    problems.push_back("--grpc-client-ca: client certificates need --grpc-tls-cert and --grpc-tls-key");
  }
  if (!grpc_client_ca.empty() && callers.empty()) {
    problems.push_back("--grpc-client-ca: which certificates are whose is said by --callers");
  }
  if (grpc.port() != 0 && grpc == admin) problems.push_back("--admin: " + admin.text() + " is --grpc's address");
  return problems;
}

}  // namespace sluice::control
