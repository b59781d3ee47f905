#pragma once
// SocketIoSession: what a Socket.IO client says over its Engine.IO session: which namespaces it joins, events,
// acknowledgements. Each namespace that it is in has a connection of its own (SocketIoSocket), which rides on the
// session's.

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/admission.hpp"
#include "gateway/engine_application.hpp"
#include "gateway/inbound.hpp"
#include "gateway/pending_event.hpp"
#include "gateway/recovery.hpp"
#include "gateway/socket_io.hpp"
#include "gateway/subscription.hpp"
#include "gateway/worker_context.hpp"
#include "workers/receipt.hpp"

namespace sluice::gateway {

class SocketIoSession final : public EngineApplication {
 public:
  // What the session's request said.
  struct Handshake {
    std::vector<workers::RoomKey> rooms;  // that are asked for, in each namespace
    workers::ConnectDetails details;
    // By its token, if it had one; or why that is not good, which matters where the client shows no other.
    base::Result<std::optional<Admission>> shown;
    ClientCounts::Place place = {};  // what the client is counted by
  };
  // `context` outlives this.
  SocketIoSession(WorkerContext& context, Handshake handshake);
  // One that arrives from another node, and is counted by `place`.
  SocketIoSession(WorkerContext& context, const SocketIoState& state, ClientCounts::Place place);

  // The session whose connection this is; null if it is none's.
  static SocketIoSession* of(workers::Connection* connection);

  workers::Protocol protocol() const override { return workers::Protocol::socket_io; }
  void on_open(workers::Worker& worker, workers::Connection& connection) override;
  base::Result<bool> on_message(workers::Worker& worker, workers::Connection& connection, bool is_binary,
                                std::string_view data) override;
  bool on_resume(workers::Worker& worker, workers::Connection& connection) override;
  std::optional<base::TimePoint> deadline() const override;
  const workers::Connection* first_rider(workers::Worker& worker) const override;
  void on_deadline(workers::Worker& worker, workers::Connection& connection) override;
  void on_end(workers::Worker& worker, workers::Connection& connection, workers::EndReason reason) override;
  bool is_quiet() const override;
  std::vector<NamespaceRooms> rooms(workers::Worker& worker, const workers::Connection& connection) const override;
  void leave(workers::Worker& worker, workers::Connection& connection, SessionState& state) override;
  base::Result<Renamed> arrive(workers::Worker& worker, workers::Connection& connection, SessionState& state) override;

 private:
  // A namespace that the client has joined.
  struct Joined {
    base::NamespaceId name_space;
    std::uint32_t slot, generation;  // of the rider
  };
  // One that it is about to join, and why that takes a while: a verdict is asked for, or the socket that it was, or the
  // messages of its rooms are to come to this node.
  struct Joining {
    std::uint32_t slot, generation;  // of the rider, which is no member yet
    std::string name_space;
    std::string auth;
    std::string pid;  // empty: it does not come back
    std::optional<base::Position> since;
    Admission admission;
    base::NamespaceId id;                // once it was admitted
    std::optional<BrokenSocket> broken;  // the socket that it was, once that was found; kept for it, if it goes
  };
  // An event that could not be published yet.
  struct Waiting {
    Held message;
    base::NamespaceId name_space;
    std::optional<std::uint64_t> ack_id;
  };

  // What few have, or only for a moment.
  struct Rare {
    std::unique_ptr<Handshake> handshake;  // null: it said nothing
    std::vector<Joining> joining;
    std::unique_ptr<PendingEvent> pending;
    std::unique_ptr<Waiting> waiting;
    std::uint32_t owed = 0;  // acknowledgements that are still to come
  };
  Rare& rare();
  const Handshake* handshake() const { return rare_ ? rare_->handshake.get() : nullptr; }
  std::size_t joining_count() const { return rare_ ? rare_->joining.size() : 0; }

  base::Result<bool> on_packet(workers::Worker& worker, workers::Connection& connection,
                               const socket_io::Packet& packet, std::vector<std::string> attachments);
  base::Status on_connect(workers::Worker& worker, workers::Connection& connection, const socket_io::Packet& packet);
  void ask(workers::Worker& worker, workers::Connection& connection, const Joining& joining);
  void take_verdict(workers::Worker& worker, workers::Connection& connection, Joining joining,
                    const workers::Verdict* verdict);
  void not_prepared(workers::Worker& worker, workers::Connection& connection, const Joining& joining,
                    const base::Error& why);
  void refuse(workers::Worker& worker, workers::Connection& connection, const Joining& joining,
              std::string_view message, std::string_view data = {});
  void admit(workers::Worker& worker, workers::Connection& connection, Joining joining);
  // Goes on with `then` once the messages of those rooms come here, or cannot be had.
  using Prepared = void (SocketIoSession::*)(workers::Worker&, workers::Connection&, Joining, const base::Status&);
  void prepare(workers::Worker& worker, workers::Connection& connection, Joining joining,
               const std::vector<workers::RoomKey>& rooms, std::optional<base::Position> since, Prepared then);
  std::vector<workers::RoomKey> rooms_of(workers::Connection& rider, const Joining& joining) const;
  void prepare_new(workers::Worker& worker, workers::Connection& connection, Joining joining);
  void join(workers::Worker& worker, workers::Connection& connection, Joining joining, const base::Status& status);
  void rejoin(workers::Worker& worker, workers::Connection& connection, Joining joining, const base::Status& status);
  bool come_back(workers::Worker& worker, workers::Connection& connection, const Joining& joining,
                 const BrokenSocket& socket);
  void welcome(workers::Worker& worker, workers::Connection& connection, workers::Connection& rider,
               const Joining& joining, bool is_recovered);
  void on_claimed(workers::Worker& worker, workers::Connection& connection, Joining joining,
                  base::Result<std::optional<BrokenSocket>> claimed);
  base::Result<Admission> authenticate(std::string_view auth) const;
  std::vector<workers::RoomKey> asked_rooms() const;
  workers::ConnectDetails details_of(const Joining& joining) const;
  base::Result<bool> on_event(workers::Worker& worker, workers::Connection& connection, workers::Connection& rider,
                              const socket_io::Packet& packet, std::vector<std::string> attachments);
  bool hand_to_backend(workers::Worker& worker, workers::Connection& rider, Waiting waiting);
  bool publish(workers::Worker& worker, workers::Connection& connection, Waiting waiting);
  void acknowledge(workers::Worker& worker, workers::Connection& connection, const Waiting& published,
                   const base::Result<workers::Receipt>& receipt);
  void send_reached(workers::Worker& worker, workers::Connection& connection, const Waiting& published,
                    std::uint64_t reached);
  MemberState leaving_socket(workers::Worker& worker, workers::Connection& rider);
  base::Status arrive_socket(workers::Worker& worker, workers::Connection& connection, const MemberState& member,
                             Renamed& renamed);
  void send(workers::Worker& worker, workers::Connection& connection, std::string_view text);
  Joined* find(std::string_view name_space);
  // Gives what is to be joined at that rider and forgets it; nothing if that is over.
  std::optional<Joining> take_joining(std::uint32_t slot, std::uint32_t generation);
  Joining& add_joining(Joining joining);

  WorkerContext& context_;
  // There is one for nearly each client, nearly always in one namespace: the first needs no memory of its own.
  boost::container::small_vector<Joined, 1> joined_;
  std::unique_ptr<Rare> rare_;    // null: none of it
  base::TimePoint connect_by_{};  // until the client has joined its first namespace
};

}  // namespace sluice::gateway
