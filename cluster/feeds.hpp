#pragma once
// Feeds: which rooms' messages come to this node, and that none of them is missing. A room is subscribed to when it is
// prepared; a barrier, which is a message of our own, comes back through the stream and tells from where on the
// subscription is whole. Each copy says which one came before it under its subject, so a hole is seen, and filled
// before anything later is handed on; what a connection to NATS or a leader of the stream may have lost while it was
// away is looked for when it is back. Belongs to the thread of the client's loop.

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/log_limit.hpp"
#include "cluster/arrivals.hpp"
#include "cluster/feed.hpp"
#include "cluster/fetches.hpp"
#include "cluster/nats_client.hpp"
#include "cluster/subjects.hpp"
#include "cluster/timer.hpp"
#include "workers/broker.hpp"
#include "workers/broker_metrics.hpp"
#include "workers/sequencer.hpp"

namespace sluice::cluster {

class Feeds {
 public:
  struct Settings {
    std::uint32_t incarnation = 0;
    std::size_t messages_per_subject_max = 256;                 // the stream's
    base::Duration kept = std::chrono::minutes(2);              // a message, likewise
    base::Duration patience = std::chrono::seconds(1);          // of one question to the stream
    base::Duration prepare_patience = std::chrono::seconds(5);  // of who waits for a room
  };
  // All outlive this. `on_doubt`: what comes is not of the stream that was opened, as it seems; whoever gets to know
  // calls open().
  Feeds(boost::asio::io_context& loop, NatsClient& client, const Subjects& subjects, Settings settings,
        workers::BrokerMetrics& metrics, std::function<void()> on_doubt);
  ~Feeds();

  // As workers::Broker::prepare; always later.
  void prepare(workers::Sequencer& sequencer, std::vector<workers::RoomKey> rooms, std::optional<base::Position> since,
               workers::Broker::OnPrepared then);

  // The stream is there, with `position` its last; another history if its epoch is another, of which all is heard, if
  // this heard an earlier one. It was made about `born`, by its servers' clocks.
  void open(base::Position position, SystemTime born);
  // It is away.
  void close();
  // Ends for good, and gives up all that waits.
  void stop(const base::Error& reason);
  // Another server leads the stream, and what the last one stored and did not tell of is looked for; or what came was
  // doubted, but the stream is the same.
  void look_again();
  // The place of the last message that was handed on.
  std::uint64_t watermark() const { return arrivals_.watermark(); }
  // The stream has given one of ours this place.
  void on_published(std::uint64_t sequence);

  std::uint64_t epoch() const { return epoch_; }

 private:
  // What there is of a namespace.
  struct World {
    explicit World(workers::Sequencer& sequencer_of) : sequencer(sequencer_of) {}
    workers::Sequencer& sequencer;
    std::shared_ptr<Feed> many;
    // Messages for several rooms that came lately: rooms' backlogs have those beside what is in their own subjects.
    std::deque<std::shared_ptr<const workers::Message>> recent_many;
    std::uint64_t many_lost_through = 0;
    bool has_recent_many = false;  // those from before `many` was whole, too
    // Nothing was before it.
    void begin_whole() {
      many_lost_through = 0;
      has_recent_many = true;
    }
  };
  // Who waits for rooms.
  struct Preparation {
    workers::Sequencer* sequencer;
    std::vector<workers::RoomKey> rooms;
    std::optional<base::Position> since;
    workers::Broker::OnPrepared then;
    base::TimePoint until;
    std::uint64_t behind_barrier = 0;  // whose number; 0: behind none
    std::size_t backlogs = 0;          // that it waits for
    bool is_done = false;
  };
  struct Barrier {
    std::uint64_t number = 0;
    std::vector<std::shared_ptr<Feed>> feeds;  // that were subscribed to before
  };
  // What was read of one subject.
  struct Reading {
    std::uint64_t first = 0, count = 0;
    void note(std::uint64_t sequence) {
      if (count++ == 0 || sequence < first) first = sequence;
    }
  };
  struct Audit;

  World& world_of(workers::Sequencer& sequencer);
  std::shared_ptr<Feed> add_feed(World& world, const std::string& what, std::optional<workers::RoomKey> key);
  std::shared_ptr<Feed> feed_of(World& world, const workers::RoomKey& key);
  std::shared_ptr<Feed> find(const std::string& subject) const;

  void step(const std::shared_ptr<Preparation>& preparation);
  static void finish(const std::shared_ptr<Preparation>& preparation, const base::Status& status);
  void expire();

