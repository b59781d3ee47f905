// GetConnection, ListConnections, ListRooms and History.

#include <algorithm>
#include <utility>

#include "control/calls.hpp"
#include "control/page_token.hpp"
#include "workers/commands.hpp"

namespace sluice::control {

namespace {

// Checks that `text` continues this list of this process with these filters. An empty text begins it.
Problem token_of(const std::string& text, PageToken expected, PageToken& out) {
  out = expected;
  if (text.empty()) return {};
  const auto given = PageToken::parse(text);
  if (!given) return misfit("page_token", "a next_page_token as it was given");
  if (given->incarnation != expected.incarnation)
    return misfit("page_token", "of this start of the node, which has restarted since; begin the list again");
  if (given->list != expected.list || given->filters != expected.filters)
    return misfit("page_token", "of a list with the same filters");
  out = *given;
  return {};
}

// A fingerprint of the request without what may differ from page to page.
template <class Request>
std::uint32_t filters_of(Request request) {
  request.clear_page_size();
  request.clear_page_token();
  return fingerprint_of(request.SerializeAsString());
}

}  // namespace

void Calls::get_connection(const v1::GetConnectionRequest& request, base::TimePoint deadline,
                           const Answer<v1::GetConnectionResponse>& answer) {
  base::ConnectionId id;
  if (auto problem = translator_.connection_id("id", request.id(), id)) return answer(*std::move(problem));
  const Failure gone{base::Errc::not_found, "no such connection, or none any more"};
  if (id.incarnation != parts_.pool.incarnation() || id.worker().value >= parts_.pool.worker_count())
    return answer(gone);
  GatherFrom from = from_all(deadline);
  from.workers = {id.worker()};
  gather<std::optional<workers::ConnectionInfo>>(
      from, [id](workers::Worker& worker) { return workers::find_connection(worker, id); },
      [this, gone, answer](Outcome<std::vector<std::optional<workers::ConnectionInfo>>> found) {
        if (!found) return answer(std::move(found.failure()));
        const std::optional<workers::ConnectionInfo>& info = found->front();
        if (!info) return answer(gone);
        v1::GetConnectionResponse response;
        show(*info, place_of(*info), *response.mutable_connection());
        answer(std::move(response));
      });
}

// A page in the making: worker by worker, until it is full.
struct Calls::Listing {
  workers::ConnectionFilter filter;
  PageToken at;
  std::size_t page_size = 0;
  base::TimePoint deadline;
  v1::ListConnectionsResponse response;
  Answer<v1::ListConnectionsResponse> answer;
};

void Calls::list_connections(const v1::ListConnectionsRequest& request, base::TimePoint deadline,
                             const Answer<v1::ListConnectionsResponse>& answer) {
  auto listing = std::make_shared<Listing>();
  const PageToken begin{.incarnation = parts_.pool.incarnation(), .filters = filters_of(request)};
  if (auto problem = translator_.filter(request, listing->filter)) return answer(*std::move(problem));
  if (auto problem = translator_.page_size("page_size", request.page_size(), listing->page_size))
    return answer(*std::move(problem));
  if (auto problem = token_of(request.page_token(), begin, listing->at)) return answer(*std::move(problem));
  listing->deadline = deadline;
  listing->answer = answer;
  list_from(listing);
}

void Calls::list_from(const std::shared_ptr<Listing>& listing) {
  if (listing->at.worker >= parts_.pool.worker_count()) return listing->answer(std::move(listing->response));
  const std::size_t left = listing->page_size - static_cast<std::size_t>(listing->response.connections_size());
  if (left == 0) {
    listing->response.set_next_page_token(listing->at.text());
    return listing->answer(std::move(listing->response));
  }
  GatherFrom from = from_all(listing->deadline);
  from.workers = {base::WorkerId{listing->at.worker}};
  gather<workers::ConnectionPage>(
      from,
      [filter = listing->filter, slot = listing->at.from, left](workers::Worker& worker) {
        return workers::list_connections(worker, filter, slot, left);
      },
      [this, listing](Outcome<std::vector<workers::ConnectionPage>> pages) {
        if (!pages) return listing->answer(std::move(pages.failure()));
        take_page(listing, std::move(pages->front()));
      });
}

void Calls::take_page(const std::shared_ptr<Listing>& listing, workers::ConnectionPage page) {
  for (const workers::ConnectionInfo& info : page.connections)
    show(info, place_of(info), *listing->response.add_connections());
  if (page.next) {
    listing->at.from = *page.next;
    listing->response.set_next_page_token(listing->at.text());
    return listing->answer(std::move(listing->response));
  }
  ++listing->at.worker;
  listing->at.from = 0;
  list_from(listing);
}

void Calls::list_rooms(const v1::ListRoomsRequest& request, base::TimePoint,
                       const Answer<v1::ListRoomsResponse>& answer) {
  base::NamespaceId name_space;
  if (auto problem = translator_.name_space("namespace", request.namespace_(), name_space))
    return answer(*std::move(problem));
  std::size_t page_size = 0;
  if (auto problem = translator_.page_size("page_size", request.page_size(), page_size))
    return answer(*std::move(problem));
  PageToken at{
      .list = PageToken::List::rooms, .incarnation = parts_.pool.incarnation(), .filters = filters_of(request)};
  if (auto problem = token_of(request.page_token(), at, at)) return answer(*std::move(problem));
  const workers::RoomPage page = parts_.pool.sequencer(name_space).list_rooms(at.from, page_size, request.prefix());
  v1::ListRoomsResponse response;
  for (const workers::RoomInfo& room : page.rooms) show(room, *response.add_rooms());
  if (page.next) {
    at.from = *page.next;
    response.set_next_page_token(at.text());
  }
  answer(std::move(response));
}

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
