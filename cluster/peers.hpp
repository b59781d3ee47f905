#pragma once
// NatsPeers: the other nodes, over subjects of NATS: signs of life, questions with their answers, and what is told. Any
// thread may call what the port has; the rest belongs to the loop's thread.
//
// sluice.CLUSTER.all.KIND          to all nodes; the kind `beat` is a sign of life
// sluice.CLUSTER.n.NODE.KIND       to one of them, by its incarnation
// sluice.CLUSTER.n.NODE.re.NUMBER  answers to it

#include <map>
#include <string>

#include "base/log_limit.hpp"
#include "base/snapshot.hpp"
#include "cluster/leases.hpp"
#include "cluster/nats_client.hpp"
#include "cluster/peer_codec.hpp"
#include "cluster/pieces.hpp"
#include "cluster/questions.hpp"
#include "cluster/timer.hpp"

namespace sluice::cluster {

class NatsPeers final : public workers::Peers {
 public:
  struct Settings {
    std::string cluster_name;
    std::uint32_t incarnation = 0;
    std::string node_name, version;
    std::chrono::system_clock::time_point started{};
    std::uint64_t secret_mark = 0;  // another node's is another if its secret is
    base::Duration beat_every{std::chrono::seconds(1)};
    // So long questions wait before their nodes are asked whether they know of them, and then each time.
    base::Duration ask_again_every{std::chrono::seconds(2)};
    Leases::Times times = {};
    Pieces::Limits pieces = {};
    workers::SharedValues* shared_values = nullptr;  // what all nodes know; outlives this
    std::size_t questions_max = 4096;                // of ours that wait for answers
    std::size_t served_max = 1024;                   // of others that we have not answered
  };
  // Runs a job on the loop's thread, behind those that were posted before. Any thread.
  using Post = std::function<void(std::function<void()>)>;
  using GetLoad = std::function<workers::NodeLoad()>;
  static constexpr std::string_view beat_kind = "beat", unknown_questions_kind = "unknown_questions";

  // All outlive this, and what was posted is not run after it.
  NatsPeers(boost::asio::io_context& loop, Post post, NatsClient& client, Settings settings);
  ~NatsPeers() override;

  bool is_alone() const override { return false; }
  const workers::PeersMetrics* metrics() const override { return &metrics_; }
  std::shared_ptr<const std::vector<workers::Peer>> others() const override { return others_.get(); }
  workers::SharedValues* shared_values() override { return settings_.shared_values; }
  void ask(To to, std::string_view kind, std::string payload, base::TimePoint until, OnAnswers then) override;
  void tell(To to, std::string_view kind, std::string payload) override;
  void serve(std::string_view kind, Handler handler) override;
  void watch(OnChange on_change) override { watchers_.push_back(std::move(on_change)); }

  // --- on the loop's thread ---

  // From now on there are others, and we are one of them; `load` is called here.
  void start(GetLoad load);
  // What the client tells its listener.
  void on_connected();
  void on_disconnected();
  // Says goodbye and falls silent; what waits is told Errc::unavailable. `then` is called, perhaps at once, when the
  // broker has the goodbye or is away.
  void leave(const std::function<void()>& then);

 private:
  // What another node asks, as long as it waits.
  struct Served {
    std::uint32_t from = 0;
    std::uint64_t number = 0;  // of its message
    std::string reply;         // the subject of the answer
    base::TimePoint until{};
  };

  std::string subject_of(std::uint32_t incarnation, std::string_view kind) const;

  // --- life ---
  void tick();
  void set_tick();
  void beat(bool is_leaving);
  void take_beat(const PeerBeat& beat, std::uint32_t from);
  void hear(workers::Peer peer, std::uint64_t secret_mark);
  void let_go(workers::PeerChange::Kind kind, const workers::Peer& peer);
  void tell_change(workers::PeerChange::Kind kind, const workers::Peer& peer) const;
  void show_others();

  // --- messages (peers_messages.cpp) ---
  struct Envelope {
    std::string subject, reply = {};
  };
  base::Status send(const Envelope& envelope, PeerMessage message, std::string_view payload);
  void send_question(const To& to, const std::string& kind, const std::string& payload, base::TimePoint until,
                     const OnAnswers& then);
  void send_told(const To& to, const std::string& kind, const std::string& payload);
  base::Status check_question(base::TimePoint until, base::TimePoint now) const;
  OnAnswers counted(const OnAnswers& then, base::TimePoint began);
  void expire_questions();
  void ask_again(base::TimePoint now);
  std::vector<std::uint64_t> unknown_of(std::uint32_t from, std::vector<std::uint64_t> numbers) const;
  void set_deadline();
  void take(const NatsMessage& message, std::string_view kind);
  void take_status(const NatsMessage& message, std::string_view kind);
  void take_reply(const PeerReply& reply, std::uint32_t from, std::string payload);
  void take_question(Question question, Served served, std::chrono::milliseconds patience, std::string_view kind);
  void take_answer(std::uint64_t number, const base::Result<std::string>& payload);
  void send_answer(const Served& served, const base::Result<std::string>& payload);
  void note_malformed(const base::Error& error);

  const Settings settings_;
  const Post post_;
  NatsClient& client_;
  const std::string all_prefix_, node_prefix_, own_prefix_;  // of subjects
  const std::uint64_t instance_;
  workers::PeersMetrics metrics_;
  base::Snapshot<std::vector<workers::Peer>> others_;
  std::map<std::string, Handler, std::less<>> handlers_;
  std::vector<OnChange> watchers_;

  // --- on the loop's thread ---
  GetLoad load_;
  NatsSubscription to_all_, to_us_;
  Timer tick_timer_, deadline_timer_;
  base::TimePoint next_beat_{}, next_ask_again_{};
  Leases leases_;
  Pieces pieces_;
  Questions questions_;
  std::map<std::uint64_t, Served> served_;  // what is not answered yet, by a number of ours
  std::uint64_t last_number_ = 0, last_served_ = 0;
  base::LogLimit log_limit_{10, std::chrono::minutes(1)};
  bool is_running_ = false;
};

}  // namespace sluice::cluster
