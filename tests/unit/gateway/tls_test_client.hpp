#pragma once
// A TLS client and a TlsTransport at the two ends of a socket pair, driven in turn by one thread.

#include <string>
#include <string_view>
#include <vector>

#include "gateway/tls_handles.hpp"
#include "gateway/tls_worker.hpp"

struct ssl_session_st;

namespace sluice::gateway {

struct SessionFree {
  void operator()(ssl_session_st* session) const;
};
using SessionHandle = std::unique_ptr<ssl_session_st, SessionFree>;

// OpenSSL's client over memory, so that a test decides which bytes travel when.
class TlsTestClient {
 public:
  struct Wishes {
    int version = 0;             // TLS1_2_VERSION, ...; 0: any
    std::string name = {};       // SNI
    std::string protocols = {};  // ALPN's list, each name behind its length
    bool asks_for_staple = false;
    ssl_session_st* session = nullptr;  // to resume
    std::string ciphers = {};           // of TLS 1.2; empty: OpenSSL's
    std::string groups = {};            // empty: OpenSSL's
  };
  explicit TlsTestClient(const Wishes& wishes);
  ~TlsTestClient();

  // Does what it can with the bytes there are: handshake first, then reading into `received`.
  void advance();
  bool is_connected() const;
  bool has_failed() const { return has_failed_; }
  bool saw_goodbye() const;
  void write(std::string_view bytes);
  void say_goodbye();

  ssl_st* ssl() { return ssl_.get(); }
  std::string protocol() const;     // chosen by ALPN
  std::string server_name() const;  // the common name of the server's certificate
  std::string staple() const;
  int version() const;
  bool is_resumed() const;
  SessionHandle session();  // the newest ticket, or null

  std::string from_network, to_network;  // encrypted
  std::string received;                  // plain
  std::vector<std::size_t> reads;        // sizes of what came in one piece: a record each

 private:
  static int on_session(ssl_st* ssl, ssl_session_st* session);

  SslContextHandle context_;
  SslHandle ssl_;
  SessionHandle newest_;
  bool has_failed_ = false;
};

// Both ends.
class TlsTestLink {
 public:
  using Progress = workers::Transport::Progress;
  using State = workers::Transport::State;

  TlsTestLink(TlsWorker& worker, const TlsTestClient::Wishes& wishes, int send_bytes = 0);
  ~TlsTestLink();

  // Moves bytes, at most `bytes_max` each way at once, until nobody has anything left to say.
  void run(std::size_t bytes_max = 1 << 20);
  // As run(), but the client is read from no more.
  void run_to_server();
  // Reads as a worker does: until the socket is empty.
  Progress read(std::size_t into_bytes = 262144);
  Progress write(std::string_view bytes);
  Progress write(const std::vector<std::string>& pieces);
  Progress flush() { return transport->write(descriptor, {}); }
  void close_client(bool with_unread = false);
  // Hands bytes to the server past the client.
  void send_raw(std::string_view bytes);
  std::string receive_raw();

  std::unique_ptr<workers::Transport> transport;
  TlsTestClient client;
  int descriptor, client_descriptor;
  std::string received;  // plain, by the server
  Progress last;         // of the server's last read

 private:
  bool send_to_server(std::size_t bytes_max);
  bool receive_from_server(std::size_t bytes_max);
};

}  // namespace sluice::gateway
