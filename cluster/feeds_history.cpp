// The part of Feeds that reads the stream back: what rooms have had before they were covered, and what may have been
// missed.

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "base/log.hpp"
#include "cluster/feeds.hpp"

namespace sluice::cluster {
namespace {

using base::Errc;
using base::fail;
using workers::Message;
using workers::RoomKey;
using namespace std::chrono_literals;

constexpr base::Duration again_after = 200ms;
constexpr base::Duration tick_every = 1s;
constexpr std::uint64_t scans_max = 64;  // stretches that the stream is cut into

}  // namespace

// --- backlogs ---

void Feeds::want_backlog(const std::shared_ptr<Feed>& feed, const std::shared_ptr<Preparation>& preparation) {
  backlog_waiters_[feed->source].push_back(preparation);
  if (std::exchange(feed->reads_backlog, true)) return;
  const auto read = [this, feed](const base::Status& status) {
    if (!status) return end_backlog(feed, status);
    read_backlog(feed);
  };
  read_oldest([this, feed, read](const base::Status& status) {
    if (!status) return read(status);
    read_recent_many(*worlds_.at(feed->sequencer), read);
  });
}

void Feeds::read_backlog(const std::shared_ptr<Feed>& feed) {
  struct Read {
    Reading reading;
    std::vector<std::shared_ptr<const Message>> messages;
  };
  const auto read = std::make_shared<Read>();
  const std::uint64_t through = feed->begin, count_before = feed->count();
  fetches_.add({feed->source, 1, through,
                [this, feed, read](const StoredMessage& stored) {
                  read->reading.note(stored.sequence);
                  if (auto message = decode_stored(stored, *feed)) read->messages.push_back(std::move(message));
                },
                [this, feed, read, through, count_before](const base::Status& status) {
                  // Another stream may have begun meanwhile.
                  if (!status || feed->begin != through || !feed->is_live) return end_backlog(feed, status);
                  read->reading.count += feed->count() - count_before;
                  if (read->messages.empty()) read->reading.first = through + 1;
                  give_backlog(*feed, std::move(read->messages), lost_through(read->reading, through));
                  end_backlog(feed, base::ok());
                }});
}

void Feeds::give_backlog(const Feed& feed, std::vector<std::shared_ptr<const Message>> messages, std::uint64_t lost) {
  const World& world = *worlds_.at(feed.sequencer);
  const std::size_t own = messages.size();
  for (const auto& message : world.recent_many) {
    const auto& rooms = message->target.rooms;
    if (message->position.offset > feed.begin || std::ranges::find(rooms, *feed.key) == rooms.end()) continue;
    messages.push_back(message);
  }
  const auto offset = [](const auto& message) { return message->position.offset; };
  std::ranges::inplace_merge(messages, messages.begin() + static_cast<std::ptrdiff_t>(own), {}, offset);
  feed.sequencer->give_backlog(*feed.key,
                               {std::move(messages), std::max(lost, std::min(world.many_lost_through, feed.begin))});
}

void Feeds::end_backlog(const std::shared_ptr<Feed>& feed, const base::Status& status) {
  feed->reads_backlog = false;
  const auto found = backlog_waiters_.find(feed->source);
  if (found == backlog_waiters_.end()) return;
  const auto waiters = std::move(found->second);
  backlog_waiters_.erase(found);
  for (const auto& preparation : waiters) {
    if (!status) {
      finish(preparation,
             fail(Errc::unavailable, "the broker does not give the room's past: " + status.error().detail));
    } else if (--preparation->backlogs == 0) {
      step(preparation);
    }
  }
}

// What rooms had by messages for several of them, before those came here.
void Feeds::read_recent_many(World& world, const std::function<void(const base::Status&)>& then) {
  if (world.has_recent_many) return then(base::ok());
  struct Read {
    std::unordered_map<std::string, Reading> readings;
    std::vector<std::shared_ptr<const Message>> messages;
  };
  const auto read = std::make_shared<Read>();
  const std::uint64_t through = world.many->begin;
  fetches_.add({world.many->source, 1, through,
                [this, &world, read](const StoredMessage& stored) {
                  read->readings[std::string(stored.subject)].note(stored.sequence);
                  if (auto message = decode_stored(stored, *world.many)) read->messages.push_back(std::move(message));
                },
                [this, &world, read, through, then](const base::Status& status) {
                  if (!status) return then(status);
                  if (world.many->begin != through) {
                    return then(fail(Errc::unavailable, "another stream has begun"));
                  }
                  // Somebody else may have asked at the same time.
                  if (std::exchange(world.has_recent_many, true)) return then(base::ok());
                  for (const auto& [subject, reading] : read->readings) {
                    world.many_lost_through = std::max(world.many_lost_through, lost_through(reading, through));
                  }
                  auto& recent = world.recent_many;
                  recent.insert(recent.begin(), std::make_move_iterator(read->messages.begin()),
                                std::make_move_iterator(read->messages.end()));
                  then(base::ok());
                }});
}

void Feeds::note_many(World& world, const std::shared_ptr<Message>& message) {
  auto& recent = world.recent_many;
  recent.push_back(message);
  while (recent.size() > Subjects::many_shards * settings_.messages_per_subject_max) {
    world.many_lost_through = recent.front()->position.offset;
    recent.pop_front();
  }
}

// Up to where a subject, of which all was read up to `through`, may have lost messages. As long as there are fewer than
// a subject may have, only their age has cost it some, and none that came after the oldest tick.
std::uint64_t Feeds::lost_through(const Reading& reading, std::uint64_t through) const {
  const std::uint64_t before_first = reading.count > 0 ? reading.first - 1 : through;
  if (reading.count >= settings_.messages_per_subject_max || oldest_tick_ == 0) return before_first;
  return std::min(before_first, oldest_tick_ - 1);
}

// Reads from where on the stream has lost nothing by age.
void Feeds::read_oldest(const std::function<void(const base::Status&)>& then) {
  const auto take_newest = [this, then](const base::Result<StoredMessage>& newest) {
    if (!newest && newest.error().code != Errc::not_found) return then(newest.error());
    // A stream that is younger than what it keeps has lost nothing by age. Both times are by its servers' clocks.
    if (newest && newest->stored_at - born_ < settings_.kept - 2 * tick_every) oldest_tick_ = 1;
    then(base::ok());
  };
  const auto take_tick = [this, then, take_newest](const base::Result<StoredMessage>& tick) {
    if (!tick && tick.error().code != Errc::not_found) return then(tick.error());
    oldest_tick_ = tick ? tick->sequence : 0;
    const auto asked = streams_.get_last(subjects_.stream(), subjects_.stored(Subjects::tick()), take_newest);
    if (!asked) then(asked);
  };
  const auto take_first = [this, then, take_tick](const base::Result<StoredMessage>& first) {
    if (!first && first.error().code != Errc::not_found) return then(first.error());
    if (first && first->sequence == 1) {
      // Nothing was ever lost.
      oldest_tick_ = 1;
      return then(base::ok());
    }
    const auto asked =
        streams_.get_next_of_leader(subjects_.stream(), subjects_.stored(Subjects::tick()), 1, take_tick);
    if (!asked) then(asked);
  };
  const auto asked = streams_.get_next_of_leader(subjects_.stream(), subjects_.all_stored(), 1, take_first);
  if (!asked) then(asked);
}

// --- audits ---

// What one reads, and of which subjects.
struct Feeds::Audit {
  std::uint64_t number, from, through;
  bool is_scan = false;
  std::uint64_t read = 0;
  std::size_t stretches = 0;  // still to be read
  base::Status status = base::ok();
  struct Subject {
    std::shared_ptr<Feed> feed;
    Reading reading;
  };
  std::unordered_map<std::string, Subject> subjects;
};

// Looks for all that came after `from` and was not handed on, up to a barrier; what arrives meanwhile is held.
void Feeds::audit(std::uint64_t from) {
  if (audit_from_) {
    from = std::min(from, *audit_from_);
  } else {
    arrivals_.hold();
    for (const auto& [source, feed] : by_source_) {
      for (Feed::Last& last : feed->lasts) {
        last.audited = last.sequence;
        last.audited_count = last.count;
      }
    }
  }
  metrics_.audits.add();
  audit_from_ = from;
  audits_at_barrier_ = true;
  ++audit_number_;  // what is under way counts no more
  want_barrier();
}

void Feeds::run_audit(std::uint64_t through) {
  if (is_audit_given_up_) return give_audit_up(through);
  audits_at_barrier_ = false;
  audit_through_ = through;
  const auto audit = std::make_shared<Audit>();
  audit->number = audit_number_;
  audit->from = *audit_from_;
  audit->through = through;
  read_oldest([this, audit](const base::Status& status) {
    if (audit->number != audit_number_) return;
    if (!status) return finish_audit(audit, status);
    read_for_audit(audit);
  });
}

void Feeds::read_for_audit(const std::shared_ptr<Audit>& audit) {
  const auto add = [this, audit](const std::string& pattern, std::uint64_t first, std::uint64_t last) {
    ++audit->stretches;
    fetches_.add({pattern, first, last, [this, audit](const StoredMessage& stored) { take_audited(*audit, stored); },
                  [this, audit](const base::Status& status) {
                    if (!status) audit->status = status;
                    if (--audit->stretches == 0) finish_audit(audit, audit->status);
                  }});
  };
  const std::uint64_t count = audit->through - audit->from;
  // Whatever asks fewer questions: for all that came, or for each subject that we hear.
  audit->is_scan = count <= std::max<std::uint64_t>(scans_max, by_source_.size());
  ++audit->stretches;  // until all are there
  if (audit->is_scan) {
    const std::uint64_t each = count / scans_max + 1;
    for (std::uint64_t first = audit->from + 1; first <= audit->through; first += each) {
      add(subjects_.all_stored(), first, std::min(first + each - 1, audit->through));
    }
  } else {
    for (const auto& [source, feed] : by_source_) {
      if (feed->is_live) add(source, std::max(audit->from, feed->begin) + 1, audit->through);
    }
  }
  if (--audit->stretches == 0) finish_audit(audit, audit->status);
}

void Feeds::take_audited(Audit& audit, const StoredMessage& stored) {
  if (audit.number != audit_number_) return;
  ++audit.read;
  const std::string subject(stored.subject);
  const auto feed = find(subject);
  if (!feed || !feed->is_live || stored.sequence <= feed->begin) return;
  Audit::Subject& read = audit.subjects[subject];
  read.feed = feed;
  read.reading.note(stored.sequence);
  Feed::Last& last = feed->last_of(subject);
  const bool is_new = stored.sequence > arrivals_.watermark() || stored.sequence > last.audited;
  if (!is_new) return;
  last.sequence = std::max(last.sequence, stored.sequence);
  add_fetched(*feed, stored);
}

void Feeds::finish_audit(const std::shared_ptr<Audit>& audit, const base::Status& status) {
  if (audit->number != audit_number_) return;
  if (!status) {
    // As long as this fails nothing is handed on, so it is tried until it does not.
    audits_at_barrier_ = true;
    ++audit_number_;
    if (log_limit_.allows(base::Clock::now())) {
      base::log_warning("broker_audit_failed", {{"why", status.error().detail}});
    }
    return audit_again_.set_after(again_after);
  }
  // A scan that found every single one has missed nothing.
  const bool is_whole = audit->is_scan && audit->read == audit->through - audit->from;
  if (!is_whole) note_lost(*audit);
  end_audit();
}

void Feeds::note_lost(const Audit& audit) {
  if (oldest_tick_ == 0 || audit.from + 1 < oldest_tick_) {
    // So long ago that some may have come and gone.
    return lose_all(oldest_tick_ == 0 ? audit.through : oldest_tick_ - 1,
                    "the node was without the broker for longer than messages are kept");
  }
  for (const auto& [subject, read] : audit.subjects) {
    Feed& feed = *read.feed;
    // Those that came meanwhile may have taken the place of some before these were read.
    const Feed::Last& last = feed.last_of(subject);
    if (read.reading.count + last.count - last.audited_count < settings_.messages_per_subject_max) continue;
    lose_and_tell(feed, read.reading.first - 1);
  }
}

void Feeds::lose_all(std::uint64_t through, const char* why) {
  for (const auto& [source, feed] : by_source_) {
    if (feed->is_live && feed->begin <= through) lose(*feed, through);
  }
  for (const auto& [sequencer, world] : worlds_) sequencer->tell_gap(RoomKey::everyone());
  base::log_warning("broker_messages_lost", {{"why", why}});
}

// More came than may be held, and is forgotten. If that was read again it would be as much: what an audit looks for is
// given up.
void Feeds::on_overflow() {
  // Their barriers are forgotten, too.
  for (const auto& [source, feed] : by_source_) {
    if (!feed->is_live || feed->is_covered) continue;
    feed->is_live = false;
    fresh_.push_back(feed);
  }
  if (!audit_from_) return audit(arrivals_.watermark());
  is_audit_given_up_ = audits_at_barrier_ = true;
  ++audit_number_;
  want_barrier();
}

// Up to the barrier at `through` nothing is looked for any more.
void Feeds::give_audit_up(std::uint64_t through) {
  lose_all(through, "more messages were missed than a node may hold");
  for (const auto& [source, feed] : by_source_) {
    if (!feed->is_live || feed->begin >= through) continue;
    feed->lasts.clear();
    feed->begin = through;
  }
  end_audit();
}

void Feeds::end_audit() {
  audit_from_.reset();
  audits_at_barrier_ = is_audit_given_up_ = false;
  ++audit_number_;
  arrivals_.release();
}

}  // namespace sluice::cluster
