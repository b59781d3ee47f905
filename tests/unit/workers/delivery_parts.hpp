#pragma once
// The parts of a worker that bring messages to sockets, without its loop: connections are halves of socket pairs, and
// the test reads the other halves.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <string>
#include <vector>

#include "tests/unit/workers/messages.hpp"
#include "tests/unit/workers/reach_connection.hpp"
#include "workers/delivery.hpp"
#include "workers/flusher.hpp"

namespace sluice::workers {

// Each message is its data and a line's end, in front of it the room in format `with_room`. Counts what it encodes. In
// format `own`, each connection numbers what it is given.
class PlainEdge : public Edge {
 public:
  static constexpr WireFormat bare = 1, with_room = 2, own = 3;

  std::unique_ptr<Wire> make_wire(Worker&, ListenerKind) override { return nullptr; }
  void encode(base::WorkerId, WireFormat format, const Message& message, const RoomKey* room,
              std::string& out) override {
    ++encoded;
    if (format == with_room) out.append(room != nullptr ? room->name : "-").append(":");
    out.append(message.data).append("\n");
  }
  void encode_gap(WireFormat format, GapReason, std::string& out) const override {
    if (format != bare) out += "GAP\n";
  }
  bool shows_room(WireFormat format) const override { return format == with_room; }
  bool is_own(WireFormat format) const override { return format == own; }

  int encoded = 0;
};

class NumberingWire : public Wire {
 public:
  Protocol protocol() const override { return Protocol::http; }
  std::size_t on_bytes(Worker&, Connection&, std::span<char> bytes) override { return bytes.size(); }
  void on_end_of_stream(Worker&, Connection&) override {}
  void on_deadline(Worker&, Connection&) override {}
  void on_ending(Worker&, Connection&, const Ending&) override {}
  void encode_own(const Message& message, const RoomKey*, std::string& out) override {
    out.append(std::to_string(++number_)).append("=").append(message.data).append("\n");
  }

 private:
  int number_ = 0;
};

inline Options with_policy(SlowPolicy policy, std::size_t outbox_messages_max = 16384) {
  Options options;
  options.slow_policy = policy;
  options.outbox_messages_max = outbox_messages_max;
  return options;
}

class DeliveryParts {
 public:
  explicit DeliveryParts(const Options& of = {}) : options(of), queued(of.queued_bytes_max) {}
  ~DeliveryParts() {
    for (const auto& [slot, descriptor] : clients_) {
      Connection& connection = slab.at(slot);
      reach(OutboxOf{}, connection).clear(frames);
      ::close(reach(DescriptorOf{}, connection));
      if (descriptor >= 0) ::close(descriptor);
    }
  }

  // Opens a connection with small buffers that is a member of these rooms from `joined_place` on.
  std::uint32_t open(const std::vector<std::string>& names, WireFormat format = PlainEdge::bare,
                     std::uint64_t joined_place = 0) {
    int pair[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    const int bytes = 4096;
    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    Connection& connection = slab.take();
    reach(DescriptorOf{}, connection) = pair[0];
    reach(FormatOf{}, connection) = format;
    reach(WireOf{}, connection) = std::make_unique<NumberingWire>();
    clients_[connection.slot()] = pair[1];
    join(connection.slot(), names, joined_place);
    return connection.slot();
  }
  void join(std::uint32_t slot, const std::vector<std::string>& names, std::uint64_t joined_place = 0) {
    for (const RoomKey& key : rooms_named(names)) {
      rooms.join({}, key, slot, slab.at(slot).memberships(), joined_place);
    }
  }
  Connection& at(std::uint32_t slot) { return slab.at(slot); }
  Outbox& outbox(std::uint32_t slot) { return reach(OutboxOf{}, slab.at(slot)); }
  base::ConnectionId id_of(std::uint32_t slot) {
    return {incarnation, worker, slot, reach(GenerationOf{}, slab.at(slot))};
  }

  // Gives the message the next place and delivers it.
  void deliver(const std::shared_ptr<Message>& message) { deliver(std::vector{message}); }
  void deliver(const std::vector<std::shared_ptr<Message>>& messages) {
    std::vector<std::shared_ptr<const Message>> mail;
    for (const std::shared_ptr<Message>& message : messages) {
      message->place = ++place;
      mail.push_back(message);
    }
    delivery.deliver(mail, now);
  }
  void say(const char* room, std::string data) { deliver(message_to(room, std::move(data))); }

  void flush() {
    while (flusher.has_dirty()) flusher.flush_some(delivery);
  }
  // Fills the socket, so that it takes nothing until the client has read. The client sees '#' first.
  void fill(std::uint32_t slot) {
    const std::string filler(256, '#');
    while (send(reach(DescriptorOf{}, slab.at(slot)), filler.data(), filler.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
    }
    deliver_probe(slot);
  }
  // What the client can read now, without fillers.
  std::string read(std::uint32_t slot) {
    std::string text(1 << 20, '\0'), all;
    ssize_t got = 0;
    while ((got = recv(clients_[slot], text.data(), text.size(), MSG_DONTWAIT)) > 0) {
      all.append(text.data(), static_cast<std::size_t>(got));
    }
    std::erase(all, '#');
    return all;
  }
  // Lets client and gateway take turns until nothing waits; what the client got.
  std::string read_all(std::uint32_t slot) {
    std::string all;
    while (true) {
      flush();
      const std::string part = read(slot);
      all += part;
      if (part.empty() && outbox(slot).is_empty()) return all;
      flusher.unblock(slab.at(slot));
    }
  }
  void hang_up(std::uint32_t slot) {
    ::close(clients_[slot]);
    clients_[slot] = -1;
  }
  std::uint64_t drops(DropReason reason) const { return metrics.drops[static_cast<std::size_t>(reason)].read(); }

  static constexpr std::uint32_t incarnation = 7;
  static constexpr base::WorkerId worker{0};

  Options options;
  base::TimePoint now = base::Clock::now();
  std::uint64_t place = 0;
  base::ByteBudget queued;
  Metrics metrics;
  PlainEdge edge;
  Slab slab;
  Rooms rooms;
  Frames frames{queued, metrics};
  Endings endings;
  overload::Relief relief;
  Flusher flusher{slab, frames, endings, metrics, options, relief};
  Delivery delivery{{slab, rooms, frames, flusher, endings, metrics, options, edge, queued, NoBackend::instance(),
                     incarnation, worker, relief}};

 private:
  // A control frame that the full socket does not take tells the flusher that it is blocked.
  void deliver_probe(std::uint32_t slot) {
    delivery.send_control(slab.at(slot), "#", now);
    flush();
    EXPECT_FALSE(outbox(slot).is_empty());
  }

  std::map<std::uint32_t, int> clients_;
};

}  // namespace sluice::workers
