#pragma once
// NodeShares: what each node of a cluster does of a call. Others are asked with the call's own messages (or those of
// sluice/cluster/v1/calls.proto); what comes back is put together with this node's own share, on the executor.

#include <google/protobuf/message.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "control/executor.hpp"
#include "control/failure.hpp"
#include "sluice/v1/types.pb.h"
#include "workers/message.hpp"
#include "workers/peers.hpp"

namespace sluice::control {

// Whom a call is for: this node, and which others.
struct Reach {
  bool here = true;
  workers::Peers::To there = std::vector<std::uint32_t>();  // nobody

  bool is_here_alone() const { return there && there->empty(); }
};

// What one node did, or why not.
template <class Response>
struct Share {
  std::uint32_t incarnation = 0;
  std::string node;  // its name
  Outcome<Response> outcome;
  bool is_own = false;  // this node's
};
template <class Response>
using Shares = std::vector<Share<Response>>;

// Does this node's share of a call, as Calls does calls.
template <class Request, class Response>
using DoShare = std::function<void(const Request& request, base::TimePoint deadline, const Answer<Response>& answer)>;

// Says of a node why its share is missing.
void show_silent(std::uint32_t incarnation, const std::string& node, const Failure& failure, v1::SilentNode& out);
template <class Response>
void show_silent(const Share<Response>& share, v1::SilentNode& out) {
  show_silent(share.incarnation, share.node, share.outcome.failure(), out);
}
// Why a call failed that no node did.
Failure failure_of_node(const std::string& node, Failure failure);
template <class Response>
Failure failure_of(const Share<Response>& share) {
  return share.is_own ? share.outcome.failure() : failure_of_node(share.node, share.outcome.failure());
}

// Puts shares together: `add` adds one to the sum. As long as one node did its share there is a sum, which names the
// others; else the first one's failure.
template <class Response>
Outcome<Response> sum_of(Shares<Response> shares, void (*add)(const Response& share, Response& sum)) {
  Response sum;
  bool is_any = false;
  for (const Share<Response>& share : shares) {
    if (share.outcome) {
      add(*share.outcome, sum);
      is_any = true;
    } else {
      show_silent(share, *sum.add_silent_nodes());
    }
  }
  if (is_any || shares.empty()) return sum;
  return failure_of(shares.front());
}

class NodeShares {
 public:
  // All outlive this, and what they are handed over does not outlive the executor's thread.
  struct Parts {
    workers::Peers& peers;
    Executor& executor;
    std::uint32_t incarnation;  // of this node
    const std::string& node;    // its name
  };
  explicit NodeShares(const Parts& parts) : parts_(parts) {}

  workers::Peers& peers() const { return parts_.peers; }
  bool is_alone() const { return parts_.peers.is_alone(); }
  std::uint32_t own() const { return parts_.incarnation; }
  const std::string& own_name() const { return parts_.node; }
  // The node of that name or incarnation; empty: this one. Errc::not_found, or bad_request if several have the name.
  Outcome<std::uint32_t> find(const std::string& node) const;
  bool has_other(std::uint32_t incarnation) const;
  std::string names_of(const std::vector<workers::Peer>& others) const;
  // The first node of the cluster from `from` on, by incarnation; nothing if there is none.
  std::optional<std::uint32_t> first_from(std::uint64_t from) const;

  // Whom a call of that target is for; `is_local`: the caller wants this node alone.
  Reach reach_of(const workers::Target& target, bool is_local) const;
  Reach everywhere(bool is_local) const;
  // Until when others may take for their share, so that an answer without them is still in time.
  static base::TimePoint others_until(base::TimePoint deadline);

  // Does what others ask for under that kind. Before anything starts.
  template <class Request, class Response>
  void serve(std::string_view kind, DoShare<Request, Response> run) const;
  // Takes what others tell under that kind. Likewise.
  template <class Told>
  void hear(std::string_view kind, std::function<void(const Told&)> on_told) const;
  // Asks others alone.
  template <class Response>
  void ask(const workers::Peers::To& to, std::string_view kind, const google::protobuf::Message& request,
           base::TimePoint deadline, std::function<void(Shares<Response>)> then) const;
  // Asks the one node that can do it.
  template <class Response>
  void ask_one(std::uint32_t node, std::string_view kind, const google::protobuf::Message& request,
               base::TimePoint deadline, const Answer<Response>& answer) const;
  // Asks all of `reach`; `run` does this node's share, which comes first.
  template <class Request, class Response>
  void gather(const Reach& reach, std::string_view kind, const Request& request, base::TimePoint deadline,
              const DoShare<Request, Response>& run, std::function<void(Shares<Response>)> then) const;

