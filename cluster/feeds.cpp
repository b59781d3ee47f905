#include "cluster/feeds.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace sluice::cluster {
namespace {

using base::Errc;
using base::fail;
using workers::RoomKey;
using workers::Sequencer;
using namespace std::chrono_literals;

// How often to look who has waited for too long.
constexpr base::Duration expire_every = 250ms;
// A barrier that has not come back by then is sent again.
constexpr base::Duration barrier_patience = 2s;
constexpr base::Duration again_after = 100ms;
constexpr base::Duration tick_every = 1s;
// How long a leader has been dying, and what another has told of before we hear of it.
constexpr std::size_t seconds_looked_back = 3;
constexpr unsigned sweep_every = 5;  // ticks

}  // namespace

Feeds::Feeds(boost::asio::io_context& loop, NatsClient& client, const Subjects& subjects, Settings settings,
             workers::BrokerMetrics& metrics, std::function<void()> on_doubt)
    : client_(client),
      subjects_(subjects),
      settings_(settings),
      metrics_(metrics),
      on_doubt_(std::move(on_doubt)),
      streams_(client, settings.patience),
      fetches_(client, subjects.stream(), settings.patience),
      arrivals_(loop, metrics, [this] { on_overflow(); }),
      expiry_(loop, [this] { expire(); }),
      second_(loop, [this] { on_second(); }),
      barrier_again_(loop, [this] { repeat_barrier(); }),
      audit_again_(loop, [this] { want_barrier(); }) {
  const auto subscribe = [&](const std::string& what, void (Feeds::*handler)(const NatsMessage&)) {
    auto made =
        client_.subscribe(subjects_.copy(what), [this, handler](const auto& message) { (this->*handler)(message); });
    return std::move(*made);
  };
  barrier_subscription_ = subscribe(Subjects::barrier(settings_.incarnation), &Feeds::on_barrier);
  tick_subscription_ = subscribe(Subjects::tick(), &Feeds::on_tick);
  second_.set_after(tick_every);
  expiry_.set_after(expire_every);
}

Feeds::~Feeds() = default;

// --- rooms ---

Feeds::World& Feeds::world_of(Sequencer& sequencer) {
  std::unique_ptr<World>& world = worlds_[&sequencer];
  if (world) return *world;
  world = std::make_unique<World>(sequencer);
  sequencer.begin({epoch_, arrivals_.watermark()});
  add_feed(*world, Subjects::of(sequencer.name(), RoomKey::everyone()), RoomKey::everyone());
  add_feed(*world, Subjects::of_node(sequencer.name(), settings_.incarnation), std::nullopt);
  world->many = add_feed(*world, Subjects::of_all_many(sequencer.name()), std::nullopt);
  world->many->is_many = true;
  return *world;
}

std::shared_ptr<Feed> Feeds::add_feed(World& world, const std::string& what, std::optional<RoomKey> key) {
  auto feed = std::make_shared<Feed>();
  feed->sequencer = &world.sequencer;
  feed->key = std::move(key);
  feed->source = subjects_.stored(what);
  // It may be dropped by what is done, and outlive that for as long as somebody still reads for it.
  const auto take = [this, weak = std::weak_ptr<Feed>(feed)](const NatsMessage& message) {
    if (const auto held = weak.lock()) on_copy(held, message);
  };
  auto subscription = client_.subscribe(subjects_.copy(what), take);
  // Subjects are made of tokens that can be subscribed to.
  feed->subscription = std::move(*subscription);
  by_source_[feed->source] = feed;
  fresh_.push_back(feed);
  metrics_.rooms.set(by_source_.size());
  return feed;
}

std::shared_ptr<Feed> Feeds::feed_of(World& world, const RoomKey& key) {
  const std::string what = Subjects::of(world.sequencer.name(), key);
  const auto found = by_source_.find(subjects_.stored(what));
  return found != by_source_.end() ? found->second : add_feed(world, what, key);
}

std::shared_ptr<Feed> Feeds::find(const std::string& subject) const {
  auto found = by_source_.find(subject);
  if (found == by_source_.end()) found = by_source_.find(subject.substr(0, subject.rfind('.') + 1) + '*');
  return found == by_source_.end() ? nullptr : found->second;
}

// --- who waits for rooms ---

void Feeds::prepare(Sequencer& sequencer, std::vector<RoomKey> rooms, std::optional<base::Position> since,
                    workers::Broker::OnPrepared then) {
  const auto preparation = std::make_shared<Preparation>();
  preparation->sequencer = &sequencer;
  preparation->rooms = std::move(rooms);
  if (std::ranges::find(preparation->rooms, RoomKey::everyone()) == preparation->rooms.end()) {
    preparation->rooms.push_back(RoomKey::everyone());
  }
  preparation->since = since;
  preparation->then = std::move(then);
  preparation->until = base::Clock::now() + settings_.prepare_patience;
  if (is_stopped_) return finish(preparation, fail(Errc::unavailable, "the node is ending"));
  due_.push_back(preparation);
  step(preparation);
}

