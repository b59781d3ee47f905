#include "cluster/peers.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"

namespace sluice::cluster {

using base::Errc;
using base::fail;
using workers::Peer;
using workers::PeerChange;
using namespace std::chrono_literals;

namespace {

// How often to look whether somebody is lost.
constexpr base::Duration look_every = 250ms;
// Many may come at once, or we to many: one sign of life is for all of them.
constexpr base::Duration greet_after = 10ms;

std::uint64_t make_instance() {
  std::array<unsigned char, 8> bytes;
  SLUICE_ASSERT(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  std::uint64_t instance = 0;
  for (const unsigned char byte : bytes) instance = instance << 8 | byte;
  return instance;
}

}  // namespace

NatsPeers::NatsPeers(boost::asio::io_context& loop, Post post, NatsClient& client, Settings settings)
    : settings_(std::move(settings)),
      post_(std::move(post)),
      client_(client),
      all_prefix_("sluice." + settings_.cluster_name + ".all."),
      node_prefix_("sluice." + settings_.cluster_name + ".n."),
      own_prefix_(node_prefix_ + base::incarnation_text(settings_.incarnation) + "."),
      instance_(make_instance()),
      others_(std::make_shared<const std::vector<Peer>>()),
      tick_timer_(loop, [this] { tick(); }),
      deadline_timer_(loop, [this] { expire_questions(); }),
      leases_(settings_.times),
      pieces_(settings_.pieces) {
  serve(unknown_questions_kind, [this](const Question& question, const OnAnswer& answer) {
    auto numbers = decode_numbers(question.payload);
    if (!numbers) return answer(numbers.error());
    answer(encode_numbers(unknown_of(question.from, *std::move(numbers))));
  });
}

NatsPeers::~NatsPeers() = default;

void NatsPeers::serve(std::string_view kind, Handler handler) {
  SLUICE_ASSERT(!is_running_);
  const bool is_new = handlers_.emplace(kind, std::move(handler)).second;
  SLUICE_ASSERT(is_new);
}

std::string NatsPeers::subject_of(std::uint32_t incarnation, std::string_view kind) const {
  return node_prefix_ + base::incarnation_text(incarnation) + "." + std::string(kind);
}

// --- life ---

void NatsPeers::start(GetLoad load) {
  load_ = std::move(load);
  is_running_ = true;
  const auto hear_behind = [this](const std::string& prefix) {
    auto subscription = client_.subscribe(prefix + ">", [this, bytes = prefix.size()](const NatsMessage& message) {
      take(message, message.subject.substr(std::min(bytes, message.subject.size())));
    });
    SLUICE_ASSERT(subscription.has_value());
    return std::move(subscription).value();
  };
  to_all_ = hear_behind(all_prefix_);
  to_us_ = hear_behind(own_prefix_);
  tick();
}

void NatsPeers::leave(const std::function<void()>& then) {
  if (std::exchange(is_running_, false)) {
    beat(true);
    tick_timer_.cancel();
    deadline_timer_.cancel();
    to_all_.end();
    to_us_.end();
    served_.clear();
    questions_.fail_all(fail(Errc::unavailable, "the node is ending"));
  }
  const auto flushed = client_.flush([then](const base::Status&) { then(); });
  if (!flushed) then();
}

void NatsPeers::on_connected() {
  if (!is_running_) return;
  next_beat_ = {};
  tick();
}

// What would answer may have done so while nobody heard it.
void NatsPeers::on_disconnected() {
  questions_.fail_all(fail(Errc::unavailable, "the connection to the broker was lost before the node answered"));
}

void NatsPeers::tick() {
  const base::TimePoint now = base::Clock::now();
  metrics_.cut_off.set(leases_.is_cut_off(now) ? 1 : 0);
  for (const Peer& peer : leases_.take_lost(now)) let_go(PeerChange::Kind::lost, peer);
  std::erase_if(served_, [now](const auto& one) { return one.second.until <= now; });
  if (const std::size_t let_go = pieces_.trim(now); let_go > 0) {
    note_malformed(fail(Errc::bad_request, "the rest of a message never came"));
  }
  if (now >= next_beat_) beat(false);
  if (now >= next_ask_again_) ask_again(now);
  set_tick();
}

void NatsPeers::set_tick() {
  if (is_running_) tick_timer_.set(std::min(next_beat_, base::Clock::now() + look_every));
}

void NatsPeers::beat(bool is_leaving) {
  next_beat_ = base::Clock::now() + settings_.beat_every;
  PeerBeat own{.instance = instance_, .peer = {}, .is_leaving = is_leaving, .secret_mark = settings_.secret_mark};
  own.peer.name = settings_.node_name;
  own.peer.version = settings_.version;
  own.peer.started = settings_.started;
  if (load_) own.peer.load = load_();
  // Without a connection nobody hears it, and soon we will not either, which is how that is known.
  static_cast<void>(send({.subject = all_prefix_ + std::string(beat_kind)}, {.what = std::move(own), .piece = {}}, {}));
}

void NatsPeers::take_beat(const PeerBeat& beat, std::uint32_t from) {
  const base::TimePoint now = base::Clock::now();
  if (from == settings_.incarnation) {
    if (beat.instance == instance_) return leases_.hear_self(now);
    if (!log_limit_.allows(now)) return;
    return base::log_error("incarnation_taken",
                           {{"node", beat.peer.name}, {"incarnation", base::incarnation_text(from)}});
  }
  Peer peer = beat.peer;
  peer.incarnation = from;
  if (!beat.is_leaving) return hear(std::move(peer), beat.secret_mark);
  if (const auto left = leases_.leave(from)) let_go(PeerChange::Kind::left, *left);
}

void NatsPeers::hear(Peer peer, std::uint64_t secret_mark) {
  peer.has_other_secret = secret_mark != 0 && secret_mark != settings_.secret_mark;
  const Peer copy = peer;
  const bool has_come = leases_.hear(std::move(peer), base::Clock::now());
  show_others();
  if (!has_come) return;
  metrics_.came.add();
  base::log_info(
      "node_came",
      {{"node", copy.name}, {"incarnation", base::incarnation_text(copy.incarnation)}, {"version", copy.version}});
  if (copy.has_other_secret) {
    base::log_error("secret_differs", {{"node", copy.name},
                                       {"why",
                                        "its --secret-file is another than ours, so neither knows the session "
                                        "ids and cursors that the other gave"}});
  }
  tell_change(PeerChange::Kind::came, copy);
  // It may not know us yet.
  next_beat_ = std::min(next_beat_, base::Clock::now() + greet_after);
  set_tick();
}

void NatsPeers::let_go(PeerChange::Kind kind, const Peer& peer) {
  const bool is_lost = kind == PeerChange::Kind::lost;
  (is_lost ? metrics_.lost : metrics_.left).add();
  base::log(is_lost ? base::LogLevel::warning : base::LogLevel::info, is_lost ? "node_lost" : "node_left",
            {{"node", peer.name}, {"incarnation", base::incarnation_text(peer.incarnation)}});
  pieces_.forget(peer.incarnation);
  show_others();
  questions_.fail_node(peer.incarnation, fail(Errc::unavailable, is_lost ? "the node is lost" : "the node has left"));
  tell_change(kind, peer);
}

void NatsPeers::tell_change(PeerChange::Kind kind, const Peer& peer) const {
  for (const OnChange& on_change : watchers_) on_change({kind, peer});
}

void NatsPeers::show_others() {
  auto shown = std::make_shared<std::vector<Peer>>();
  for (const auto& [incarnation, peer] : leases_.all()) shown->push_back(peer);
  metrics_.nodes.set(shown->size());
  const auto strangers = std::ranges::count_if(*shown, &Peer::has_other_secret);
  metrics_.other_secrets.set(static_cast<std::uint64_t>(strangers));
  others_.publish(std::move(shown));
}

}  // namespace sluice::cluster
