#pragma once
// NatsClient: FRONT DOOR of NATS: publishes, subscribes and asks, over one connection at a time to one of several
// servers, and finds another one when that is lost. Belongs to the thread that runs its io_context; what it tells is
// told there, and may call anything of it but its destructor.

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/owner_thread.hpp"
#include "cluster/nats_connection.hpp"
#include "cluster/nats_requests.hpp"

namespace sluice::cluster {

class NatsClient;

// A subscription that ends with this object, which must not outlive the client.
class [[nodiscard]] NatsSubscription {
 public:
  NatsSubscription() = default;
  NatsSubscription(NatsClient& client, std::uint64_t number) : client_(&client), number_(number) {}
  NatsSubscription(NatsSubscription&& other) noexcept;
  NatsSubscription& operator=(NatsSubscription&& other) noexcept;
  ~NatsSubscription() { end(); }

  // Nothing is handed out after it. May be called from what is handed out.
  void end();
  // Ends it once `messages` have come since it was made; at once if they have.
  void end_after(std::uint64_t messages);

 private:
  NatsClient* client_ = nullptr;
  std::uint64_t number_ = 0;
};

class NatsClient final : private NatsConnection::Listener {
 public:
  // `server` is HOST:PORT. Errors' details are fit to be logged.
  class Listener {
   public:
    // All subscriptions are in force at that server. A message may be handed out just before this is told.
    virtual void on_connected(const std::string& server) = 0;
    // Told before what waits is told so. What was published and not yet flushed may have reached the server or not.
    virtual void on_disconnected(const base::Error& reason) = 0;
    // An attempt came to nothing, and the next one follows. Errc::unauthenticated: wrong credentials, or a certificate
    // that one of both does not accept.
    virtual void on_connect_failed(const std::string& server, const base::Error& reason) = 0;
    // The server is about to end; if there is another one, the client goes there soon.
    virtual void on_lame_duck(const std::string& server) = 0;
    // The server refused something and goes on: mostly a subject that we may not publish or subscribe to.
    virtual void on_complaint(std::string_view text) = 0;

   protected:
    ~Listener() = default;
  };
  using OnMessage = std::function<void(const NatsMessage& message)>;
  using OnReply = NatsRequests::OnReply;
  using OnFlushed = std::function<void(const base::Status& status)>;

  // Both outlive the client, which does nothing yet. Errc::bad_request says which setting is wrong.
  static base::Result<std::unique_ptr<NatsClient>> make(boost::asio::io_context& loop, NatsSettings settings,
                                                        Listener& listener);
  // Ends the connection and tells nothing. On its thread, or when the loop runs no more.
  ~NatsClient();
  NatsClient(const NatsClient&) = delete;
  NatsClient& operator=(const NatsClient&) = delete;

  // Connects, and goes on connecting until stop(). The calling thread becomes the owner.
  void start();
  // Ends the connection for good. What waits is told Errc::unavailable, the listener nothing. What is to reach the
  // server is flushed before.
  void stop();

  bool is_connected() const { return connection_ && connection_->is_ready(); }
  // What the server said of itself last; requires is_connected().
  const NatsInfo& info() const { return connection_->info(); }

  // Hands a message to the outgoing bytes; it reached the server when a later flush() is answered.
  // Errc::bad_request: it cannot be written; Errc::too_large: the server takes no such message; Errc::unavailable:
  // there is no connection; Errc::exhausted: too many bytes wait for the kernel.
  base::Status publish(const NatsPublication& publication);

  // Hands out what is published to a subject that fits `pattern`; of members of a queue group, one is chosen for each
  // message. Made again with each connection; nothing is handed out of what is published between two. Works while there
  // is no connection. Errc::bad_request: pattern or group are none.
  base::Result<NatsSubscription> subscribe(std::string_view pattern, OnMessage on_message) {
    return subscribe(pattern, {}, std::move(on_message));
  }
  base::Result<NatsSubscription> subscribe(std::string_view pattern, std::string_view queue_group,
                                           OnMessage on_message);

  // Publishes, and tells the first answer, or why there is none: Errc::unavailable (nobody listens to that subject,
  // told at once, or the connection was lost) or Errc::timed_out. `publication` has no reply subject. Fails as
  // publish() does, where nothing is told; Errc::too_many: too many requests wait.
  base::Status request(const NatsPublication& publication, base::Duration patience, OnReply on_reply);

  // Tells when the server has taken all that was published before; Errc::unavailable: the connection was lost first,
  // which it is at the latest when the server answers no pings. Fails at once with Errc::unavailable or too_many.
  base::Status flush(OnFlushed on_flushed);

 private:
  friend class NatsSubscription;
  struct Subscription {
    std::string pattern, queue_group;
    OnMessage on_message;
    std::uint64_t received = 0, messages_max = 0;  // 0: no bound
  };

  NatsClient(boost::asio::io_context& loop, NatsSettings settings, const std::vector<NatsUrl>& urls,
             Listener& listener);

  void on_joining(std::string& out) override;
  void on_ready() override;
  void on_message(const NatsMessage& message) override;
  void on_pong() override;
  void on_info() override;
  void on_complaint(std::string_view text) override { listener_.on_complaint(text); }
  void on_written() override { leave_lame_duck_if_idle(); }
  void on_lost(const base::Error& error) override;

  void connect();
  void fail_waiting(const base::Error& reason);
  void take_reply(const NatsMessage& message);
  void expire();
  void set_deadline_timer();
  void leave_lame_duck();
  void leave_lame_duck_if_idle();
  base::Status check_room(const NatsPublication& publication) const;
  void append(const NatsPublication& publication);
  void unsubscribe(std::uint64_t number);
  void unsubscribe_after(std::uint64_t number, std::uint64_t messages);

  boost::asio::io_context& loop_;
  const NatsSettings settings_;
  Listener& listener_;
  base::OwnerThread owner_;
  bool requires_tls_ = false;
  NatsServers servers_;
  std::unique_ptr<NatsConnection> connection_;  // one that has ended stays until the next one, as it may be telling
  Timer connect_timer_, deadline_timer_, lame_duck_timer_;
  bool is_lame_duck_ = false;

  std::unordered_map<std::uint64_t, std::shared_ptr<Subscription>> subscriptions_;
  std::uint64_t last_subscription_ = 0;
  std::string inbox_;  // "_INBOX.", random letters and a dot; a request's number follows
  NatsRequests requests_;
  std::optional<base::TimePoint> deadline_;  // that deadline_timer_ is set to
  std::deque<OnFlushed> flushes_;
};

}  // namespace sluice::cluster
