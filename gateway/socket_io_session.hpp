#pragma once
// SocketIoSession: what a Socket.IO client says over its Engine.IO session: which namespaces it joins, events,
// acknowledgements. Each namespace that it is in has a connection of its own (SocketIoSocket), which rides on the
// session's.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/engine_application.hpp"
#include "gateway/inbound.hpp"
#include "gateway/pending_event.hpp"
#include "gateway/recovery.hpp"
#include "gateway/socket_io.hpp"
#include "gateway/worker_context.hpp"

namespace sluice::gateway {

class SocketIoSession final : public EngineApplication {
 public:
  // `context` outlives this. `rooms` are what each namespace's socket is put into.
  SocketIoSession(WorkerContext& context, std::vector<workers::RoomKey> rooms);

  workers::Protocol protocol() const override { return workers::Protocol::socket_io; }
  void on_open(workers::Worker& worker, workers::Connection& connection) override;
  base::Result<bool> on_message(workers::Worker& worker, workers::Connection& connection, bool is_binary,
                                std::string_view data) override;
  bool on_resume(workers::Worker& worker, workers::Connection& connection) override;
  std::optional<base::TimePoint> deadline() const override;
  void on_deadline(workers::Worker& worker, workers::Connection& connection) override;
  void on_end(workers::Worker& worker, workers::Connection& connection, workers::EndReason reason) override;

 private:
  // A namespace that the client has joined, or is about to.
  struct Joined {
    base::NamespaceId name_space;
    bool is_claimed = false;                 // its socket is still asked for
    std::uint32_t slot = 0, generation = 0;  // of the rider
  };
  // An event that could not be published yet.
  struct Waiting {
    Held message;
    base::NamespaceId name_space;
    std::optional<std::uint64_t> ack_id;
    std::size_t own = 0;  // receivers that are the sender itself
  };

  // What a client that comes back wants.
  struct Return {
    base::NamespaceId name_space;
    std::string pid;
    std::optional<base::Position> since;
    std::string auth;
  };

  base::Result<bool> on_packet(workers::Worker& worker, workers::Connection& connection,
                               const socket_io::Packet& packet, std::vector<std::string> attachments);
  base::Status on_connect(workers::Worker& worker, workers::Connection& connection, const socket_io::Packet& packet);
  void join(workers::Worker& worker, workers::Connection& connection, base::NamespaceId name_space, std::string auth);
  bool rejoin(workers::Worker& worker, workers::Connection& connection, const BrokenSocket& socket, const Return& wish);
  void welcome(workers::Worker& worker, workers::Connection& connection, workers::Connection& rider, std::string auth,
               bool is_recovered);
  void on_claimed(workers::Worker& worker, workers::Connection& connection, const Return& wish,
                  std::optional<BrokenSocket> socket);
  base::Result<bool> on_event(workers::Worker& worker, workers::Connection& connection, workers::Connection& rider,
                              const socket_io::Packet& packet, std::vector<std::string> attachments);
  bool hand_to_backend(workers::Worker& worker, const workers::Connection& rider, Waiting waiting);
  bool publish(workers::Worker& worker, workers::Connection& connection, Waiting waiting);
  void send(workers::Worker& worker, workers::Connection& connection, std::string_view text);
  Joined* find(base::NamespaceId name_space);

  WorkerContext& context_;
  std::unique_ptr<std::vector<workers::RoomKey>> rooms_;  // null: the default one
  std::vector<Joined> joined_;
  std::unique_ptr<PendingEvent> pending_;
  std::unique_ptr<Waiting> waiting_;
  base::TimePoint connect_by_{};  // until the client has joined its first namespace
};

}  // namespace sluice::gateway