void Feeds::step(const std::shared_ptr<Preparation>& preparation) {
  if (preparation->is_done) return;
  // Nothing is known of the order before the stream was found.
  if (epoch_ == 0) return waiting_.push_back(preparation);
  Sequencer& sequencer = *preparation->sequencer;
  World& world = world_of(sequencer);
  for (const RoomKey& key : preparation->rooms) feed_of(world, key);
  if (!sequencer.covers(preparation->rooms, std::nullopt, base::Clock::now())) {
    waiting_.push_back(preparation);
    return want_barrier();
  }
  if (!preparation->since) return finish(preparation, base::ok());
  const base::Position since = *preparation->since;
  if (since.epoch == epoch_ && since.offset > sequencer.position().offset) {
    // Another node was further in the order; a barrier that is sent from now on comes behind all that it has seen.
    if (preparation->behind_barrier == 0) preparation->behind_barrier = last_barrier_ + 1;
    if (reached_barrier_ < preparation->behind_barrier) {
      waiting_.push_back(preparation);
      return want_barrier();
    }
  }
  preparation->backlogs = 0;
  std::vector<std::shared_ptr<Feed>> wanted;
  for (const RoomKey& key : preparation->rooms) {
    if (sequencer.wants_backlog(key, since)) wanted.push_back(feed_of(world, key));
  }
  if (wanted.empty()) return finish(preparation, base::ok());
  preparation->backlogs = wanted.size();
  for (const auto& feed : wanted) want_backlog(feed, preparation);
}

void Feeds::finish(const std::shared_ptr<Preparation>& preparation, const base::Status& status) {
  if (std::exchange(preparation->is_done, true)) return;
  const auto then = std::move(preparation->then);
  if (then) then(status);
}

void Feeds::expire() {
  const base::TimePoint now = base::Clock::now();
  while (!due_.empty() && (due_.front()->is_done || due_.front()->until <= now)) {
    const auto preparation = std::move(due_.front());
    due_.pop_front();
    finish(preparation, fail(Errc::unavailable, "the broker has not brought the rooms in time"));
  }
  std::erase_if(waiting_, [](const auto& one) { return one->is_done; });
  expiry_.set_after(expire_every);
}

// --- barriers ---

void Feeds::want_barrier() {
  wants_barrier_ = true;
  if (is_open_ && !barrier_) send_barrier();
}

void Feeds::send_barrier() {
  wants_barrier_ = false;
  barrier_ = Barrier{++last_barrier_, std::exchange(fresh_, {})};
  barrier_again_.set_after(barrier_patience);
  const std::string number = std::to_string(last_barrier_);
  const std::string subject = subjects_.stored(Subjects::barrier(settings_.incarnation));
  const auto take = [this, number = last_barrier_](const base::Result<PublishReceipt>& receipt) {
    if (!receipt && barrier_ && barrier_->number == number) barrier_again_.set_after(again_after);
  };
  if (!streams_.publish({.message = {.subject = subject, .payload = number}}, take)) {
    barrier_again_.set_after(again_after);
  }
}

void Feeds::repeat_barrier() {
  if (!barrier_) return;
  fresh_.insert(fresh_.end(), barrier_->feeds.begin(), barrier_->feeds.end());
  barrier_.reset();
  want_barrier();
}

void Feeds::on_barrier(const NatsMessage& message) {
  const auto from = RepublishedFrom::read(message);
  if (!from || from->stream != subjects_.stream() || !barrier_) return;
  if (message.payload != std::to_string(barrier_->number)) return;
  if (doubted_from_ || from->sequence <= arrivals_.watermark()) {
    barrier_again_.set_after(again_after);
    return doubt(from->sequence);
  }
  barrier_again_.cancel();
  const auto feeds = std::move(barrier_->feeds);
  const std::uint64_t number = barrier_->number;
  barrier_.reset();
  const std::uint64_t sequence = from->sequence;
  for (const auto& feed : feeds) {
    feed->is_live = true;
    feed->begin = sequence;
    feed->lasts.clear();
  }
  arrivals_.add_mark(sequence, [this, feeds, number](std::uint64_t reached) {
    reached_barrier_ = number;
    reach(feeds, reached);
  });
  if (audits_at_barrier_) run_audit(sequence);
  if (wants_barrier_ || !fresh_.empty()) want_barrier();
}

// All that was before it is handed on: from here on the feeds are whole.
void Feeds::reach(const std::vector<std::shared_ptr<Feed>>& feeds, std::uint64_t sequence) {
  advance(sequence);
  for (const auto& feed : feeds) {
    // Another stream may have begun meanwhile.
    if (!feed->is_live || feed->begin != sequence) continue;
    feed->is_covered = true;
    if (feed->key) feed->sequencer->cover(*feed->key, sequence);
  }
  for (const auto& preparation : std::exchange(waiting_, {})) step(preparation);
}

void Feeds::advance(std::uint64_t sequence) {
  for (const auto& [sequencer, world] : worlds_) sequencer->advance(sequence);
}

// --- the stream and its servers ---

