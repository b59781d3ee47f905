#pragma once
// NatsLink: the bytes of one connection to one server, over TCP, and over TLS once that is agreed on. What is appended
// during a turn of the loop is written with one write. Belongs to the thread that runs its io_context.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace boost::asio {
class io_context;
namespace ssl {
class context;
}
}  // namespace boost::asio

namespace sluice::cluster {

class NatsLink {
 public:
  // Told from the loop, never from inside a call of ours.
  class Listener {
   public:
    virtual void on_opened() = 0;
    virtual void on_secured() = 0;
    virtual void on_bytes(std::string_view bytes) = 0;
    // Everything that was appended so far is the kernel's.
    virtual void on_written() = 0;
    // Told once; nothing is told after it. Errc::unauthenticated: TLS found a certificate that it does not accept.
    virtual void on_lost(const base::Error& error) = 0;

   protected:
    ~Listener() = default;
  };

  NatsLink(boost::asio::io_context& loop, Listener& listener);
  // Ends the connection at once; nothing is told any more. May be called from what is told.
  ~NatsLink();
  NatsLink(const NatsLink&) = delete;
  NatsLink& operator=(const NatsLink&) = delete;

  // Once. `host` is a name or an address.
  void open(const std::string& host, std::uint16_t port);
  // Agrees on TLS with a server whose certificate is for `host`; inside on_bytes(), once, all bytes being taken.
  void secure(std::shared_ptr<boost::asio::ssl::context> context, const std::string& host);

  // What is to be written; may be appended to, and is written from the end of the turn on that calls send().
  std::string& outgoing();
  void send();
  // That the kernel has not taken yet.
  std::size_t outgoing_bytes() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // what Asio still holds outlives the link
};

}  // namespace sluice::cluster
