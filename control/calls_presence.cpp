// Presence: how many are in a room, and who.

#include <utility>

#include "control/calls.hpp"
#include "control/list_tokens.hpp"
#include "control/node_walk.hpp"
#include "control/share_kinds.hpp"
#include "workers/commands.hpp"

namespace sluice::control {

namespace {

int take_members(v1::PresenceResponse& share, v1::PresenceResponse& page) {
  for (v1::Member& one : *share.mutable_members()) *page.add_members() = std::move(one);
  return page.members_size();
}

void show(const workers::MemberInfo& member, v1::Member& out) {
  out.set_connection(member.id.text());
  out.set_session(member.session);
  out.set_user(member.user);
  for (const auto& [name, value] : member.labels) (*out.mutable_labels())[name] = value;
}

// Gives why there is no answer, if no node has counted.
Problem add_counts(Shares<cluster::v1::PresenceCount> shares, v1::PresenceResponse& response) {
  std::uint64_t sum = 0;
  bool is_any = false;
  for (const auto& share : shares) {
    if (!share.outcome) {
      show_silent(share, *response.add_silent_nodes());
      continue;
    }
    is_any = true;
    if (share.outcome->count() == 0) continue;
    sum += share.outcome->count();
    v1::NodePresence& node = *response.add_nodes();
    node.set_node(share.node);
    node.set_incarnation(base::incarnation_text(share.incarnation));
    node.set_count(count_of(share.outcome->count()));
  }
  response.set_count(count_of(sum));
  if (is_any) return {};
  return failure_of(shares.front());
}

}  // namespace

// A page in the making, worker by worker.
struct Calls::MemberListing {
  workers::RoomKey room;
  base::NamespaceId name_space;
  PageToken at;
  std::size_t page_size = 0;
  base::TimePoint deadline;
  v1::PresenceResponse response;
  Answer<v1::PresenceResponse> answer;
};

void Calls::presence(const v1::PresenceRequest& request, base::TimePoint deadline,
                     const Answer<v1::PresenceResponse>& answer) {
  using Walk = NodeWalk<v1::PresenceRequest, v1::PresenceResponse>;
  auto page = std::make_shared<Walk::Page>();
  page->request = request;
  page->deadline = deadline;
  const Reach reach = nodes_.everywhere(request.local());
  page->is_here_alone = reach.is_here_alone();
  base::NamespaceId name_space;
  std::size_t page_size = 0;
  if (auto problem = translator_.name_space("namespace", request.namespace_(), name_space))
    return answer(*std::move(problem));
  if (auto problem = translator_.room("room", request.room())) return answer(*std::move(problem));
  if (auto problem = translator_.page_size("page_size", request.page_size(), page_size))
    return answer(*std::move(problem));
  if (auto problem = members_token(request, page->is_here_alone, page->at)) return answer(*std::move(problem));
  page->items_max = static_cast<int>(page_size);
  const auto list = [this, page, answer] {
    Walk::begin(nodes_, {share_kinds::presence_page, share_of(&Calls::share_presence_page), take_members},
                std::move(*page), answer);
  };
  if (!request.page_token().empty()) return list();
  nodes_.gather<v1::PresenceRequest, cluster::v1::PresenceCount>(
      reach, share_kinds::presence_count, request, deadline, share_of(&Calls::share_presence_count),
      [page, list, answer](Shares<cluster::v1::PresenceCount> shares) {
        if (auto problem = add_counts(std::move(shares), page->response)) return answer(*std::move(problem));
        if (page->request.only_count() || page->response.count() == 0) return answer(std::move(page->response));
        list();
      });
}

Problem Calls::members_token(const v1::PresenceRequest& request, bool is_here_alone, PageToken& out) const {
  PageToken begin{.list = PageToken::List::members, .filters = filters_of(request)};
  if (!is_here_alone) return token_of(request.page_token(), begin, out);
  begin.incarnation = nodes_.own();
  return token_of_this_start(request.page_token(), begin, out);
}

void Calls::share_presence_count(const v1::PresenceRequest& request, base::TimePoint,
                                 const Answer<cluster::v1::PresenceCount>& answer) {
  base::NamespaceId name_space;
  if (auto problem = translator_.name_space("namespace", request.namespace_(), name_space))
    return answer(*std::move(problem));
  cluster::v1::PresenceCount count;
  count.set_count(parts_.pool.sequencer(name_space).members(workers::RoomKey::room(request.room())));
  answer(std::move(count));
}

void Calls::share_presence_page(const v1::PresenceRequest& request, base::TimePoint deadline,
                                const Answer<v1::PresenceResponse>& answer) {
  auto listing = std::make_shared<MemberListing>();
  if (auto problem = translator_.name_space("namespace", request.namespace_(), listing->name_space))
    return answer(*std::move(problem));
  if (auto problem = members_token(request, true, listing->at)) return answer(*std::move(problem));
  listing->room = workers::RoomKey::room(request.room());
  listing->page_size = request.page_size();
  listing->deadline = deadline;
  listing->answer = answer;
  list_members_from(listing);
}

void Calls::list_members_from(const std::shared_ptr<MemberListing>& listing) {
  PageToken& at = listing->at;
  if (at.worker >= parts_.pool.worker_count()) return listing->answer(std::move(listing->response));
  const std::size_t left = listing->page_size - static_cast<std::size_t>(listing->response.members_size());
  if (left == 0) {
    listing->response.set_next_page_token(at.text());
    return listing->answer(std::move(listing->response));
  }
  GatherFrom from = from_all(listing->deadline);
  from.workers = {base::WorkerId{at.worker}};
  gather<workers::MemberPage>(
      from,
      [room = listing->room, name_space = listing->name_space, slot = at.from, left](workers::Worker& worker) {
        return workers::list_members(worker, name_space, room, slot, left);
      },
      [this, listing](Outcome<std::vector<workers::MemberPage>> pages) {
        if (!pages) return listing->answer(std::move(pages.failure()));
        const workers::MemberPage& page = pages->front();
        for (const workers::MemberInfo& member : page.members) show(member, *listing->response.add_members());
        listing->at.worker = static_cast<std::uint16_t>(listing->at.worker + (page.next ? 0 : 1));
        listing->at.from = page.next.value_or(0);
        list_members_from(listing);
      });
}

}  // namespace sluice::control