void Feeds::open(base::Position position, SystemTime born) {
  is_open_ = true;
  born_ = born;
  if (position.epoch == epoch_) return look_back();
  const bool is_first = std::exchange(epoch_, position.epoch) == 0;
  if (!is_first) position.offset = 0;
  arrivals_.begin(position.offset);
  watermarks_.clear();
  if (audit_from_) end_audit();
  barrier_again_.cancel();
  barrier_.reset();
  last_tick_sequence_ = last_published_ = 0;
  doubted_from_.reset();
  for (const auto& [sequencer, world] : worlds_) {
    sequencer->begin(position);
    world->recent_many.clear();
    world->has_recent_many = false;
  }
  fresh_.clear();
  for (const auto& [source, feed] : by_source_) begin_again(feed);
  // What others have published before this was known here.
  if (!is_first) audit(0);
  for (const auto& preparation : std::exchange(waiting_, {})) step(preparation);
  want_barrier();
}

// One that heard all of the history before hears all of another one, from its beginning.
void Feeds::begin_again(const std::shared_ptr<Feed>& feed) {
  feed->begin = 0;
  feed->lasts.clear();
  if (!feed->is_live) return fresh_.push_back(feed);
  feed->is_covered = true;
  metrics_.lost.add();
  if (feed->key) feed->sequencer->cover(*feed->key, 0);
  if (feed->is_many) worlds_.at(feed->sequencer)->begin_whole();
}

void Feeds::close() {
  is_open_ = false;
  if (!barrier_) return;
  fresh_.insert(fresh_.end(), barrier_->feeds.begin(), barrier_->feeds.end());
  barrier_.reset();
  wants_barrier_ = true;
}

void Feeds::stop(const base::Error& reason) {
  close();
  is_stopped_ = true;
  for (Timer* const timer : {&expiry_, &second_, &barrier_again_, &audit_again_}) timer->cancel();
  for (const auto& preparation : std::exchange(due_, {})) finish(preparation, reason);
  // Nothing is handed on any more by reads that fail now.
  arrivals_.begin(arrivals_.watermark());
  // On this thread, as the client wants it.
  by_source_.clear();
  fresh_.clear();
  waiting_.clear();
  worlds_.clear();
  barrier_subscription_.end();
  tick_subscription_.end();
}

void Feeds::look_again() {
  if (is_open_) look_back();
}

// A leader that died may have stored messages of which nobody was told, while others were handed on behind them.
void Feeds::look_back() {
  const std::uint64_t from = watermarks_.empty() ? arrivals_.watermark() : watermarks_.front();
  last_published_ = 0;
  audit(std::min(from, std::exchange(doubted_from_, std::nullopt).value_or(from)));
}

// A message of the stream comes behind those before it; what does not may be another stream's. Nothing is taken until
// that is known, and then it is looked for.
void Feeds::doubt(std::uint64_t sequence) {
  doubted_from_ = std::min(doubted_from_.value_or(sequence - 1), sequence - 1);
  on_doubt_();
}

void Feeds::on_published(std::uint64_t sequence) {
  if (sequence < last_published_ && is_open_) on_doubt_();
  last_published_ = std::max(last_published_, sequence);
}

void Feeds::on_second() {
  second_.set_after(tick_every);
  if (is_open_) watermarks_.push_back(arrivals_.watermark());
  if (watermarks_.size() > seconds_looked_back) watermarks_.pop_front();
  if (++seconds_ % sweep_every == 0) sweep();
  if (!is_open_ || base::Clock::now() - last_tick_ < tick_every * 9 / 10) return;
  // Whichever node is first: of several in one second the stream keeps one.
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
  const std::string subject = subjects_.stored(Subjects::tick()), id = "tick-" + std::to_string(seconds.count());
  static_cast<void>(streams_.publish({.message = {.subject = subject}, .message_id = id}, [this](const auto& receipt) {
    // Nobody takes it: there may be no stream.
    if (!receipt && receipt.error().code == base::Errc::unavailable && is_open_) on_doubt_();
  }));
}

// Lets go of rooms that nobody needs any more.
void Feeds::sweep() {
  const base::TimePoint now = base::Clock::now();
  std::erase_if(by_source_, [&](const auto& entry) {
    Feed& feed = *entry.second;
    if (!feed.is_covered || !feed.key || feed.reads_backlog) return false;
    feed.sequencer->trim_backlog(*feed.key);
    if (feed.key->kind == RoomKey::Kind::everyone) return false;
    if (!feed.sequencer->uncover(*feed.key, now)) return false;
    feed.is_live = false;
    feed.subscription.end();
    return true;
  });
  metrics_.rooms.set(by_source_.size());
  const auto is_old = [&](const auto& message) { return now - message->accepted > settings_.kept; };
  for (const auto& [sequencer, world] : worlds_) {
    auto& recent = world->recent_many;
    const auto fresh = std::ranges::find_if_not(recent, is_old);
    if (fresh != recent.begin()) world->many_lost_through = (*(fresh - 1))->position.offset;
    recent.erase(recent.begin(), fresh);
  }
}

}  // namespace sluice::cluster
