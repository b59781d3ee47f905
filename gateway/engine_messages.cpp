#include "gateway/engine_messages.hpp"

#include <utility>

#include "gateway/encodings.hpp"
#include "gateway/member_state.hpp"

namespace sluice::gateway {

void EngineMessages::on_open(workers::Worker& worker, workers::Connection& connection) {
  const std::unique_ptr<Subscription> subscription = std::move(subscription_);
  subscription->announcement.format = subscription->is_enveloped ? enveloped_engine_io : bare_engine_io;
  begin_subscription(worker, connection, std::move(*subscription));
}

base::Result<bool> EngineMessages::on_message(workers::Worker& worker, workers::Connection& connection, bool is_binary,
                                              std::string_view data) {
  held_ = take_message(context_.options.client_messages, worker, connection,
                       is_binary ? workers::DataKind::binary : workers::DataKind::text, data);
  return !held_;
}

bool EngineMessages::on_resume(workers::Worker& worker, workers::Connection& connection) {
  if (held_) held_ = try_again(worker, connection, std::move(held_));
  return !held_;
}

// --- going on at another node ---

std::vector<NamespaceRooms> EngineMessages::rooms(workers::Worker& worker,
                                                  const workers::Connection& connection) const {
  return {{connection.name_space(), member_rooms(worker, connection)}};
}

void EngineMessages::leave(workers::Worker& worker, workers::Connection& connection, SessionState& state) {
  MessagesState& messages = state.application.emplace<MessagesState>();
  messages.member = leaving(worker, connection);
  messages.is_enveloped = connection.format() == enveloped_engine_io;
  context_.moved_connections.add(worker.id_of(connection), {}, {}, worker.now());
}

base::Result<EngineApplication::Renamed> EngineMessages::arrive(workers::Worker& worker,
                                                                workers::Connection& connection, SessionState& state) {
  const auto& messages = std::get<MessagesState>(state.application);
  auto announced = gateway::arrive(context_, worker, connection, messages.member,
                                   messages.is_enveloped ? enveloped_engine_io : bare_engine_io, std::move(place_));
  if (!announced) return announced.error();
  worker.tell_connected(connection, {}, true, messages.member.connection);
  if (announced->gap != workers::Gap::none) worker.tell_gap(connection, gap_reason(announced->gap));
  worker.replay(connection, std::move(announced->missed));
  return Renamed{{messages.member.connection, worker.id_of(connection)}};
}

}  // namespace sluice::gateway
