// ListRooms.

#include <map>
#include <utility>

#include "control/calls.hpp"
#include "control/list_tokens.hpp"
#include "control/share_kinds.hpp"

namespace sluice::control {

namespace {

// What nodes say of their rooms, by name.
using RoomsOfAll = std::map<std::string, v1::Room>;

void add(const v1::ListRoomsResponse& share, RoomsOfAll& all) {
  for (const v1::Room& room : share.rooms()) {
    v1::Room& sum = all[room.name()];
    sum.set_name(room.name());
    sum.set_members(sum.members() + room.members());
    // Each node that has the room keeps the same messages, as far as it does.
    sum.set_history_messages(std::max(sum.history_messages(), room.history_messages()));
  }
}

Outcome<v1::ListRoomsResponse> merge(Shares<v1::ListRoomsResponse> shares, PageToken at, int page_size) {
  v1::ListRoomsResponse page;
  RoomsOfAll all;
  bool is_any = false, has_more = false;
  for (const auto& share : shares) {
    if (!share.outcome) {
      show_silent(share, *page.add_silent_nodes());
      continue;
    }
    is_any = true;
    has_more = has_more || !share.outcome->next_page_token().empty();
    add(*share.outcome, all);
  }
  if (!is_any) return failure_of(shares.front());
  // Whatever a node left out is behind all that it gave, of which there is a whole page.
  for (auto& [name, room] : all) {
    if (page.rooms_size() < page_size) {
      at.after = name;
      *page.add_rooms() = std::move(room);
    } else {
      has_more = true;
    }
  }
  if (has_more) page.set_next_page_token(at.text());
  return page;
}

}  // namespace

void Calls::list_rooms(const v1::ListRoomsRequest& request, base::TimePoint deadline,
                       const Answer<v1::ListRoomsResponse>& answer) {
  base::NamespaceId name_space;
  if (auto problem = translator_.name_space("namespace", request.namespace_(), name_space))
    return answer(*std::move(problem));
  std::size_t page_size = 0;
  if (auto problem = translator_.page_size("page_size", request.page_size(), page_size))
    return answer(*std::move(problem));
  if (request.local() || nodes_.is_alone()) return list_rooms_here(request, name_space, page_size, answer);
  PageToken at;
  if (auto problem =
          token_of(request.page_token(), {.list = PageToken::List::rooms_by_name, .filters = filters_of(request)}, at))
    return answer(*std::move(problem));
  cluster::v1::RoomsShare share;
  *share.mutable_request() = request;
  share.mutable_request()->set_page_size(static_cast<std::uint32_t>(page_size));
  share.set_after(at.after);
  nodes_.gather<cluster::v1::RoomsShare, v1::ListRoomsResponse>(
      nodes_.everywhere(false), share_kinds::list_rooms, share, deadline, share_of(&Calls::share_list_rooms),
      [at, page_size, answer](Shares<v1::ListRoomsResponse> shares) {
        answer(merge(std::move(shares), at, static_cast<int>(page_size)));
      });
}

void Calls::list_rooms_here(const v1::ListRoomsRequest& request, base::NamespaceId name_space, std::size_t page_size,
                            const Answer<v1::ListRoomsResponse>& answer) {
  const PageToken begin{
      .list = PageToken::List::rooms, .incarnation = parts_.pool.incarnation(), .filters = filters_of(request)};
  PageToken at;
  if (auto problem = token_of_this_start(request.page_token(), begin, at)) return answer(*std::move(problem));
  const workers::RoomPage page = parts_.pool.sequencer(name_space).list_rooms(at.from, page_size, request.prefix());
  v1::ListRoomsResponse response;
  for (const workers::RoomInfo& room : page.rooms) show(room, *response.add_rooms());
  if (page.next) {
    at.from = *page.next;
    response.set_next_page_token(at.text());
  }
  answer(std::move(response));
}

void Calls::share_list_rooms(const cluster::v1::RoomsShare& share, base::TimePoint,
                             const Answer<v1::ListRoomsResponse>& answer) {
  base::NamespaceId name_space;
  if (auto problem = translator_.name_space("namespace", share.request().namespace_(), name_space))
    return answer(*std::move(problem));
  const workers::RoomsByName list =
      parts_.pool.sequencer(name_space)
          .list_rooms_by_name(share.after(), share.request().page_size(), share.request().prefix());
  v1::ListRoomsResponse response;
  for (const workers::RoomInfo& room : list.rooms) show(room, *response.add_rooms());
  if (list.has_more) response.set_next_page_token("more");
  answer(std::move(response));
}

}  // namespace sluice::control