 private:
  template <class Response>
  static Share<Response> share_of(workers::PeerAnswer answer);

  const Parts parts_;
};

template <class Request, class Response>
void NodeShares::serve(std::string_view kind, DoShare<Request, Response> run) const {
  parts_.peers.serve(kind, [post = parts_.executor.poster(), run = std::move(run)](workers::Peers::Question question,
                                                                                   workers::Peers::OnAnswer answer) {
    post([run, question = std::move(question), answer = std::move(answer)] {
      Request request;
      if (!request.ParseFromString(question.payload)) {
        return answer(base::fail(base::Errc::bad_request, "the node's question cannot be understood"));
      }
      run(request, question.until, [answer](const Outcome<Response>& outcome) {
        if (outcome) return answer(outcome->SerializeAsString());
        answer(base::fail(outcome.failure().code, outcome.failure().message));
      });
    });
  });
}

template <class Told>
void NodeShares::hear(std::string_view kind, std::function<void(const Told&)> on_told) const {
  parts_.peers.serve(kind, [post = parts_.executor.poster(), on_told = std::move(on_told)](
                               workers::Peers::Question told, const workers::Peers::OnAnswer&) {
    post([on_told, bytes = std::move(told.payload)] {
      Told parsed;
      if (parsed.ParseFromString(bytes)) on_told(parsed);
    });
  });
}

template <class Response>
Share<Response> NodeShares::share_of(workers::PeerAnswer answer) {
  if (!answer.payload) return {answer.incarnation, std::move(answer.name), failure_of(answer.payload.error())};
  Response response;
  if (response.ParseFromString(*answer.payload)) {
    return {answer.incarnation, std::move(answer.name), std::move(response)};
  }
  return {answer.incarnation, std::move(answer.name),
          Failure{base::Errc::internal, "the node's answer cannot be understood"}};
}

template <class Response>
void NodeShares::ask(const workers::Peers::To& to, std::string_view kind, const google::protobuf::Message& request,
                     base::TimePoint deadline, std::function<void(Shares<Response>)> then) const {
  parts_.peers.ask(to, kind, request.SerializeAsString(), others_until(deadline),
                   [post = parts_.executor.poster(), then = std::move(then)](std::vector<workers::PeerAnswer> answers) {
                     post([then, answers = std::move(answers)]() mutable {
                       Shares<Response> shares;
                       for (workers::PeerAnswer& answer : answers) {
                         shares.push_back(share_of<Response>(std::move(answer)));
                       }
                       then(std::move(shares));
                     });
                   });
}

template <class Response>
void NodeShares::ask_one(std::uint32_t node, std::string_view kind, const google::protobuf::Message& request,
                         base::TimePoint deadline, const Answer<Response>& answer) const {
  const std::vector<std::uint32_t> to{node};
  ask<Response>(to, kind, request, deadline, [answer](Shares<Response> shares) {
    Share<Response>& share = shares.front();
    if (share.outcome) return answer(*std::move(share.outcome));
    answer(failure_of(share));
  });
}

template <class Request, class Response>
void NodeShares::gather(const Reach& reach, std::string_view kind, const Request& request, base::TimePoint deadline,
                        const DoShare<Request, Response>& run, std::function<void(Shares<Response>)> then) const {
  struct Gathered {
    int awaited;
    Shares<Response> own, others;
    std::function<void(Shares<Response>)> then;

    void end_one() {
      if (--awaited > 0) return;
      for (Share<Response>& share : others) own.push_back(std::move(share));
      then(std::move(own));
    }
  };
  auto gathered = std::make_shared<Gathered>();
  gathered->awaited = reach.here ? 2 : 1;
  gathered->then = std::move(then);
  ask<Response>(reach.there, kind, request, deadline, [gathered](Shares<Response> shares) {
    gathered->others = std::move(shares);
    gathered->end_one();
  });
  if (!reach.here) return;
  run(request, deadline,
      [gathered, post = parts_.executor.poster(), own = parts_.incarnation,
       &node = parts_.node](Outcome<Response> outcome) {
        post([gathered, own, &node, outcome = std::move(outcome)]() mutable {
          gathered->own.push_back({own, node, std::move(outcome), true});
          gathered->end_one();
        });
      });
}

}  // namespace sluice::control
