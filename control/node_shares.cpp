#include "control/node_shares.hpp"

#include <algorithm>

namespace sluice::control {
namespace {

// A node that is there answers in a few milliseconds; one that is not is lost after 3 s.
constexpr base::Duration others_wait_max = std::chrono::seconds(5);

}  // namespace

void show_silent(std::uint32_t incarnation, const std::string& node, const Failure& failure, v1::SilentNode& out) {
  out.set_name(node);
  out.set_incarnation(base::incarnation_text(incarnation));
  *out.mutable_error() = error_of(failure);
}

Failure failure_of_node(const std::string& node, Failure failure) {
  const bool is_silent = failure.code == base::Errc::timed_out || failure.code == base::Errc::unavailable;
  if (is_silent && !node.empty()) failure.message = "node " + node + ": " + failure.message;
  return failure;
}

// This node's and, if there are not too many, the others'.
std::string NodeShares::names_of(const std::vector<workers::Peer>& others) const {
  constexpr std::size_t shown_max = 15;
  std::string names = parts_.node;
  for (std::size_t at = 0; at < std::min(others.size(), shown_max); ++at) names += ", " + others[at].name;
  if (others.size() > shown_max) names += " and " + std::to_string(others.size() - shown_max) + " more";
  return names;
}

Outcome<std::uint32_t> NodeShares::find(const std::string& node) const {
  if (node.empty()) return parts_.incarnation;
  const auto incarnation = base::parse_incarnation(node);
  if (incarnation && (*incarnation == parts_.incarnation || has_other(*incarnation))) return *incarnation;
  std::vector<std::uint32_t> found;
  if (node == parts_.node) found.push_back(parts_.incarnation);
  const auto others = parts_.peers.others();
  for (const workers::Peer& peer : *others) {
    if (peer.name == node) found.push_back(peer.incarnation);
  }
  if (found.size() == 1) return found.front();
  if (found.size() > 1) return misfit("node", "one node's incarnation, as several have this name");
  Failure failure = misfit("node", "the name or the incarnation of a node that is there: " + names_of(*others));
  failure.code = base::Errc::not_found;
  return failure;
}

bool NodeShares::has_other(std::uint32_t incarnation) const {
  const auto others = parts_.peers.others();
  return std::ranges::find(*others, incarnation, &workers::Peer::incarnation) != others->end();
}

std::optional<std::uint32_t> NodeShares::first_from(std::uint64_t from) const {
  std::optional<std::uint32_t> first;
  const auto look = [&](std::uint32_t incarnation) {
    if (incarnation >= from && (!first || incarnation < *first)) first = incarnation;
  };
  look(parts_.incarnation);
  const auto others = parts_.peers.others();
  for (const workers::Peer& peer : *others) look(peer.incarnation);
  return first;
}

Reach NodeShares::everywhere(bool is_local) const {
  Reach reach;
  if (!is_local && !is_alone()) reach.there = workers::Peers::all;
  return reach;
}

// Connections that are named are on the nodes that their ids name; ids of nodes that are gone match nobody anywhere.
Reach NodeShares::reach_of(const workers::Target& target, bool is_local) const {
  if (is_local || is_alone() || !target.rooms.empty()) return everywhere(is_local);
  Reach reach{.here = false};
  for (const base::ConnectionId& id : target.connections) {
    if (id.incarnation == parts_.incarnation) {
      reach.here = true;
    } else if (std::ranges::find(*reach.there, id.incarnation) == reach.there->end() && has_other(id.incarnation)) {
      reach.there->push_back(id.incarnation);
    }
  }
  reach.here = reach.here || reach.there->empty();
  return reach;
}

base::TimePoint NodeShares::others_until(base::TimePoint deadline) {
  const base::TimePoint now = base::Clock::now();
  return now + std::min(others_wait_max, (deadline - now) / 5 * 4);
}

}  // namespace sluice::control
