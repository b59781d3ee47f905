#include "cluster/nats_broker.hpp"

#include <utility>

#include "cluster/message_codec.hpp"
#include "cluster/nkey.hpp"

namespace sluice::cluster {

using base::Errc;
using base::fail;
using workers::Receipt;

// One message, until it is acknowledged.
struct NatsBroker::Publication {
  std::string subject, payload, id;  // the last one is empty if its publisher gave no key
  bool is_stored;
  base::TimePoint began;
  std::size_t bytes;
  workers::Sequencer* sequencer;
  Receipt receipt;
  OnReceipt then;
};

NatsBroker::NatsBroker(Loop& loop, NatsClient& client, const Subjects& subjects, const Settings& settings,
                       workers::BrokerMetrics& metrics, std::function<void()> on_doubt)
    : loop_(loop),
      client_(client),
      subjects_(subjects),
      settings_(settings),
      metrics_(metrics),
      waiting_bytes_(settings.waiting_bytes_max),
      feeds_(loop.context(), client, subjects, settings.feeds, metrics, std::move(on_doubt)),
      outgoing_(loop.context(), client, settings.feeds.patience),
      id_prefix_(std::to_string(settings.feeds.incarnation) + "-") {}

std::optional<base::Result<Receipt>> NatsBroker::publish(workers::Sequencer& sequencer,
                                                         const std::shared_ptr<workers::Message>& message,
                                                         const Publisher& publisher, OnReceipt then) {
  using Outcome = base::Result<Receipt>;
  if (!is_open_.load(std::memory_order_relaxed)) {
    // A client waits until the broker is back, as its reads are paused; a caller is told.
    return Outcome(publisher.worker ? fail(Errc::exhausted, "the broker is away")
                                    : fail(Errc::unavailable, "the broker is away; try again in a moment"));
  }
  const std::size_t bytes = message->bytes();
  if (!waiting_bytes_.try_take(bytes)) {
    return Outcome(fail(Errc::exhausted, "too many messages wait for the broker; try again in a moment"));
  }
  auto publication = std::make_shared<Publication>();
  const unsigned shard = last_shard_.fetch_add(1, std::memory_order_relaxed) % Subjects::many_shards;
  const std::string what = Subjects::of(sequencer.name(), message->target, shard);
  publication->is_stored = message->stored;
  publication->subject = message->stored ? subjects_.stored(what) : subjects_.copy(what);
  publication->payload = encode(*message);
  if (!publisher.key.empty()) publication->id = "key-" + subject_token(publisher.key);
  publication->began = base::Clock::now();
  publication->bytes = bytes;
  publication->sequencer = &sequencer;
  publication->receipt.matched = sequencer.matched(message->target);
  publication->receipt.is_exact = message->target.is_one_room();
  publication->then = std::move(then);
  loop_.post([this, publication = std::move(publication)] { send(publication); });
  return std::nullopt;
}

void NatsBroker::send(const std::shared_ptr<Publication>& publication) {
  metrics_.waiting.add();
  if (!publication->is_stored) {
    // It goes straight to the nodes, and may overtake what is still being stored.
    const auto sent = client_.publish({.subject = publication->subject, .payload = publication->payload});
    return finish(*publication, sent ? base::Result<PublishReceipt>(PublishReceipt()) : sent.error());
  }
  Outgoing::Message message;
  message.subject = std::move(publication->subject);
  message.payload = std::move(publication->payload);
  message.id = publication->id.empty() ? id_prefix_ + std::to_string(++last_id_) : std::move(publication->id);
  message.until = publication->began + settings_.publish_patience;
  message.then = [this, publication](const auto& receipt) { finish(*publication, receipt); };
  outgoing_.add(std::move(message));
}

void NatsBroker::finish(Publication& publication, const base::Result<PublishReceipt>& receipt) {
  waiting_bytes_.give_back(publication.bytes);
  metrics_.waiting.subtract();
  metrics_.repeated.set(outgoing_.repeated());
  if (receipt) {
    metrics_.published.add();
    if (publication.is_stored && !receipt->is_duplicate) feeds_.on_published(receipt->sequence);
    metrics_.acknowledged_after.observe(base::Clock::now() - publication.began);
    publication.receipt.position =
        publication.is_stored ? base::Position{feeds_.epoch(), receipt->sequence} : publication.sequencer->position();
  } else {
    metrics_.refused.add();
  }
  if (publication.then) {
    publication.then(receipt ? base::Result<Receipt>(publication.receipt) : receipt.error());
  }
}

std::optional<base::Status> NatsBroker::prepare(workers::Sequencer& sequencer, std::span<const workers::RoomKey> rooms,
                                                std::optional<base::Position> since, OnPrepared then) {
  std::vector<workers::RoomKey> keys(rooms.begin(), rooms.end());
  loop_.post([this, &sequencer, keys = std::move(keys), since, then = std::move(then)]() mutable {
    feeds_.prepare(sequencer, std::move(keys), since, std::move(then));
  });
  return std::nullopt;
}

void NatsBroker::open(base::Position position, SystemTime born) {
  feeds_.open(position, born);
  outgoing_.open();
  is_open_.store(true, std::memory_order_relaxed);
  metrics_.connected.set(1);
}

void NatsBroker::close() {
  is_open_.store(false, std::memory_order_relaxed);
  metrics_.connected.set(0);
  outgoing_.close();
  feeds_.close();
}

void NatsBroker::stop(const base::Error& reason) {
  close();
  feeds_.stop(reason);
  outgoing_.fail_all(reason);
}

}  // namespace sluice::cluster
