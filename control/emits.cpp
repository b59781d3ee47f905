#include "control/emits.hpp"

#include <utility>

#include "control/share_kinds.hpp"
#include "control/show.hpp"

namespace sluice::control {
namespace {

constexpr std::size_t held_max = 100'000;

}  // namespace

std::uint64_t Emits::expect(const OnAcknowledged& on_acknowledged) {
  std::erase_if(expected_, [](const auto& one) { return one.second.expired(); });
  expected_.emplace(++last_number_, on_acknowledged);
  return last_number_;
}

void Emits::take(const cluster::v1::EmitAcknowledged& told) {
  const auto expected = expected_.find(told.number());
  const auto on_acknowledged = expected == expected_.end() ? nullptr : expected->second.lock();
  const v1::Acknowledgement& from = told.acknowledgement();
  const auto id = base::ConnectionId::parse(from.connection());
  const auto protocol = told.protocol() - 1;
  const bool is_known = protocol >= 0 && static_cast<std::size_t>(protocol) < workers::protocol_names.size();
  if (!on_acknowledged || !id || !is_known) return;
  (*on_acknowledged)({.connection = *id,
                      .protocol = static_cast<workers::Protocol>(protocol),
                      .session = from.session(),
                      .arguments = from.arguments(),
                      .attachments = {from.attachments().begin(), from.attachments().end()}});
}

Emits::OnAcknowledged Emits::hold(std::uint32_t node, std::uint64_t number, base::TimePoint until) {
  if (held_.size() >= held_max) return nullptr;
  auto teller = std::make_shared<const workers::OnAcknowledged>(
      [&peers = peers_, node, number](workers::Acknowledgement acknowledgement) {
        cluster::v1::EmitAcknowledged told;
        told.set_number(number);
        told.set_protocol(show(acknowledgement.protocol));
        show(std::move(acknowledgement), *told.mutable_acknowledgement());
        peers.tell(std::vector<std::uint32_t>{node}, share_kinds::emit_acknowledged, told.SerializeAsString());
      });
  const bool is_first = held_.empty() || until < held_.begin()->first;
  held_.emplace(until, teller);
  if (is_first) timer_ = executor_.at(until, [this] { let_go(); });
  return teller;
}

void Emits::let_go() {
  held_.erase(held_.begin(), held_.upper_bound(base::Clock::now()));
  timer_.reset();
  if (!held_.empty()) timer_ = executor_.at(held_.begin()->first, [this] { let_go(); });
}

}  // namespace sluice::control
