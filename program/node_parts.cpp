// How a node's parts are made of its options.
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/read_file.hpp"
#include "control/grpc_certificates.hpp"
#include "program/node.hpp"
#include "program/random_number.hpp"
#include "program/version.hpp"

namespace sluice::program {
namespace {

control::Facts facts_of(const AllOptions& options) {
  return {.version = std::string(version),
          .node = options.control.node_name,
          .started = std::chrono::system_clock::now(),
          .room_name_bytes_max = options.gateway.room_name_bytes_max,
          .drain_over = options.gateway.drain_seconds};
}

control::EventHub::Limits hub_limits(const AllOptions& options, std::uint32_t incarnation) {
  return {.bytes_max = options.control.backend_buffer_bytes_max,
          .kept = options.control.backend_buffer_seconds,
          .is_expected = options.gateway.client_messages == gateway::ClientMessages::backend,
          .holds_messages = options.control.no_backend_messages == control::NoBackendMessages::hold,
          .refuses_messages = options.control.no_backend_messages == control::NoBackendMessages::refuse,
          .incarnation = incarnation};
}

// Those that the main thread reads again.
std::vector<std::string> watched_files(const AllOptions& options) {
  if (!options.watch_files) return {};
  std::vector<std::string> files = control::GrpcCertificates::files(options.control);
  if (!options.control.callers.empty()) files.push_back(options.control.callers);
  return files;
}

std::unique_ptr<gateway::TlsReloader> start_tls(const AllOptions& options) {
  if (options.tls.tls_cert.empty()) return nullptr;
  auto started = gateway::TlsReloader::start(
      {.files = options.tls.files(), .oldest = options.tls.tls_min_version, .watches = options.watch_files});
  if (!started) throw std::runtime_error(started.error().detail);
  return std::move(*started);
}

std::optional<gateway::ClientPort::Tls> tls_of(const gateway::TlsOptions& options,
                                               const gateway::TlsReloader* reloader) {
  if (reloader == nullptr) return std::nullopt;
  return gateway::ClientPort::Tls{options.listen_tls, reloader->certificates()};
}

std::unique_ptr<identity::KeySource> start_keys(const AllOptions& options) {
  if (!options.tokens.has_keys()) return nullptr;
  auto settings = identity::KeySource::settings_of(options.tokens);
  settings.watches = options.watch_files;
  auto started = identity::KeySource::start(std::move(settings));
  if (!started) throw std::runtime_error(started.error().detail);
  return std::move(*started);
}

std::unique_ptr<identity::CallerFile> open_callers(const control::Options& options) {
  if (options.callers.empty()) return nullptr;
  auto opened = identity::CallerFile::open(options.callers);
  if (!opened) throw std::runtime_error("--callers: " + opened.error().detail);
  return std::move(*opened);
}

identity::TokenRules token_rules(const identity::Options& options) {
  return {options.token_issuer, options.token_audience, options.token_skew_seconds, true};
}

control::CallerIdentity callers_of(const AllOptions& options, const identity::CallerFile* file,
                                   const identity::KeySource* keys, const identity::Revocations& revocations) {
  control::CallerIdentity callers;
  callers.revocations = &revocations;
  if (file != nullptr) callers.list = &file->list();
  if (options.control.caller_tokens && keys != nullptr) callers.keys = &keys->keys();
  callers.rules = token_rules(options.tokens);
  return callers;
}

gateway::ClientIdentity identity_of(const identity::Options& options, const identity::KeySource* keys,
                                    const identity::Revocations& revocations) {
  gateway::ClientIdentity identity;
  identity.revocations = &revocations;
  if (keys == nullptr) return identity;
  identity.keys = &keys->keys();
  identity.rules = token_rules(options);
  identity.places = {options.token_cookie, options.token_in_query};
  identity.on_unknown_key = [keys] { keys->note_unknown_key(); };
  return identity;
}

// For as long as a client may be away, beyond the time until a session is written again, and a try that came to
// nothing.
std::chrono::seconds sessions_kept(const gateway::Options& options) {
  return std::chrono::ceil<std::chrono::seconds>(options.recovery_seconds) + 2 * gateway::records_written_again_every;
}

std::unique_ptr<cluster::Cluster> make_cluster(const AllOptions& options, std::uint32_t incarnation,
                                               const gateway::Seals& seals) {
  if (!options.cluster.is_clustered()) return nullptr;
  auto made = cluster::Cluster::make({.options = options.cluster,
                                      .node_name = options.control.node_name,
                                      .version = std::string(version),
                                      .started = std::chrono::system_clock::now(),
                                      .incarnation = incarnation,
                                      .secret_mark = seals.mark(),
                                      .messages_per_room_max = options.workers.history_messages,
                                      .age_max = options.workers.history_seconds,
                                      .held_requests_max = options.workers.connections_max,
                                      .sessions_kept = sessions_kept(options.gateway)});
  if (!made) throw std::runtime_error(made.error().detail);
  return std::move(*made);
}

gateway::Seals seals_of(const cluster::Options& options) {
  if (options.secret_file.empty()) return {};
  constexpr std::size_t secret_bytes_min = 32;
  auto text = base::read_file(options.secret_file);
  if (!text) throw std::runtime_error("--secret-file: " + text.error().detail);
  // An editor's last line break is no part of it.
  text->erase(text->find_last_not_of("\r\n") + 1);
  if (text->size() < secret_bytes_min) {
    throw std::runtime_error("--secret-file: " + options.secret_file + ": at least 32 bytes were expected");
  }
  return gateway::Seals(*text);
}

workers::Peers& peers_of(cluster::Cluster* cluster) {
  if (cluster == nullptr) return workers::NoPeers::instance();
  return cluster->peers();
}

// What client ports of all nodes have in common.
gateway::SharedParts shared_parts(const gateway::Seals& seals, cluster::Cluster* cluster) {
  if (cluster == nullptr) return {.seals = seals};
  return {.seals = seals, .peers = cluster->peers(), .sessions = cluster->sessions()};
}

workers::Broker& broker_of(cluster::Cluster* cluster) {
  if (cluster == nullptr) return workers::EmbeddedBroker::instance();
  return cluster->broker();
}

}  // namespace

Node::Node(const AllOptions& options)
    : options_(options),
      files_watch_(watched_files(options), {}),
      incarnation_(random_number<std::uint32_t>()),
      seals_(seals_of(options.cluster)),
      facts_(facts_of(options)),
      tls_(start_tls(options)),
      keys_(start_keys(options)),
      callers_file_(open_callers(options.control)),
      callers_(callers_of(options, callers_file_.get(), keys_.get(), revocations_)),
      cluster_(make_cluster(options, incarnation_, seals_)),
      clients_(options.gateway, tls_of(options.tls, tls_.get()), identity_of(options.tokens, keys_.get(), revocations_),
               options.limits, options.sockets, shared_parts(seals_, cluster_.get())),
      hub_(hub_limits(options, incarnation_)),
      pool_(options.workers, incarnation_, random_number<std::uint64_t>(), clients_, hub_, broker_of(cluster_.get()),
            &options.overload),
      control_(pool_, peers_of(cluster_.get()), hub_, revocations_, callers_, options.control, facts_) {}

}  // namespace sluice::program