  void want_barrier();
  void send_barrier();
  void repeat_barrier();
  void on_barrier(const NatsMessage& message);
  void reach(const std::vector<std::shared_ptr<Feed>>& feeds, std::uint64_t sequence);
  void advance(std::uint64_t sequence);
  void begin_again(const std::shared_ptr<Feed>& feed);

  void on_copy(const std::shared_ptr<Feed>& feed, const NatsMessage& message);
  void on_tick(const NatsMessage& message);
  void add(const Feed& feed, std::uint64_t sequence, std::shared_ptr<workers::Message> message);
  void fill(const std::shared_ptr<Feed>& feed, const std::string& subject, std::uint64_t first, std::uint64_t last);
  void add_fetched(const Feed& feed, const StoredMessage& stored);
  std::shared_ptr<workers::Message> decode_logged(std::string_view payload, const Feed& feed);
  std::shared_ptr<workers::Message> decode_stored(const StoredMessage& stored, const Feed& feed);
  void note_malformed(std::string_view why);
  void lose(const Feed& feed, std::uint64_t through);
  void lose_and_tell(const Feed& feed, std::uint64_t through);
  void lose_all(std::uint64_t through, const char* why);

  void want_backlog(const std::shared_ptr<Feed>& feed, const std::shared_ptr<Preparation>& preparation);
  void read_backlog(const std::shared_ptr<Feed>& feed);
  void give_backlog(const Feed& feed, std::vector<std::shared_ptr<const workers::Message>> messages,
                    std::uint64_t lost);
  void end_backlog(const std::shared_ptr<Feed>& feed, const base::Status& status);
  void read_recent_many(World& world, const std::function<void(const base::Status&)>& then);
  void note_many(World& world, const std::shared_ptr<workers::Message>& message);
  std::uint64_t lost_through(const Reading& reading, std::uint64_t through) const;
  void read_oldest(const std::function<void(const base::Status&)>& then);

  void doubt(std::uint64_t sequence);
  void look_back();
  void audit(std::uint64_t from);
  void run_audit(std::uint64_t through);
  void read_for_audit(const std::shared_ptr<Audit>& audit);
  void take_audited(Audit& audit, const StoredMessage& stored);
  void finish_audit(const std::shared_ptr<Audit>& audit, const base::Status& status);
  void note_lost(const Audit& audit);
  void on_overflow();
  void give_audit_up(std::uint64_t through);
  void end_audit();

  void on_second();
  void sweep();

  NatsClient& client_;
  const Subjects& subjects_;
  const Settings settings_;
  workers::BrokerMetrics& metrics_;
  const std::function<void()> on_doubt_;
  JetStream streams_;
  Fetches fetches_;
  Arrivals arrivals_;
  base::LogLimit log_limit_{10, std::chrono::minutes(1)};

  bool is_open_ = false, is_stopped_ = false;
  std::uint64_t epoch_ = 0;
  SystemTime born_{};
  std::unordered_map<workers::Sequencer*, std::unique_ptr<World>> worlds_;
  std::unordered_map<std::string, std::shared_ptr<Feed>> by_source_;  // by the subject in the stream, or its stem

  std::vector<std::shared_ptr<Feed>> fresh_;           // subscribed to, and in no barrier yet
  std::vector<std::shared_ptr<Preparation>> waiting_;  // for a barrier
  std::deque<std::shared_ptr<Preparation>> due_;       // all, in the order in which they give up
  std::optional<Barrier> barrier_;                     // the one on its way
  bool wants_barrier_ = false;
  std::uint64_t last_barrier_ = 0, reached_barrier_ = 0;
  std::uint64_t oldest_tick_ = 0;  // that the stream had when it was read last; 0: none
  std::unordered_map<std::string, std::vector<std::shared_ptr<Preparation>>> backlog_waiters_;  // by source

  std::optional<std::uint64_t> audit_from_;  // one is under way, and holds what arrives
  bool audits_at_barrier_ = false;           // it begins when a barrier comes, which tells its end
  bool is_audit_given_up_ = false;           // it ends there instead
  std::uint64_t audit_through_ = 0, audit_number_ = 0;
  std::deque<std::uint64_t> watermarks_;  // of the last seconds, the newest last

  NatsSubscription barrier_subscription_, tick_subscription_;
  Timer expiry_, second_, barrier_again_, audit_again_;
  base::TimePoint last_tick_{};
  std::uint64_t last_tick_sequence_ = 0, last_published_ = 0;
  std::optional<std::uint64_t> doubted_from_;  // what came behind it was not taken
  unsigned seconds_ = 0;
};

}  // namespace sluice::cluster
