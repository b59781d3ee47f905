// The part of Feeds that takes what comes: copies of what the stream stores, and what is missing between them.

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "cluster/feeds.hpp"
#include "cluster/message_codec.hpp"

namespace sluice::cluster {

using workers::Message;
using workers::RoomKey;

void Feeds::on_copy(const std::shared_ptr<Feed>& feed, const NatsMessage& message) {
  metrics_.received.add();
  metrics_.received_bytes.add(message.payload.size());
  if (!feed->is_live) return;
  if (message.header_block.empty()) {
    if (auto decoded = decode_logged(message.payload, *feed)) {
      decoded->stored = false;
      decoded->accepted = base::Clock::now();
      arrivals_.add_volatile(*feed->sequencer, std::move(decoded));
    }
    return;
  }
  const auto from = RepublishedFrom::read(message);
  if (!from || from->stream != subjects_.stream()) return note_malformed("a copy does not say where it comes from");
  const std::uint64_t sequence = from->sequence;
  Feed::Last& last = feed->last_of(from->subject);
  // As a stream loses the oldest first, the last one is there still, or none is.
  const bool has_other_past = from->last_sequence != 0 && from->last_sequence < last.sequence;
  const bool is_strange = sequence > last.sequence && (has_other_past || sequence <= arrivals_.watermark());
  if (doubted_from_ || is_strange) return doubt(sequence);
  const std::uint64_t before = std::max(last.sequence, feed->begin);
  if (sequence <= before) return;
  last.sequence = sequence;
  ++last.count;
  // What an audit looks for need not be looked for twice. One may begin behind what is missing here, as others'
  // messages were handed on meanwhile.
  const bool is_audited =
      audit_from_ && before >= *audit_from_ && (audits_at_barrier_ || from->last_sequence <= audit_through_);
  if (from->last_sequence > before && !is_audited) {
    fill(feed, std::string(from->subject), before + 1, from->last_sequence);
  }
  auto decoded = decode_logged(message.payload, *feed);
  // Its place is taken all the same.
  if (!decoded) return arrivals_.add_mark(sequence, nullptr);
  decoded->accepted = base::Clock::now();
  add(*feed, sequence, std::move(decoded));
}

void Feeds::add(const Feed& feed, std::uint64_t sequence, std::shared_ptr<Message> message) {
  Arrivals::Delivered then;
  if (feed.is_many) {
    then = [this, sequencer = feed.sequencer](const std::shared_ptr<Message>& delivered) {
      note_many(*worlds_.at(sequencer), delivered);
    };
  }
  arrivals_.add(sequence, *feed.sequencer, std::move(message), std::move(then));
}

void Feeds::on_tick(const NatsMessage& message) {
  const auto from = RepublishedFrom::read(message);
  if (!from || from->stream != subjects_.stream()) return;
  last_tick_ = base::Clock::now();
  if (!is_open_) return;
  const bool has_other_past = from->last_sequence != 0 && from->last_sequence < last_tick_sequence_;
  const bool is_strange = has_other_past || from->sequence <= arrivals_.watermark();
  if (doubted_from_ || is_strange) return doubt(from->sequence);
  last_tick_sequence_ = from->sequence;
  arrivals_.add_mark(from->sequence, [this](std::uint64_t sequence) { advance(sequence); });
}

std::shared_ptr<Message> Feeds::decode_logged(std::string_view payload, const Feed& feed) {
  auto message = decode(payload, feed.sequencer->id());
  if (message) return *std::move(message);
  note_malformed(message.error().detail);
  return nullptr;
}

void Feeds::note_malformed(std::string_view why) {
  metrics_.malformed.add();
  if (log_limit_.allows(base::Clock::now())) {
    base::log_warning("broker_message_malformed", {{"why", why}, {"suppressed", log_limit_.take_suppressed()}});
  }
}

// Reads what is missing under one subject; until then nothing later is handed on.
void Feeds::fill(const std::shared_ptr<Feed>& feed, const std::string& subject, std::uint64_t first,
                 std::uint64_t last) {
  metrics_.holes.add();
  arrivals_.hold();
  const auto newest = std::make_shared<std::uint64_t>(0);
  // Another history may begin meanwhile, whose places are others.
  fetches_.add({subject, first, last,
                [this, feed, newest, epoch = epoch_](const StoredMessage& stored) {
                  if (epoch != epoch_) return;
                  *newest = stored.sequence;
                  add_fetched(*feed, stored);
                },
                [this, feed, newest, last, epoch = epoch_](const base::Status& status) {
                  if (epoch == epoch_) {
                    // The one that came last before the hole's end may not be there any more.
                    if (status && *newest != last) lose_and_tell(*feed, last);
                    if (!status) audit(arrivals_.watermark());
                  }
                  arrivals_.release();
                }});
}

void Feeds::add_fetched(const Feed& feed, const StoredMessage& stored) {
  if (arrivals_.has(stored.sequence)) return;
  auto message = decode_stored(stored, feed);
  if (!message) return arrivals_.add_mark(stored.sequence, nullptr);
  metrics_.filled.add();
  add(feed, stored.sequence, std::move(message));
}

std::shared_ptr<Message> Feeds::decode_stored(const StoredMessage& stored, const Feed& feed) {
  auto message = decode_logged(stored.payload, feed);
  if (!message) return nullptr;
  // The servers' clocks may be ahead of ours.
  const auto age =
      std::max(std::chrono::system_clock::now() - stored.stored_at, std::chrono::system_clock::duration(0));
  message->accepted = base::Clock::now() - std::chrono::duration_cast<base::Duration>(age);
  message->position = {epoch_, stored.sequence};
  message->place = feed.sequencer->place_of(stored.sequence);
  return message;
}

// What is not of one room may have been for whoever is there.
void Feeds::lose(const Feed& feed, std::uint64_t through) {
  metrics_.lost.add();
  feed.sequencer->lose(feed.key.value_or(RoomKey::everyone()), through);
  if (!feed.is_many) return;
  World& world = *worlds_.at(feed.sequencer);
  world.many_lost_through = std::max(world.many_lost_through, through);
}

void Feeds::lose_and_tell(const Feed& feed, std::uint64_t through) {
  lose(feed, through);
  feed.sequencer->tell_gap(feed.key.value_or(RoomKey::everyone()));
}

}  // namespace sluice::cluster
