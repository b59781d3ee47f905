#pragma once
// NodeWalk: one page of a list that goes on from node to node, in the order of incarnations, until the page is full or
// there are no more nodes. One that does not answer is named and left out. On the executor but for its beginning.

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "control/node_shares.hpp"
#include "control/page_token.hpp"

namespace sluice::control {

// What is to be listed; `Request` and `Response` have the fields of pages that ListConnections has.
template <class Request, class Response>
struct NodeList {
  std::string_view kind;           // under which others are asked for their part of it
  DoShare<Request, Response> own;  // gives this node's
  // Moves what `share` lists to `page`, and gives how much is there.
  int (*take)(Response& share, Response& page);
};

template <class Request, class Response>
class NodeWalk {
 public:
  // A page that is not full yet.
  struct Page {
    Request request;
    PageToken at;  // where it goes on
    int items_max = 0;
    base::TimePoint deadline{};
    bool is_here_alone = false;  // other nodes are left out
    Response response = {};      // to which items are added; nodes that it names as silent are not asked
  };
  // `nodes` outlives the walk.
  static void begin(const NodeShares& nodes, const NodeList<Request, Response>& list, Page page,
                    Answer<Response> answer) {
    go_on(std::make_shared<NodeWalk>(nodes, list, std::move(page), std::move(answer)));
  }
  NodeWalk(const NodeShares& nodes, const NodeList<Request, Response>& list, Page page, Answer<Response> answer)
      : nodes_(nodes), list_(list), page_(std::move(page)), answer_(std::move(answer)) {}

 private:
  using Self = std::shared_ptr<NodeWalk>;

  static void go_on(const Self& self) {
    Page& page = self->page_;
    const auto node = self->next_node();
    if (!node) return self->end();
    if (*node != page.at.incarnation) {
      page.at.incarnation = *node;
      page.at.worker = 0;
      page.at.from = 0;
    }
    if (self->items_ >= page.items_max) return self->end_at(page.at);
    page.request.set_page_size(static_cast<std::uint32_t>(page.items_max - self->items_));
    const bool is_beginning = page.at.worker == 0 && page.at.from == 0;
    page.request.set_page_token(is_beginning ? std::string() : page.at.text());
    if (*node == self->nodes_.own()) {
      return self->list_.own(page.request, page.deadline, [self](Outcome<Response> outcome) {
        take(self, {self->nodes_.own(), self->nodes_.own_name(), std::move(outcome), true});
      });
    }
    self->nodes_.template ask<Response>(std::vector<std::uint32_t>{*node}, self->list_.kind, page.request,
                                        page.deadline,
                                        [self](Shares<Response> shares) { take(self, std::move(shares.front())); });
  }

  static void take(const Self& self, Share<Response> share) {
    Page& page = self->page_;
    self->from_ = std::uint64_t{share.incarnation} + 1;
    if (!share.outcome) {
      show_silent(share, *page.response.add_silent_nodes());
      if (!self->failure_) self->failure_ = failure_of(share);
      return go_on(self);
    }
    self->is_any_ = true;
    self->items_ = self->list_.take(*share.outcome, page.response);
    const auto next = PageToken::parse(share.outcome->next_page_token());
    const bool goes_on = next && next->list == page.at.list && next->filters == page.at.filters &&
                         next->incarnation == share.incarnation;
    if (goes_on) return self->end_at(*next);
    go_on(self);
  }

  std::optional<std::uint32_t> next_node() const {
    if (page_.is_here_alone) return from_ <= nodes_.own() ? std::optional(nodes_.own()) : std::nullopt;
    auto node = nodes_.first_from(from_);
    while (node && is_silent(*node)) node = nodes_.first_from(std::uint64_t{*node} + 1);
    return node;
  }
  bool is_silent(std::uint32_t node) const {
    return std::ranges::any_of(page_.response.silent_nodes(), [text = base::incarnation_text(node)](const auto& one) {
      return one.incarnation() == text;
    });
  }
  void end_at(const PageToken& next) {
    page_.response.set_next_page_token(next.text());
    end();
  }
  void end() {
    if (failure_ && !is_any_) return answer_(*std::move(failure_));
    answer_(std::move(page_.response));
  }

  const NodeShares& nodes_;
  const NodeList<Request, Response> list_;
  Page page_;
  const Answer<Response> answer_;
  std::uint64_t from_ = page_.at.incarnation;  // the least incarnation whose turn has not been
  int items_ = 0;
  bool is_any_ = false;
  std::optional<Failure> failure_;
};

}  // namespace sluice::control
