#pragma once
// Seals: ids that clients hold as secrets or show to others. A sealed id names a connection of this node to whoever was
// given it, and to nobody who guesses: 96 random bits and a MAC go with it, so a forged one is known at once, without
// asking the worker it names. An open id names a Socket.IO socket to everyone, and nobody but the node can make one.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.hpp"

namespace sluice::gateway {

class Seals {
 public:
  // What an id is for; one that was made for something else does not pass.
  enum class Purpose : std::uint8_t { engine_session = 'e', recovery = 'r', poll_session = 'p' };

  // Makes a key of its own. Throws std::runtime_error if there is no randomness.
  Seals();
  // Seals of whoever has the same secret are as good as ours.
  explicit Seals(std::string_view secret);

  // What makes one id of a connection another than the next.
  using Nonce = std::array<unsigned char, 12>;
  static Nonce make_nonce();
  // 48 characters of base64url; the same for the same nonce. Any thread.
  std::string seal(Purpose purpose, const base::ConnectionId& id, const Nonce& nonce = make_nonce()) const;
  // The nonce of a sealed id, which open() has taken.
  static Nonce nonce_of(std::string_view text);
  // Whom a sealed id names; nothing if it is not one of ours for this purpose.
  std::optional<base::ConnectionId> open(Purpose purpose, std::string_view text) const;

  // What whoever gets datagrams at `address` is sent, and says back: 8 characters of base64url, of which one time's are
  // others than the next's.
  std::string challenge(std::string_view address, std::uint64_t time) const;

  // The same for all whose secret is the same; tells nothing of it.
  std::uint64_t mark() const;
  // A text that nobody reads or changes who has not the secret. What it is `about` has to be said again to open it.
  std::string lock(std::string_view about, std::string_view text) const;
  // Nothing if it was not locked by lock(), with these words.
  std::optional<std::string> unlock(std::string_view about, std::string_view locked) const;

  // An open id as it is kept, and its 20 characters of base64url, as many as Socket.IO's own have.
  using SocketId = std::array<unsigned char, 15>;
  SocketId make_socket_id() const;
  static std::string text_of(const SocketId& id);
  // The id of a text that is_socket_id().
  static SocketId socket_id_of(std::string_view text);
  // Whether `text` came from make_socket_id(): such a room belongs to that socket.
  bool is_socket_id(std::string_view text) const;

 private:
  std::array<unsigned char, 32> key_, lock_key_;
};

}  // namespace sluice::gateway
