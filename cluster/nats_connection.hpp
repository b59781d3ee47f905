#pragma once
// NatsConnection: one connection to one server, from INFO over TLS and CONNECT until it is ready (docs.nats.io, Client
// Protocol; ADR-40), and then its messages, pings and end. Belongs to the thread that runs its io_context.

#include <deque>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "cluster/nats_info.hpp"
#include "cluster/nats_link.hpp"
#include "cluster/nats_parser.hpp"
#include "cluster/nats_servers.hpp"
#include "cluster/nats_settings.hpp"
#include "cluster/timer.hpp"

namespace sluice::cluster {

class NatsConnection final : private NatsLink::Listener {
 public:
  class Listener {
   public:
    // What is to be in force when the connection is ready is appended: it goes out between CONNECT and the first PING.
    virtual void on_joining(std::string& out) = 0;
    virtual void on_ready() = 0;
    virtual void on_message(const NatsMessage& message) = 0;
    // An answer to a PING that was sent by ping().
    virtual void on_pong() = 0;
    // The server says something new of itself or its cluster.
    virtual void on_info() = 0;
    // The server complains of something and goes on (-ERR).
    virtual void on_complaint(std::string_view text) = 0;
    virtual void on_written() = 0;
    // Told once, at the end of a connection that nobody ended here. Errc::unauthenticated: one of both does not accept
    // the other.
    virtual void on_lost(const base::Error& error) = 0;

   protected:
    ~Listener() = default;
  };

  // Begins at once. `settings`, `server` and `listener` outlive it.
  NatsConnection(boost::asio::io_context& loop, const NatsSettings& settings, const NatsServers::Server& server,
                 bool requires_tls, Listener& listener);

  // Ends it; nothing is told any more. May be called from what is told, where the object has to live on.
  void end();
  bool is_ready() const { return stage_ == Stage::ready; }
  bool is_ended() const { return stage_ == Stage::ended; }
  // What the server said of itself last. Of a connection that is or was ready.
  const NatsInfo& info() const { return info_; }
  bool was_ready() const { return ready_since_ != base::TimePoint(); }
  // Since it was ready; 0 if it never was.
  base::Duration age() const;

  // As NatsLink's, of one that has not ended.
  std::string& outgoing() { return link_->outgoing(); }
  void send() { link_->send(); }
  std::size_t outgoing_bytes() const { return link_->outgoing_bytes(); }
  // Sends a PING whose answer is told.
  void ping();

 private:
  enum class Stage : std::uint8_t { greeting, securing, joining, ready, ended };

  void on_opened() override {}
  void on_secured() override { join(); }
  void on_bytes(std::string_view bytes) override;
  void on_written() override;
  void on_lost(const base::Error& error) override { lose(error); }

  void take(const NatsParser::Event& event, std::string_view rest);
  void take_info(std::string_view json, std::string_view rest);
  void take_complaint(std::string_view text);
  void take_pong();
  void secure();
  void join();
  void check_pings();
  void lose(base::Error error);

  const NatsSettings& settings_;
  const NatsServers::Server server_;
  const bool requires_tls_;
  Listener& listener_;
  std::optional<NatsLink> link_;
  Timer timer_;  // until it is ready: of its patience; then of its pings
  NatsParser parser_;
  NatsInfo info_;
  Stage stage_ = Stage::greeting;
  bool is_secured_ = false;
  base::TimePoint ready_since_;
  std::deque<bool> pings_;   // that were not answered yet; true: whose answer is told
  unsigned unanswered_ = 0;  // of the pings that are sent to see whether the server is there
  std::string last_complaint_;
};

}  // namespace sluice::cluster
