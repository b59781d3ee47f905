#pragma once
// EngineSession: one Engine.IO client, from its handshake to its end, over long-polling, over a WebSocket, or first the
// one and then the other. The wire of a connection that may have no socket. All overlaps of requests are decided here.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/client_counts.hpp"
#include "gateway/engine_application.hpp"
#include "gateway/engine_io.hpp"
#include "gateway/frame_decoder.hpp"
#include "gateway/http_exchange.hpp"
#include "gateway/worker_context.hpp"
#include "workers/wire.hpp"

namespace sluice::gateway {

class PollTransport;

class EngineSession final : public workers::Wire {
 public:
  // `context` outlives this. With `transport`, which is the connection's own, it begins with polling; else with a
  // WebSocket.
  EngineSession(WorkerContext& context, std::unique_ptr<EngineApplication> application, PollTransport* transport);
  ~EngineSession() override;

  // The session whose connection this is; null if it is none's.
  static EngineSession* of(workers::Connection* connection);

  // Tells the client that the session is open. The first poll, if it begins with one, is `poll`.
  void open(workers::Worker& worker, workers::Connection& connection, const std::optional<ExchangeId>& poll);

  // --- requests of a client that polls ---
  void on_poll(workers::Worker& worker, workers::Connection& connection, const ExchangeId& id);
  // Whether a poll should come again a turn later: the WebSocket may already have said what makes it pointless.
  bool is_changing() const { return upgrade_ >= Upgrade::probed; }
  // A POST has begun, whose payload is still to come.
  void on_post_begun(workers::Worker& worker, workers::Connection& connection, const ExchangeId& id);
  void on_post(workers::Worker& worker, workers::Connection& connection, const ExchangeId& id, std::string payload);
  // Whoever made that request is gone.
  void on_request_gone(workers::Worker& worker, workers::Connection& connection, const ExchangeId& id);

  // --- a WebSocket that is to take over ---
  // False if there is nothing to take over, or another one is about to.
  bool begin_upgrade(const workers::Connection& connection);
  // It works: from now on the client waits for its poll to be answered.
  void on_probed(workers::Connection& connection);
  void end_upgrade() { upgrade_ = Upgrade::none; }
  // Whether it may happen now: every request's messages were taken, so that the WebSocket's come behind them.
  bool may_take_over() const { return polling_ && !polling_->post; }
  // It happens at the loop's next safe point: no request is taken any more.
  void begin_take_over() { upgrade_ = Upgrade::taken; }

  // --- a WebSocket at another node, `socket`, that is to take over (engine_session_moving.cpp) ---
  // As begin_upgrade(); gives the session's rooms.
  base::Result<std::vector<NamespaceRooms>> begin_move(workers::Worker& worker, workers::Connection& connection,
                                                       const ExchangeId& socket);
  void on_move_probed(workers::Connection& connection, const ExchangeId& socket);
  // Gives all of the session, once nothing is under way, and ends it here.
  using OnGiven = std::function<void(const base::Result<SessionState>& state)>;
  void give_away(workers::Worker& worker, workers::Connection& connection, const ExchangeId& socket, OnGiven then);
  // It does not happen.
  void end_move(workers::Worker& worker, workers::Connection& connection, const ExchangeId& socket);
  // On the other side: one that goes on here over the connection's WebSocket; see EngineApplication::arrive().
  static std::unique_ptr<EngineSession> make_arrived(WorkerContext& context, const SessionState& state,
                                                     ClientCounts::Place place);
  base::Result<EngineApplication::Renamed> arrive(workers::Worker& worker, workers::Connection& connection,
                                                  SessionState& state);

  EngineApplication& application() { return *application_; }

  workers::Protocol protocol() const override { return application_->protocol(); }
  const workers::Connection* first_rider(workers::Worker& worker) const override {
    return application_->first_rider(worker);
  }
  void on_start(workers::Worker& worker, workers::Connection& connection) override;
  std::size_t on_bytes(workers::Worker& worker, workers::Connection& connection, std::span<char> bytes) override;
  void on_resume(workers::Worker& worker, workers::Connection& connection) override;
  void on_end_of_stream(workers::Worker& worker, workers::Connection& connection) override;
  void on_deadline(workers::Worker& worker, workers::Connection& connection) override;
  void on_ending(workers::Worker& worker, workers::Connection& connection, const workers::Ending& ending) override;
  void on_socket(workers::Worker& worker, workers::Connection& connection) override;
  void on_gone(workers::Worker& worker, workers::Connection& connection) override;

 private:
  // How far a WebSocket that has come has got with taking over: it works; it is given to the session.
  enum class Upgrade : std::uint8_t { none, begun, probed, taken };

  struct Move {
    ExchangeId socket;
    base::TimePoint until;
    OnGiven given;  // not null: it is to leave
  };

  // What only a client that polls needs.
  struct Polling {
    PollTransport* transport;
    std::optional<ExchangeId> post;  // that has begun and was not answered
    bool is_post_whole = false;
    std::string payload;         // of it
    std::size_t taken = 0;       // of the payload
    std::unique_ptr<Move> move;  // to where a WebSocket is that may take over
  };

  void take_packets(workers::Worker& worker, workers::Connection& connection);
  void finish_post(workers::Worker& worker, bool is_fine);
  void on_frame(workers::Worker& worker, workers::Connection& connection, const FrameDecoder::Event& event);
  // False: the application holds it; nothing more may be taken.
  bool on_packet(workers::Worker& worker, workers::Connection& connection, const engine_io::Packet& packet);
  void on_client_close(workers::Worker& worker, workers::Connection& connection);
  // The client broke the protocol.
  void fail(workers::Worker& worker, workers::Connection& connection, std::string_view why);
  void send(workers::Worker& worker, workers::Connection& connection, engine_io::PacketType type);
  void arm(workers::Worker& worker, workers::Connection& connection);
  Move* find_move(const ExchangeId& socket);
  void go_on_with_move(workers::Worker& worker, workers::Connection& connection);
  void leave(workers::Worker& worker, workers::Connection& connection);

  WorkerContext& context_;
  std::unique_ptr<EngineApplication> application_;
  std::unique_ptr<Polling> polling_;  // null: over WebSocket
  FrameDecoder decoder_;
  base::TimePoint beat_{};    // the next ping, or the one that is not answered
  bool awaits_pong_ = false;  // a ping was sent
  bool is_over_ = false;      // the application was told so
  Upgrade upgrade_ = Upgrade::none;
};

}  // namespace sluice::gateway
