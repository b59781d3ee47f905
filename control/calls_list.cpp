// GetConnection and ListConnections.

#include <algorithm>
#include <utility>

#include "control/calls.hpp"
#include "control/list_tokens.hpp"
#include "control/node_walk.hpp"
#include "control/share_kinds.hpp"
#include "workers/commands.hpp"

namespace sluice::control {

namespace {

int take_connections(v1::ListConnectionsResponse& share, v1::ListConnectionsResponse& page) {
  for (v1::Connection& one : *share.mutable_connections()) *page.add_connections() = std::move(one);
  return page.connections_size();
}

}  // namespace

void Calls::get_connection(const v1::GetConnectionRequest& request, base::TimePoint deadline,
                           const Answer<v1::GetConnectionResponse>& answer) {
  base::ConnectionId id;
  if (auto problem = translator_.connection_id("id", request.id(), id)) return answer(*std::move(problem));
  if (!nodes_.has_other(id.incarnation)) return share_get_connection(request, deadline, answer);
  nodes_.ask_one<v1::GetConnectionResponse>(id.incarnation, share_kinds::get_connection, request, deadline, answer);
}

void Calls::share_get_connection(const v1::GetConnectionRequest& request, base::TimePoint deadline,
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

void Calls::list_connections(const v1::ListConnectionsRequest& request, base::TimePoint deadline,
                             const Answer<v1::ListConnectionsResponse>& answer) {
  if (request.local() || nodes_.is_alone()) return list_connections_here(request, deadline, answer);
  using Walk = NodeWalk<v1::ListConnectionsRequest, v1::ListConnectionsResponse>;
  Walk::Page page{.request = request, .at = {}, .deadline = deadline};
  workers::ConnectionFilter filter;
  std::size_t page_size = 0;
  if (auto problem = translator_.filter(request, filter)) return answer(*std::move(problem));
  if (auto problem = translator_.page_size("page_size", request.page_size(), page_size))
    return answer(*std::move(problem));
  if (auto problem = token_of(request.page_token(), {.filters = filters_of(request)}, page.at))
    return answer(*std::move(problem));
  page.items_max = static_cast<int>(page_size);
  Walk::begin(nodes_, {share_kinds::list_connections, share_of(&Calls::share_list_connections), take_connections},
              std::move(page), answer);
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

// Another node may allow larger pages.
void Calls::share_list_connections(const v1::ListConnectionsRequest& request, base::TimePoint deadline,
                                   const Answer<v1::ListConnectionsResponse>& answer) {
  v1::ListConnectionsRequest fitting = request;
  fitting.set_page_size(std::min(request.page_size(), count_of(parts_.options.list_page_max)));
  list_connections_here(fitting, deadline, answer);
}

void Calls::list_connections_here(const v1::ListConnectionsRequest& request, base::TimePoint deadline,
                                  const Answer<v1::ListConnectionsResponse>& answer) {
  auto listing = std::make_shared<Listing>();
  const PageToken begin{.incarnation = parts_.pool.incarnation(), .filters = filters_of(request)};
  if (auto problem = translator_.filter(request, listing->filter)) return answer(*std::move(problem));
  if (auto problem = translator_.page_size("page_size", request.page_size(), listing->page_size))
    return answer(*std::move(problem));
  if (auto problem = token_of_this_start(request.page_token(), begin, listing->at)) return answer(*std::move(problem));
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

}  // namespace sluice::control
