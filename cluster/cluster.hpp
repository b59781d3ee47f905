#pragma once
// Cluster: FRONT DOOR of what makes many nodes one: finds the broker, its stream and the other nodes, and loses and
// finds them again. Has a thread of its own.

#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include "base/log_limit.hpp"
#include "cluster/certainty.hpp"
#include "cluster/kept_sessions.hpp"
#include "cluster/loop.hpp"
#include "cluster/nats_broker.hpp"
#include "cluster/options.hpp"
#include "cluster/peers.hpp"
#include "cluster/shared_values.hpp"
#include "cluster/subjects.hpp"

namespace sluice::cluster {

class Cluster final : private NatsClient::Listener {
 public:
  struct Settings {
    const Options& options;
    std::string node_name, version = {};
    std::chrono::system_clock::time_point started{};
    std::uint32_t incarnation = 0;
    std::uint64_t secret_mark = 0;  // as NatsPeers::Settings
    // What the stream keeps of a room, as this node's workers do.
    std::size_t messages_per_room_max = 256;
    std::chrono::seconds age_max{120};
    std::size_t held_requests_max = 0;  // of clients, that may wait at another node
    // For how long a client's session is remembered that was not written again.
    std::chrono::seconds sessions_kept{120};
  };
  // Errc::bad_request: a setting is wrong. Does nothing yet; the options outlive it.
  static base::Result<std::unique_ptr<Cluster>> make(const Settings& settings);
  ~Cluster();

  workers::Broker& broker() { return *broker_; }
  workers::Peers& peers() { return *peers_; }
  workers::SessionStore& sessions() { return *sessions_; }
  // Starts the thread, which connects, and goes on doing so. `load`, which other nodes are told, is called there.
  void start(NatsPeers::GetLoad load);
  // Told when stream and bucket are there for the first time; log lines tell why they are not. An error is one that
  // waiting would not mend: credentials that are not taken, a stream with other settings. To be asked for once.
  std::future<base::Status> found() { return found_.get_future(); }
  // Ends it; what waits is told Errc::unavailable. Before what the sequencers post to is gone.
  void stop();

 private:
  explicit Cluster(const Settings& settings);

  void on_connected(const std::string& server) override;
  void on_disconnected(const base::Error& reason) override;
  void on_connect_failed(const std::string& server, const base::Error& reason) override;
  void on_lame_duck(const std::string& server) override;
  void on_complaint(std::string_view text) override;

  void find_stream();
  void doubt_stream();
  void take_stream(const base::Result<StreamState>& state);
  void take_bucket(const base::Status& status);
  void note_found();
  void give_up(const base::Error& reason);
  StreamSettings stream_settings(std::uint64_t epoch) const;
  void settle_doubt(std::uint64_t last_sequence);
  void end_doubt();

  const Settings settings_;
  const Subjects subjects_;
  workers::BrokerMetrics metrics_;
  Loop loop_;
  std::unique_ptr<NatsClient> client_;
  std::unique_ptr<NatsBroker> broker_;
  std::unique_ptr<NatsSharedValues> values_;
  std::unique_ptr<NatsPeers> peers_;
  std::unique_ptr<KeptSessions> sessions_;
  std::unique_ptr<JetStream> streams_;
  std::unique_ptr<Timer> stream_again_;
  Certainty certainty_;  // of the stream
  NatsSubscription leader_subscription_;
  base::LogLimit log_limit_{10, std::chrono::minutes(1)};
  std::uint64_t open_epoch_ = 0;               // of the stream that the broker was told of; 0: of none
  std::uint64_t last_epoch_ = 0;               // likewise, also while the broker is away
  bool is_in_doubt_ = false;                   // whether it is that stream still
  std::optional<base::TimePoint> sunk_since_;  // when it was first seen to have less than it had
  std::promise<base::Status> found_;
  bool is_found_ = false;  // that was told
  bool has_stream_ = false, has_bucket_ = false;
  bool is_stopped_ = false;
};

}  // namespace sluice::cluster
