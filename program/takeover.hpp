#pragma once
// Takeover: how a process takes the listening sockets over from one that serves at the same addresses, so that nobody
// who connects is refused: the new one asks by a Unix socket, gets copies of them, starts, and says that it has; only
// then does the old one stop to accept. Whatever fails before that, the old one goes on.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/descriptor.hpp"
#include "base/handed_sockets.hpp"
#include "base/result.hpp"
#include "program/handover_socket.hpp"

namespace sluice::program {

// The new process's side.
class Takeover {
 public:
  // Asks whoever listens at `path`, and puts what it hands over into `sockets`; nothing if nobody does. Fails with a
  // sentence if there is somebody and it refuses, is not to be trusted, or does not answer.
  static base::Result<std::optional<Takeover>> begin(const std::string& path, base::HandedSockets& sockets);
  // Says that clients are served here now. Returns when the old process has stopped to accept; false if it has gone, or
  // does not say so in time.
  bool finish();

 private:
  explicit Takeover(HandoverSocket socket) : socket_(std::move(socket)) {}

  HandoverSocket socket_;
};

// The old process's side: where others ask. Belongs to one thread.
class TakeoverPort {
 public:
  struct Offer {
    std::string_view what;
    base::Descriptor socket;
  };
  // Copies of all listening sockets, at the moment.
  using Collect = std::function<base::Result<std::vector<Offer>>()>;

  // Makes the socket, of which only this user may ask. Fails with a sentence if the path cannot be had.
  static base::Result<std::unique_ptr<TakeoverPort>> make(const std::string& path);
  ~TakeoverPort();
  TakeoverPort(const TakeoverPort&) = delete;
  TakeoverPort& operator=(const TakeoverPort&) = delete;

  // Takes the path, in place of whoever had it.
  base::Status open();
  // What to wait for: look() has something to do when one of them is readable.
  std::vector<int> descriptors() const;
  // Does what there is to do; waits for nobody who is silent. True: another process serves now, and waits for leave().
  bool look(const Collect& collect);
  // Tells the process that has taken over that nothing is accepted here any more. The path is its from now on.
  void leave();

 private:
  TakeoverPort(base::Descriptor listener, std::string path, std::string made_at);

  void greet();
  bool hear(const Collect& collect);
  void hand_over(const Collect& collect);
  void refuse(HandoverSocket& whom, std::string_view why);

  base::Descriptor listener_;
  const std::string path_;
  std::string made_at_;  // where the socket is until open(); then empty
  std::optional<HandoverSocket> guest_;
  base::TimePoint came_{};
  bool has_asked_ = false, has_left_ = false;
};

}  // namespace sluice::program
