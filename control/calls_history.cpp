// History.

#include <algorithm>
#include <utility>

#include "control/calls.hpp"

namespace sluice::control {

namespace {

struct HistoryRange {
  workers::RoomKey room;
  std::optional<base::Position> since = {}, before = {};
  std::size_t limit = 0;
  bool newest_first = false;
};

// Gives one message more than the limit if there are more. The sequencer bounds a list on the side where it begins; the
// other side is cut here.
workers::Replay history_of(const workers::Sequencer& sequencer, const HistoryRange& range) {
  const auto begin = range.newest_first ? range.before : range.since;
  const auto end = range.newest_first ? range.since : range.before;
  workers::Replay replay = sequencer.history(range.room, begin, range.limit + 1, range.newest_first);
  if (!end || replay.gap == workers::Gap::other_epoch || replay.gap == workers::Gap::future) return replay;
  // Asked for one message from the other end, the sequencer says whether that end is known, and if it is still kept.
  const workers::Gap gap = sequencer.history(range.room, *end, 1, !range.newest_first).gap;
  if (gap != workers::Gap::none) replay.gap = gap;
  if (gap == workers::Gap::other_epoch || gap == workers::Gap::future) {
    replay.messages.clear();
    return replay;
  }
  const auto is_past = [&](const std::shared_ptr<const workers::Message>& message) {
    const std::uint64_t offset = message->position.offset;
    return range.newest_first ? offset <= end->offset : offset >= end->offset;
  };
  replay.messages.erase(std::ranges::find_if(replay.messages, is_past), replay.messages.end());
  return replay;
}

v1::HistoryResponse response_of(const workers::Sequencer& sequencer, const HistoryRange& range) {
  v1::HistoryResponse response;
  // What comes between the two steps is left out, so that resuming from the position neither loses nor doubles it.
  const base::Position position = sequencer.position();
  workers::Replay replay = history_of(sequencer, range);
  std::erase_if(replay.messages, [&](const auto& message) { return message->position.offset > position.offset; });
  response.set_position(position.text());
  response.set_more(replay.messages.size() > range.limit);
  if (response.more()) replay.messages.resize(range.limit);
  response.set_gap(show(replay.gap));
  for (const auto& message : replay.messages) show(*message, *response.add_messages());
  return response;
}

}  // namespace

struct Calls::HistoryWish {
  base::NamespaceId name_space;
  HistoryRange range;
  base::TimePoint deadline;
  Answer<v1::HistoryResponse> answer;
};

void Calls::history(const v1::HistoryRequest& request, base::TimePoint deadline,
                    const Answer<v1::HistoryResponse>& answer) {
  auto wish = std::make_shared<HistoryWish>();
  HistoryRange& range = wish->range;
  range.room = workers::RoomKey::room(request.room());
  range.newest_first = request.newest_first();
  if (auto problem = translator_.name_space("namespace", request.namespace_(), wish->name_space))
    return answer(*std::move(problem));
  if (auto problem = translator_.room("room", request.room())) return answer(*std::move(problem));
  if (auto problem = translator_.position("since", request.since(), range.since)) return answer(*std::move(problem));
  if (auto problem = translator_.position("before", request.before(), range.before)) return answer(*std::move(problem));
  if (auto problem = translator_.page_size("limit", request.limit(), range.limit)) return answer(*std::move(problem));
  wish->deadline = deadline;
  wish->answer = answer;
  show_history(wish, 2);
}

// The room's past comes here first, that of the present epoch, of which there may be another by then.
void Calls::show_history(const std::shared_ptr<HistoryWish>& wish, int epochs_max) {
  const std::uint64_t epoch = parts_.pool.sequencer(wish->name_space).position().epoch;
  const base::Position since = wish->range.since.value_or(base::Position{epoch, 0});
  prepare({wish->name_space, {wish->range.room}, since}, wish->deadline, [=, this](Problem problem) {
    if (problem) return wish->answer(*std::move(problem));
    const workers::Sequencer& sequencer = parts_.pool.sequencer(wish->name_space);
    if (sequencer.position().epoch != epoch && epochs_max > 1) return show_history(wish, epochs_max - 1);
    wish->answer(response_of(sequencer, wish->range));
  });
}

}  // namespace sluice::control
