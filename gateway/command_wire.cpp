#include "gateway/command_wire.hpp"

#include <utility>

#include "gateway/encodings.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

using base::Errc;
using base::fail;
using workers::Connection;
using workers::Worker;

CommandWire::CommandWire(WorkerContext& context, workers::WireFormat format, const std::optional<DeflateTerms>& deflate,
                         std::vector<workers::RoomKey> granted)
    : WebSocketWire(context, format, deflate), commands_(context, *this, std::move(granted)) {}

void CommandWire::on_message(Worker& worker, Connection& connection, workers::DataKind kind, std::string_view payload) {
  const bool is_taken = worker.count_received(connection, payload.size());
  const bool is_text = kind == workers::DataKind::text;
  auto [id, command] = is_text ? read_command(payload, Dialect::websocket)
                               : ReadCommand{std::nullopt, fail(Errc::bad_request, "a command is text, not bytes")};
  if (!is_taken) command = fail(Errc::too_many, "commands come faster than they may");
  if (command) return commands_.perform(worker, connection, id, *std::move(command));
  if (id) return commands_.refuse(worker, connection, id, command.error());
  // Whoever counts its replies misses none.
  say(worker, connection, "{\"reply\":null," + error_object(command.error()).substr(1));
}

void CommandWire::on_resume(Worker& worker, Connection& connection) { commands_.on_resume(worker, connection); }

void CommandWire::on_answer(Worker& worker, Connection& connection, std::uint64_t ack_id,
                            const workers::Message& answer) {
  commands_.on_answer(worker, connection, ack_id, answer);
}

void CommandWire::on_deadline(Worker& worker, Connection& connection) {
  commands_.expire(worker, connection);
  WebSocketWire::on_deadline(worker, connection);
}

void CommandWire::say(Worker& worker, Connection& connection, std::string_view object) {
  std::string frame;
  append_text(format(), object, frame);
  worker.send(connection, frame);
}

// Which arms the deadline that comes first.
void CommandWire::on_nearer_deadline(Worker& worker, Connection& connection) {
  WebSocketWire::on_deadline(worker, connection);
}

}  // namespace sluice::gateway
