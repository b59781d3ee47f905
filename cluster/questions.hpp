#pragma once
// Questions: what this node has asked others, until it is answered or comes to nothing. What is told may ask anew.
// Pure.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "workers/peers.hpp"

namespace sluice::cluster {

class Questions {
 public:
  using Names = std::map<std::uint32_t, std::string>;  // of nodes, by incarnation

  struct Asked {
    Names nodes;                                    // at least one
    std::vector<workers::PeerAnswer> answers = {};  // of others, that are known already
    base::TimePoint since{}, until{};
    workers::Peers::OnAnswers then;
  };
  // `number` was not given before.
  void add(std::uint64_t number, Asked asked);
  // Takes what a node answers, also one that was not there when all were asked. False: nobody waits for it.
  bool take(std::uint64_t number, workers::PeerAnswer answer);
  // The node will not answer this, or nothing any more.
  void fail(std::uint64_t number, std::uint32_t node, const base::Error& error);
  void fail_node(std::uint32_t node, const base::Error& error);
  void fail_all(const base::Error& error);
  // Tells those whose time is over.
  void expire(base::TimePoint now);

  // Numbers of those that have waited since then at least, by the node that has not answered.
  std::map<std::uint32_t, std::vector<std::uint64_t>> asked_before(base::TimePoint then) const;
  std::size_t size() const { return waiting_.size(); }
  // The next one's end; nothing if none waits.
  std::optional<base::TimePoint> deadline() const;

 private:
  using All = std::map<std::uint64_t, Asked>;  // whose `nodes` are those that have not answered

  std::vector<std::uint64_t> numbers() const;
  All::node_type take_out(All::iterator one);
  void fail_rest(All::iterator one, const base::Error& error);
  void finish(All::iterator one);

  All waiting_;
  std::set<std::pair<base::TimePoint, std::uint64_t>> due_;  // as many, in the order of their ends
};

}  // namespace sluice::cluster
