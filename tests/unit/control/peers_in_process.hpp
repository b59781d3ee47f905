#pragma once
// Nodes that reach each other inside one process, over a switchboard that a test runs by hand and can break.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "workers/peers.hpp"

namespace sluice::control {

class PeersInProcess;

// Carries what nodes ask each other, in order; nothing moves but in deliver().
class Switchboard {
 public:
  using Node = std::uint32_t;

  void add(Node node, PeersInProcess& peers) { nodes_[node] = &peers; }
  void remove(Node node) { nodes_.erase(node); }
  // Hands over the next thing that is under way. False: there is none.
  bool deliver() {
    if (under_way_.empty()) return false;
    const auto next = std::move(under_way_.front());
    under_way_.pop_front();
    next();
    return true;
  }
  void post(std::function<void()> step) { under_way_.push_back(std::move(step)); }
  PeersInProcess* find(Node node) {
    const auto found = nodes_.find(node);
    return found == nodes_.end() || cut_.contains(node) ? nullptr : found->second;
  }
  void cut(Node node) { cut_.insert(node); }
  void mend(Node node) { cut_.erase(node); }
  // So many answers get lost from now on.
  int answers_to_lose = 0;
  // What was asked, in bytes.
  std::vector<std::size_t> asked;

 private:
  std::map<Node, PeersInProcess*> nodes_;
  std::set<Node> cut_;
  std::deque<std::function<void()>> under_way_;
};

class PeersInProcess final : public workers::Peers {
 public:
  PeersInProcess(Switchboard& board, std::uint32_t incarnation) : board_(board), incarnation_(incarnation) {
    board_.add(incarnation, *this);
  }
  ~PeersInProcess() override { board_.remove(incarnation_); }

  bool is_alone() const override { return false; }
  std::shared_ptr<const std::vector<workers::Peer>> others() const override {
    return std::make_shared<const std::vector<workers::Peer>>(others_);
  }
  void ask(To to, std::string_view kind, std::string payload, base::TimePoint until, OnAnswers then) override {
    board_.asked.push_back(payload.size());
    board_.post([this, node = to->front(), kind = std::string(kind), payload = std::move(payload), until,
                 then = std::move(then)] { carry(node, kind, payload, until, then); });
  }
  void tell(To, std::string_view, std::string) override {}
  void serve(std::string_view kind, Handler handler) override { handlers_.emplace(kind, std::move(handler)); }
  void watch(OnChange on_change) override { watchers_.push_back(std::move(on_change)); }

  void see(workers::PeerChange::Kind kind, std::uint32_t node) {
    workers::Peer peer;
    peer.incarnation = node;
    peer.heard = base::Clock::now();
    std::erase_if(others_, [node](const auto& one) { return one.incarnation == node; });
    if (kind == workers::PeerChange::Kind::came) others_.push_back(peer);
    for (const OnChange& on_change : watchers_) on_change({kind, peer});
  }
  void answer(std::uint32_t from, const std::string& kind, const std::string& payload, base::TimePoint until,
              OnAnswer then) {
    handlers_.at(kind)({from, payload, until}, std::move(then));
  }

 private:
  void carry(std::uint32_t node, const std::string& kind, const std::string& payload, base::TimePoint until,
             const OnAnswers& then) {
    const auto back = [node, then](base::Result<std::string> answer) { then({{node, "", std::move(answer)}}); };
    PeersInProcess* const other = board_.find(node);
    if (other == nullptr || board_.find(incarnation_) == nullptr) {
      return back(base::fail(base::Errc::unavailable, "it cannot be reached"));
    }
    other->answer(incarnation_, kind, payload, until, [this, back](const base::Result<std::string>& answer) {
      board_.post([this, back, answer] {
        if (board_.answers_to_lose == 0) return back(answer);
        --board_.answers_to_lose;
        back(base::fail(base::Errc::timed_out, "the answer was lost"));
      });
    });
  }

  Switchboard& board_;
  const std::uint32_t incarnation_;
  std::vector<workers::Peer> others_;
  std::map<std::string, Handler> handlers_;
  std::vector<OnChange> watchers_;
};

}  // namespace sluice::control
