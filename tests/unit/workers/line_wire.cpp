#include "tests/unit/workers/line_wire.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "tests/unit/workers/eager_transport.hpp"
#include "tests/unit/workers/messages.hpp"

namespace sluice::workers {

std::unique_ptr<Transport> LineEdge::make_transport(Worker&, ListenerKind kind, int) {
  return kind == with_transport ? std::make_unique<EagerTransport>() : nullptr;
}

std::unique_ptr<Wire> LineEdge::make_wire(Worker&, ListenerKind) { return std::make_unique<LineWire>(*this); }

void LineEdge::encode(base::WorkerId, WireFormat, const Message& message, const RoomKey* room, std::string& out) {
  out.append(room != nullptr ? room->name : "").append("@").append(std::to_string(message.position.offset));
  out.append(":").append(message.data).append("\n");
}

void LineWire::on_start(Worker&, Connection&) {
  if (edge_.fails_to_start.exchange(false)) throw std::runtime_error("asked to fail at the start");
}

std::size_t LineWire::on_bytes(Worker& worker, Connection& connection, std::span<char> bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && connection.is_open() && !connection.are_reads_paused()) {
    const auto rest = bytes.subspan(taken);
    const auto end = std::find(rest.begin(), rest.end(), '\n');
    line_.append(rest.begin(), end);
    const std::size_t size = static_cast<std::size_t>(end - rest.begin()) + (end == rest.end() ? 0 : 1);
    taken += size;
    bytes_ += size;
    if (end == rest.end()) break;
    const std::string line = std::exchange(line_, {});
    obey(worker, connection, line);
    // The new wire has the rest.
    if (line == "become") break;
  }
  return taken;
}

void LineWire::obey(Worker& worker, Connection& connection, const std::string& line) {
  std::istringstream words(line);
  std::string verb;
  words >> verb;
  if (verb == "join") {
    join(worker, connection, std::nullopt, words);
  } else if (verb == "resume") {
    std::string position;
    words >> position;
    join(worker, connection, base::Position::parse(position), words);
  } else if (verb == "say") {
    say(worker, connection, words);
  } else if (verb == "echo") {
    worker.deliver_to(connection, message_to("", line.substr(5)));
  } else if (verb == "ping") {
    worker.send(connection, "pong\n");
  } else if (verb == "bytes") {
    worker.send(connection, std::to_string(bytes_) + "\n");
  } else if (verb == "arm") {
    int milliseconds = 0;
    words >> milliseconds;
    worker.arm(connection, worker.now() + std::chrono::milliseconds(milliseconds));
  } else if (verb == "become") {
    worker.become(connection, std::make_unique<ShoutWire>(edge_));
  } else if (verb == "end") {
    worker.end(connection, {EndReason::client_closed, 1000, line.substr(4)});
  } else if (verb == "vanish") {
    worker.abandon(connection, EndReason::protocol_error);
  } else if (verb == "throw") {
    throw std::runtime_error("asked to throw");
  }
}

void LineWire::join(Worker& worker, Connection& connection, std::optional<base::Position> since, std::istream& keys) {
  Announcement announcement{base::NamespaceId{0}, 1, {}, since};
  for (std::string key; keys >> key;) {
    announcement.rooms.push_back(key.starts_with("user:") ? RoomKey::user(key.substr(5)) : RoomKey::room(key));
  }
  Announced announced = worker.announce(connection, std::move(announcement));
  worker.send(connection, "open " + std::to_string(announced.position.offset) + " " +
                              std::to_string(static_cast<int>(announced.gap)) + "\n");
  worker.replay(connection, std::move(announced.missed));
}

void LineWire::say(Worker& worker, Connection& connection, std::istream& words) {
  std::string room, text;
  words >> room >> std::ws;
  std::getline(words, text);
  const auto message = message_to(room.c_str(), text);
  if (worker.publish(message, nullptr)->has_value()) return;
  held_ = message;
  ++edge_.pauses;
  worker.pause_reads(connection);
}

void LineWire::on_resume(Worker& worker, Connection& connection) {
  if (!held_) return;
  if (worker.publish(held_, nullptr)->has_value()) return held_.reset();
  worker.pause_reads(connection);
}

void LineWire::on_end_of_stream(Worker& worker, Connection& connection) {
  worker.end(connection, {EndReason::client_closed, 1000, "end of stream"});
}

void LineWire::on_deadline(Worker& worker, Connection& connection) { worker.send(connection, "deadline\n"); }

void LineWire::on_ending(Worker& worker, Connection& connection, const Ending& ending) {
  std::string words = "bye ";
  words.append(name_of(ending.reason)).append(" ").append(std::to_string(ending.close_code));
  worker.send(connection, words + " " + ending.text + "\n");
  if (ending.reason == EndReason::client_closed) worker.close_after_flush(connection);
}

std::size_t ShoutWire::on_bytes(Worker& worker, Connection& connection, std::span<char> bytes) {
  worker.send(connection, "SHOUT " + std::string(bytes.begin(), bytes.end()));
  return bytes.size();
}

}  // namespace sluice::workers
