#include "cluster/cluster.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include "base/log.hpp"
#include "base/mix.hpp"

namespace sluice::cluster {

using base::Errc;
using base::fail;
using namespace std::chrono_literals;

namespace {

constexpr base::Duration stream_patience = 2s;
constexpr base::Duration goodbye_patience = 1s;
constexpr base::Duration stream_again_after = 500ms;
// Of what all nodes know: longer than anything of it counts (BlockUser, RevokeTokens).
constexpr std::chrono::nanoseconds shared_age_max = 11 * 24h;
constexpr std::int64_t shared_bytes_max = std::int64_t{256} << 20;
// How often to look whether the stream is still the same: somebody may have removed it.
constexpr base::Duration stream_look_every = 5s;
// A new leader may not have read all that it leads; by then it has.
constexpr base::Duration sunk_after = 3s;
// As long as a publisher may try again under the same id.
constexpr std::chrono::nanoseconds duplicates_max = 2min;

// A stream is described by the epoch of its history, which its maker chose: servers do not agree at once on when a
// stream was made.
const std::string description_prefix = "Sluice's messages since ";

std::optional<std::uint64_t> epoch_of(std::string_view description) {
  if (!description.starts_with(description_prefix)) return std::nullopt;
  const auto position = base::Position::parse(description.substr(description_prefix.size()));
  return position ? std::optional(position->epoch) : std::nullopt;
}

// Another one each time: a stream that is made anew is another history.
std::uint64_t random_epoch() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

// The same at all nodes.
std::uint64_t epoch_after(std::uint64_t epoch) { return base::mix(epoch + 1); }

// A session is written again now and then, so that it outlives the node for as long as its client may be away.
KeptSessions::Settings session_settings(const Cluster::Settings& settings) {
  KeptSessions::Settings sessions;
  sessions.cluster_name = settings.options.cluster_name;
  sessions.bucket.age_max = settings.sessions_kept;
  sessions.bucket.storage = settings.options.stream_storage;
  sessions.bucket.replicas = static_cast<int>(settings.options.stream_replicas);
  sessions.bucket.bytes_max = static_cast<std::int64_t>(settings.options.stream_bytes_max / 2);
  return sessions;
}

}  // namespace

base::Result<std::unique_ptr<Cluster>> Cluster::make(const Settings& settings) {
  std::unique_ptr<Cluster> cluster(new Cluster(settings));
  auto client = NatsClient::make(cluster->loop_.context(),
                                 settings.options.nats_settings("sluice " + settings.node_name), *cluster);
  if (!client) return client.error();
  cluster->client_ = std::move(*client);
  NatsBroker::Settings broker;
  broker.cluster_name = settings.options.cluster_name;
  broker.feeds = {.incarnation = settings.incarnation,
                  .messages_per_subject_max = std::max<std::size_t>(settings.messages_per_room_max, 1),
                  .kept = settings.age_max};
  cluster->broker_ = std::make_unique<NatsBroker>(cluster->loop_, *cluster->client_, cluster->subjects_, broker,
                                                  cluster->metrics_, [raw = cluster.get()] { raw->doubt_stream(); });
  Loop& loop = cluster->loop_;
  const auto post = [&loop](std::function<void()> job) { loop.post(std::move(job)); };
  cluster->values_ = std::make_unique<NatsSharedValues>(
      loop.context(), post, *cluster->client_,
      NatsSharedValues::Settings{.name = "SLUICE_" + settings.options.cluster_name + "_shared",
                                 .values = {.age_max = shared_age_max,
                                            .bytes_max = shared_bytes_max,
                                            .storage = settings.options.stream_storage,
                                            .replicas = static_cast<int>(settings.options.stream_replicas)}});
  NatsPeers::Settings peers;
  peers.cluster_name = settings.options.cluster_name;
  peers.incarnation = settings.incarnation;
  peers.node_name = settings.node_name;
  peers.version = settings.version;
  peers.started = settings.started;
  peers.secret_mark = settings.secret_mark;
  peers.shared_values = cluster->values_.get();
  // A client's request that is held at another node is a question for as long.
  peers.questions_max = std::max(peers.questions_max, settings.held_requests_max);
  peers.served_max = std::max(peers.served_max, settings.held_requests_max);
  cluster->peers_ = std::make_unique<NatsPeers>(loop.context(), post, *cluster->client_, std::move(peers));
  cluster->sessions_ = std::make_unique<KeptSessions>(cluster->loop_, *cluster->client_, session_settings(settings));
  cluster->streams_ = std::make_unique<JetStream>(*cluster->client_, stream_patience);
  cluster->stream_again_ =
      std::make_unique<Timer>(cluster->loop_.context(), [raw = cluster.get()] { raw->find_stream(); });
  return cluster;
}

Cluster::Cluster(const Settings& settings) : settings_(settings), subjects_(settings.options.cluster_name) {}

Cluster::~Cluster() { stop(); }

void Cluster::start(NatsPeers::GetLoad load) {
  loop_.start();
  loop_.post([this, load = std::move(load)]() mutable {
    peers_->start(std::move(load));
    auto leaders = client_->subscribe("$JS.EVENT.ADVISORY.STREAM.LEADER_ELECTED." + subjects_.stream(),
                                      [this](const auto&) { broker_->look_again(); });
    if (leaders) leader_subscription_ = std::move(*leaders);
    client_->start();
  });
}

void Cluster::stop() {
  if (std::exchange(is_stopped_, true)) return;
  const auto has_left = std::make_shared<std::promise<void>>();
  loop_.post([this, has_left] {
    broker_->stop(fail(Errc::unavailable, "the node is ending"));
    stream_again_->cancel();
    values_->close();
    leader_subscription_.end();
    peers_->leave([has_left] { has_left->set_value(); });
  });
  // A broker that does not answer is not waited for.
  if (loop_.is_running()) has_left->get_future().wait_for(goodbye_patience);
  loop_.post([this] { client_->stop(); });
  loop_.stop();
}

// --- servers ---

void Cluster::on_connected(const std::string& server) {
  metrics_.connects.add();
  base::log_info("broker_connected", {{"server", server}});
  peers_->on_connected();
  values_->open([this](const base::Status& status) { take_bucket(status); });
  certainty_.begin(client_->info(), static_cast<int>(settings_.options.stream_replicas));
  find_stream();
  sessions_->open();
}

void Cluster::on_disconnected(const base::Error& reason) {
  metrics_.disconnects.add();
  base::log_warning("broker_lost", {{"why", reason.detail}});
  stream_again_->cancel();
  values_->close();
  open_epoch_ = 0;
  end_doubt();
  peers_->on_disconnected();
  broker_->close();
  sessions_->close();
}

void Cluster::on_connect_failed(const std::string& server, const base::Error& reason) {
  if (log_limit_.allows(base::Clock::now())) {
    base::log_warning("broker_unreachable",
                      {{"server", server}, {"why", reason.detail}, {"suppressed", log_limit_.take_suppressed()}});
  }
  if (reason.code == Errc::unauthenticated) give_up(reason);
}

void Cluster::on_lame_duck(const std::string& server) { base::log_info("broker_ending", {{"server", server}}); }

void Cluster::on_complaint(std::string_view text) {
  if (!log_limit_.allows(base::Clock::now())) return;
  base::log_warning("broker_complains", {{"text", text}, {"suppressed", log_limit_.take_suppressed()}});
}

// --- the stream ---

StreamSettings Cluster::stream_settings(std::uint64_t epoch) const {
  StreamSettings stream;
  stream.name = subjects_.stream();
  stream.subjects = {subjects_.all_stored()};
  stream.republish = {subjects_.all_stored(), subjects_.all_copies()};
  stream.messages_per_subject_max =
      static_cast<std::int64_t>(std::max<std::size_t>(settings_.messages_per_room_max, 1));
  stream.bytes_max = static_cast<std::int64_t>(settings_.options.stream_bytes_max);
  stream.age_max = settings_.age_max;
  stream.storage = settings_.options.stream_storage;
  stream.replicas = static_cast<int>(settings_.options.stream_replicas);
  stream.duplicate_window = std::min<std::chrono::nanoseconds>(settings_.age_max, duplicates_max);
  stream.denies_delete = true;
  stream.description = description_prefix + base::Position{epoch, 0}.text();
  return stream;
}

void Cluster::find_stream() {
  const IfMissing if_missing = certainty_.if_missing(base::Clock::now());
  const auto asked = streams_->ensure_stream(stream_settings(random_epoch()), if_missing,
                                             [this](const auto& state) { take_stream(state); });
  if (!asked) take_stream(asked.error());
}

// Looks now, not when it is time to.
void Cluster::doubt_stream() {
  if (!std::exchange(is_in_doubt_, true)) stream_again_->set_after(0ms);
}

void Cluster::take_stream(const base::Result<StreamState>& state) {
  const bool is_certain = certainty_.take(state, base::Clock::now());
  if (!state) {
    // Before the first one was there, it is no wonder.
    const bool is_strange = state.error().code != Errc::not_found || last_epoch_ != 0;
    if (is_strange && log_limit_.allows(base::Clock::now())) {
      base::log_warning("broker_stream_missing",
                        {{"why", state.error().detail}, {"suppressed", log_limit_.take_suppressed()}});
    }
    if (state.error().code == Errc::already_exists || state.error().code == Errc::bad_request) give_up(state.error());
    if (client_->is_connected()) stream_again_->set_after(stream_again_after);
    return;
  }
  const auto epoch = epoch_of(state->description);
  if (!epoch) {
    return give_up(fail(Errc::already_exists, "the stream " + subjects_.stream() + " was not made by a gateway"));
  }
  if (!is_certain) return stream_again_->set_after(stream_again_after);
  const base::Position position{*epoch, state->last_sequence};
  stream_again_->set_after(stream_look_every);
  if (open_epoch_ == position.epoch) {
    if (is_in_doubt_) settle_doubt(position.offset);
    return;
  }
  open_epoch_ = position.epoch;
  end_doubt();
  const std::uint64_t before = std::exchange(last_epoch_, position.epoch);
  if (before != 0 && before != position.epoch) {
    base::log_warning(
        "broker_stream_replaced",
        {{"stream", subjects_.stream()},
         {"why", "somebody removed the one before, or its servers lost it, with the history of all rooms"}});
  }
  broker_->open(position, state->created);
  base::log_info("broker_ready", {{"stream", subjects_.stream()}, {"messages", state->messages}});
  has_stream_ = true;
  note_found();
}

// It says that it is the same stream. One that has lost its end, as its servers lost their disk or memory, gives places
// again that it had given before: that is another history, which each node that sees it calls by the same name.
void Cluster::settle_doubt(std::uint64_t last_sequence) {
  const base::TimePoint now = base::Clock::now();
  if (last_sequence >= broker_->watermark()) {
    end_doubt();
    return broker_->look_again();
  }
  stream_again_->set_after(stream_again_after);
  if (!sunk_since_) sunk_since_ = now;
  if (now - *sunk_since_ < sunk_after) return;
  const auto asked = streams_->describe(stream_settings(epoch_after(open_epoch_)), [](const auto&) {});
  if (!asked && log_limit_.allows(now)) base::log_warning("broker_stream_missing", {{"why", asked.error().detail}});
}

void Cluster::end_doubt() {
  is_in_doubt_ = false;
  sunk_since_.reset();
}

void Cluster::take_bucket(const base::Status& status) {
  if (!status) return give_up(status.error());
  has_bucket_ = true;
  note_found();
}

void Cluster::note_found() {
  if (has_stream_ && has_bucket_ && !std::exchange(is_found_, true)) found_.set_value(base::ok());
}

// Only whoever waits for the start ends by it; a node that runs goes on without.
void Cluster::give_up(const base::Error& reason) {
  if (!std::exchange(is_found_, true)) found_.set_value(reason);
}

}  // namespace sluice::cluster
