#pragma once
// Peers: the PORT for the other nodes of a cluster: who there is, what is asked of them, what is told to them. A node
// that is alone has none. All members are for any thread, but those that say otherwise; what is handed over is called
// on a thread of its own, which must not be kept waiting.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "workers/peers_metrics.hpp"
#include "workers/shared_values.hpp"

namespace sluice::workers {

// What a node says of itself as it lives.
struct NodeLoad {
  std::uint64_t connections = 0;
  bool is_ready = false;
  bool is_draining = false;
};

// Another node, as it last said of itself.
struct Peer {
  std::uint32_t incarnation = 0;                    // names it: the first part of its connections' ids
  std::string name = {}, version = {};              // another one may have the same name
  std::chrono::system_clock::time_point started{};  // by its own clock, which may not be ours
  NodeLoad load = {};
  bool has_other_secret = false;  // neither knows what the other has sealed
  base::TimePoint heard{};
};

struct PeerChange {
  // lost: nothing was heard of it for so long that it counts as gone. One that is heard again after it was lost has
  // come anew.
  enum class Kind : std::uint8_t { came, left, lost };
  Kind kind = Kind::came;
  Peer peer;
};

// What one node answered, or why it did not: Errc::timed_out; Errc::unavailable, if it is gone or cannot be reached;
// Errc::not_found, if it does not know what was asked, as it is of an older version; or its own error. But for the last
// two it may have done what it was asked, or do it yet.
struct PeerAnswer {
  std::uint32_t incarnation = 0;
  std::string name;
  base::Result<std::string> payload;
};

class Peers {
 public:
  // Whom something is for: those with these incarnations, none twice, or all.
  using To = std::optional<std::vector<std::uint32_t>>;
  static constexpr std::nullopt_t all = std::nullopt;

  // What one node asks another: bytes whose meaning `kind` says, and until when it waits.
  struct Question {
    std::uint32_t from = 0;
    std::string payload;
    base::TimePoint until{};
  };
  using OnAnswers = std::function<void(std::vector<PeerAnswer> answers)>;
  using OnAnswer = std::function<void(base::Result<std::string> payload)>;
  using Handler = std::function<void(Question question, OnAnswer answer)>;
  using OnChange = std::function<void(const PeerChange& change)>;

  virtual ~Peers() = default;

  // Whether there will never be others. The same for life.
  virtual bool is_alone() const = 0;
  // Null if there is nothing to watch, as it is alone.
  virtual const PeersMetrics* metrics() const { return nullptr; }
  // Those that are there, by incarnation.
  virtual std::shared_ptr<const std::vector<Peer>> others() const = 0;

  // Asks others, and tells once, perhaps inside the call, what each has answered, by incarnation; at `until` at the
  // latest. All: those that are there now, and whoever answers beside them. A kind is of a-z and _.
  virtual void ask(To to, std::string_view kind, std::string payload, base::TimePoint until, OnAnswers then) = 0;
  // Likewise, and wants no answer; whether it arrives is not known. What one node tells another, and its answers, come
  // in their order.
  virtual void tell(To to, std::string_view kind, std::string payload) = 0;

  // What all nodes know; null if this one is alone.
  virtual SharedValues* shared_values() { return nullptr; }

  // Answers what others ask under that kind: once, on any thread. To what is told, the answer goes nowhere. Before
  // anything starts; what is handed over lives as long as this does.
  virtual void serve(std::string_view kind, Handler handler) = 0;
  // Tells who comes and goes, from the first one on. As serve().
  virtual void watch(OnChange on_change) = 0;
};

// Of a node that is alone.
class NoPeers final : public Peers {
 public:
  bool is_alone() const override { return true; }
  std::shared_ptr<const std::vector<Peer>> others() const override {
    static const auto none = std::make_shared<const std::vector<Peer>>();
    return none;
  }
  void ask(To to, std::string_view, std::string, base::TimePoint, OnAnswers then) override {
    std::vector<PeerAnswer> answers;
    for (const std::uint32_t one : to.value_or(std::vector<std::uint32_t>())) {
      answers.push_back({one, {}, base::fail(base::Errc::unavailable, "there is no such node")});
    }
    then(std::move(answers));
  }
  void tell(To, std::string_view, std::string) override {}
  void serve(std::string_view, Handler) override {}
  void watch(OnChange) override {}
  static NoPeers& instance() {
    static NoPeers one;
    return one;
  }
};

}  // namespace sluice::workers
