#include "gateway/udp_port.hpp"

#include <utility>

#include "gateway/udp_transport.hpp"
#include "gateway/udp_wire.hpp"
#include "gateway/utf8.hpp"

namespace sluice::gateway {

using base::Errc;
using base::fail;
using workers::Connection;
using workers::EndReason;
using workers::Worker;
using Kind = ClientCommand::Kind;

namespace {

// Senders who have not subscribed: whoever forges addresses makes no more of them than these.
constexpr std::size_t strangers_max = 1024;
// A challenge is good in its own time and in the next.
constexpr std::chrono::seconds challenge_time{32};

std::uint64_t time_of(const Worker& worker) {
  return static_cast<std::uint64_t>(worker.now().time_since_epoch() / challenge_time);
}

}  // namespace

UdpPort::UdpPort(int descriptor, const base::Address& address, const SocketOptions& options, Contexts& contexts)
    : options_(options), contexts_(contexts), socket_(descriptor, address, options.udp_datagram_bytes_max) {}

// --- what comes ---

void UdpPort::on_readable(Worker& worker) {
  socket_.read_errors([&](const UdpPeer& peer) { on_unreachable(worker, peer); });
  const std::size_t count = socket_.read([&](const UdpPeer& peer, std::string_view bytes, bool is_cut) {
    worker.metrics().wire_bytes_received.add(bytes.size());
    on_datagram(worker, peer, bytes, is_cut);
  });
  worker.metrics().udp.received.add(count);
}

void UdpPort::on_datagram(Worker& worker, const UdpPeer& peer, std::string_view bytes, bool is_cut) {
  Connection* const connection = find(worker, peer);
  const bool is_member = connection != nullptr && connection->is_announced();
  const Question question{peer, is_member ? options_.udp_datagram_bytes_max : bytes.size()};
  // It sends faster than what it sends can be taken; a datagram may be lost.
  if (connection != nullptr && connection->are_reads_paused()) {
    return worker.drop_received(workers::DropReason::over_rate);
  }
  if (is_cut) {
    return refuse(worker, question,
                  fail(Errc::too_large,
                       "a datagram is longer than " + std::to_string(options_.udp_datagram_bytes_max) + " bytes"));
  }
  if (!is_utf8(bytes)) return refuse(worker, question, fail(Errc::bad_request, "a datagram is UTF-8"));
  auto read = read_command(bytes, Dialect::datagrams);
  if (!read.command) return refuse(worker, question, read.command.error());
  ClientCommand& command = *read.command;
  if (command.kind == Kind::nothing) return;
  if (command.kind == Kind::subscribe && !is_proof(worker, peer, command.proof)) {
    worker.metrics().udp.challenges.add();
    const std::string challenge = contexts_.context_of(worker).seals.challenge(peer.bytes(), time_of(worker));
    return answer(worker, {peer, bytes.size()}, "{\"challenge\":\"" + challenge + "\"}");
  }
  // Whoever is not there has nothing to leave.
  if (connection == nullptr && command.kind == Kind::leave) return;
  const auto opened = connection == nullptr ? open(worker, peer) : base::Result<Connection*>(connection);
  if (!opened) return refuse(worker, question, opened.error());
  Connection& own = **opened;
  worker.run_for(own, [&] { wire_of(own).on_command(worker, own, std::move(command), bytes.size()); });
}

bool UdpPort::is_proof(Worker& worker, const UdpPeer& peer, std::string_view proof) const {
  if (proof.empty()) return false;
  const Seals& seals = contexts_.context_of(worker).seals;
  const std::uint64_t time = time_of(worker);
  return proof == seals.challenge(peer.bytes(), time) || proof == seals.challenge(peer.bytes(), time - 1);
}

void UdpPort::on_unreachable(Worker& worker, const UdpPeer& peer) {
  Connection* const connection = find(worker, peer);
  if (connection != nullptr) worker.abandon(*connection, EndReason::client_vanished);
}

// --- who is there ---

UdpWire& UdpPort::wire_of(Connection& connection) {
  // No other wire has a connection here.
  return static_cast<UdpWire&>(connection.wire());
}

Connection* UdpPort::find(Worker& worker, const UdpPeer& peer) {
  const auto found = peers_.find(peer);
  return found == peers_.end() ? nullptr : worker.find_open(found->second.slot, found->second.generation);
}

base::Result<Connection*> UdpPort::open(Worker& worker, const UdpPeer& peer) {
  if (!worker.is_accepting()) return fail(Errc::unavailable, "the gateway is going away");
  // One that is about to go has the address until it has gone.
  if (peers_.contains(peer)) return fail(Errc::unavailable, "the address's connection is ending; try again");
  make_room_for_stranger(worker);
  WorkerContext& context = contexts_.context_of(worker);
  Connection* const connection = worker.open_session(std::make_unique<UdpWire>(context, *this, peer),
                                                     std::make_unique<UdpTransport>(*this, peer, worker.metrics().udp));
  if (connection == nullptr) return fail(Errc::unavailable, "there are as many connections as may be");
  worker.unblock(*connection);
  const SlotGeneration whose{connection->slot(), connection->generation()};
  peers_[peer] = whose;
  strangers_.push_back(whose);
  return connection;
}

void UdpPort::make_room_for_stranger(Worker& worker) {
  if (strangers_.size() < strangers_max) return;
  std::erase_if(strangers_, [&](const SlotGeneration& one) {
    const Connection* const connection = worker.find_open(one.slot, one.generation);
    return connection == nullptr || connection->is_announced();
  });
  if (strangers_.size() < strangers_max) return;
  const SlotGeneration oldest = strangers_.front();
  strangers_.pop_front();
  worker.abandon(*worker.find_open(oldest.slot, oldest.generation), EndReason::exhausted);
}

void UdpPort::forget(const UdpPeer& peer) { peers_.erase(peer); }

// --- what goes ---

void UdpPort::answer(Worker& worker, const Question& question, std::string_view object) {
  if (object.size() > question.answer_bytes_max) {
    // There is an answer that is shorter than any question: put spaces behind it.
    object = R"({"error":"pad"})";
    if (object.size() > question.answer_bytes_max) return worker.metrics().udp.answers_withheld.add();
  }
  send(question.peer, object);
}

void UdpPort::refuse(Worker& worker, const Question& question, const base::Error& error) {
  const std::string object = error_object(error);
  if (object.size() > question.answer_bytes_max) return worker.metrics().udp.answers_withheld.add();
  send(question.peer, object);
}

bool UdpPort::send(const UdpPeer& to, std::string_view datagram) {
  if (socket_.gather(to, datagram)) return true;
  if (const auto found = peers_.find(to); found != peers_.end()) blocked_.push_back(found->second);
  return false;
}

void UdpPort::on_writable(Worker& worker) {
  if (socket_.send()) unblock(worker);
}

// Whoever could not be written to is, now that the kernel has taken all that was gathered.
void UdpPort::unblock(Worker& worker) {
  for (const SlotGeneration& one : std::exchange(blocked_, {})) {
    if (Connection* const connection = worker.find_slot(one.slot, one.generation)) worker.unblock(*connection);
  }
}

bool UdpPort::on_written(Worker& worker) {
  const bool is_done = socket_.send();
  if (is_done) unblock(worker);
  count(worker);
  return is_done;
}

void UdpPort::count(Worker& worker) {
  workers::UdpMetrics& metrics = worker.metrics().udp;
  if (const std::size_t sent = socket_.take_sent(); sent > 0) metrics.sent.add(sent);
  if (const std::size_t lost = socket_.take_lost(); lost > 0) metrics.lost.add(lost);
  if (worker.now() < next_look_) return;
  next_look_ = worker.now() + std::chrono::seconds(1);
  const std::size_t overflows = socket_.overflows();
  metrics.overflows.add(overflows - std::exchange(overflows_, overflows));
}

}  // namespace sluice::gateway
