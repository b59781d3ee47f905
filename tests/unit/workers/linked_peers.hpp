#pragma once
// Nodes of one process that reach each other by calls, in place of a broker between processes.

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "workers/peers.hpp"

namespace sluice::workers {

class LinkedPeers;

// Those that can be reached. Outlives them all.
class PeerNetwork {
 public:
  // What was asked and not answered yet, by whom and whom.
  struct Waiting {
    std::uint32_t from, to;
    std::function<void(base::Result<std::string>)> tell;
  };

  // The node is gone, as the others find: who waits for it is told so.
  void lose(std::uint32_t incarnation);
  // Nobody reaches the node, nor does it reach anybody, until the guard goes.
  [[nodiscard]] std::shared_ptr<void> hide(std::uint32_t incarnation);
  std::size_t waiting() {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
  }

 private:
  friend class LinkedPeers;
  std::mutex mutex_;
  std::map<std::uint32_t, LinkedPeers*> nodes_;
  std::map<std::uint64_t, Waiting> waiting_;
  std::uint64_t last_ = 0;
};

class LinkedPeers final : public Peers {
 public:
  LinkedPeers(PeerNetwork& network, std::uint32_t incarnation, std::string name = {}, SharedValues* values = nullptr)
      : network_(network), incarnation_(incarnation), name_(std::move(name)), values_(values) {
    const std::lock_guard lock(network_.mutex_);
    network_.nodes_[incarnation_] = this;
  }
  ~LinkedPeers() override {
    const std::lock_guard lock(network_.mutex_);
    network_.nodes_.erase(incarnation_);
  }

  bool is_alone() const override { return false; }
  std::shared_ptr<const std::vector<Peer>> others() const override {
    auto found = std::make_shared<std::vector<Peer>>();
    const std::lock_guard lock(network_.mutex_);
    for (const auto& [incarnation, node] : network_.nodes_) {
      if (incarnation == incarnation_) continue;
      found->push_back({.incarnation = incarnation, .name = node->name_, .load = node->load_, .heard = {}});
    }
    return found;
  }
  void ask(To to, std::string_view kind, std::string payload, base::TimePoint until, OnAnswers then) override {
    if (!to) {
      to.emplace();
      const auto known = others();
      for (const Peer& peer : *known) to->push_back(peer.incarnation);
    }
    if (to->empty()) return then({});
    const auto asked = std::make_shared<Asked>();
    asked->missing = to->size();
    asked->then = std::move(then);
    for (const std::uint32_t incarnation : *to) {
      const auto tell = [asked, incarnation, name = name_of(incarnation)](base::Result<std::string> answer) {
        asked->take({incarnation, name, std::move(answer)});
      };
      const Handler* const handler = find(incarnation, kind);
      if (handler == nullptr) {
        tell(base::fail(base::Errc::unavailable, "there is no such node"));
        continue;
      }
      if (is_silent(incarnation)) {
        tell(base::fail(base::Errc::timed_out, "the node did not answer in time"));
        continue;
      }
      std::uint64_t number;
      {
        const std::lock_guard lock(network_.mutex_);
        number = ++network_.last_;
        network_.waiting_.emplace(number, PeerNetwork::Waiting{incarnation_, incarnation, tell});
      }
      (*handler)({incarnation_, payload, until}, [&network = network_, number](base::Result<std::string> answer) {
        std::unique_lock lock(network.mutex_);
        const auto waiting = network.waiting_.extract(number);
        lock.unlock();
        if (!waiting.empty()) waiting.mapped().tell(std::move(answer));
      });
    }
  }
  void tell(To to, std::string_view kind, std::string payload) override {
    for (const std::uint32_t incarnation : *to) {
      const Handler* const handler = find(incarnation, kind);
      if (handler != nullptr) (*handler)({incarnation_, payload, {}}, [](const auto&) {});
    }
  }
  void serve(std::string_view kind, Handler handler) override { handlers_.emplace(kind, std::move(handler)); }
  void watch(OnChange on_change) override { watchers_.push_back(std::move(on_change)); }
  SharedValues* shared_values() override { return values_; }

  // What it says of itself to others. Before they look.
  void set_load(const NodeLoad& load) { load_ = load; }
  // From now on it answers nobody.
  void be_silent() {
    const std::lock_guard lock(network_.mutex_);
    is_silent_ = true;
  }

 private:
  friend class PeerNetwork;
  // One question to several nodes.
  struct Asked {
    std::mutex mutex;
    std::size_t missing = 0;
    std::vector<PeerAnswer> answers;
    OnAnswers then;

    void take(PeerAnswer answer) {
      {
        const std::lock_guard lock(mutex);
        answers.push_back(std::move(answer));
        if (--missing > 0) return;
      }
      std::ranges::sort(answers, {}, &PeerAnswer::incarnation);
      then(std::move(answers));
    }
  };

  const Handler* find(std::uint32_t incarnation, std::string_view kind) const {
    const std::lock_guard lock(network_.mutex_);
    const auto node = network_.nodes_.find(incarnation);
    if (node == network_.nodes_.end() || !network_.nodes_.contains(incarnation_)) return nullptr;
    const auto handler = node->second->handlers_.find(kind);
    return handler == node->second->handlers_.end() ? nullptr : &handler->second;
  }
  std::string name_of(std::uint32_t incarnation) const {
    const std::lock_guard lock(network_.mutex_);
    const auto node = network_.nodes_.find(incarnation);
    return node == network_.nodes_.end() ? std::string() : node->second->name_;
  }
  bool is_silent(std::uint32_t incarnation) const {
    const std::lock_guard lock(network_.mutex_);
    return network_.nodes_.at(incarnation)->is_silent_;
  }

  PeerNetwork& network_;
  const std::uint32_t incarnation_;
  const std::string name_;
  SharedValues* const values_;
  NodeLoad load_;
  bool is_silent_ = false;  // under the network's mutex
  std::map<std::string, Handler, std::less<>> handlers_;
  std::vector<OnChange> watchers_;
};

inline std::shared_ptr<void> PeerNetwork::hide(std::uint32_t incarnation) {
  const std::lock_guard lock(mutex_);
  LinkedPeers* const node = nodes_.extract(incarnation).mapped();
  return {nullptr, [this, incarnation, node](void*) {
            const std::lock_guard back(mutex_);
            nodes_.emplace(incarnation, node);
          }};
}

inline void PeerNetwork::lose(std::uint32_t incarnation) {
  std::vector<Waiting> lost;
  std::vector<LinkedPeers*> others;
  {
    const std::lock_guard lock(mutex_);
    nodes_.erase(incarnation);
    for (const auto& [number, node] : nodes_) others.push_back(node);
    for (auto one = waiting_.begin(); one != waiting_.end();) {
      const bool is_lost = one->second.to == incarnation || one->second.from == incarnation;
      if (is_lost) lost.push_back(std::move(one->second));
      one = is_lost ? waiting_.erase(one) : std::next(one);
    }
  }
  for (Waiting& one : lost) {
    if (one.to == incarnation) one.tell(base::fail(base::Errc::unavailable, "the node is lost"));
  }
  for (LinkedPeers* const node : others) {
    for (const auto& watcher : node->watchers_) {
      watcher({PeerChange::Kind::lost, {.incarnation = incarnation}});
    }
  }
}

}  // namespace sluice::workers
