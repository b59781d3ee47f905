#pragma once
// Speech: how a server's own protocol wraps messages inside WebSocket, so that one generator does the same work for
// every server. Knows no sockets; one object serves all connections.

#include <memory>
#include <string>
#include <string_view>

#include "bench/load/body.hpp"
#include "bench/load/options.hpp"

namespace sluice::bench {

// What a connection is for.
enum class Role : std::uint8_t { listener, publisher, echo };

// What a Speech can do with the connection that it speaks on.
class Hearer {
 public:
  virtual void reply(std::string_view text) = 0;
  virtual void greeted() = 0;
  virtual void received(std::string_view message) = 0;

 protected:
  ~Hearer() = default;
};

class Speech {
 public:
  virtual ~Speech() = default;
  // Called once the connection is upgraded; calls greeted(), now or later.
  virtual void begin(Hearer& hearer) const = 0;
  virtual void on_text(std::string_view text, Role role, Hearer& hearer) const = 0;
  // Puts a message of ours, with its stamp inside, into `text`, which is empty.
  virtual void write(std::string& text, const Body& body, Nanoseconds sent, Role role) const = 0;
};

std::unique_ptr<Speech> make_speech(const Options& options);

}  // namespace sluice::bench
