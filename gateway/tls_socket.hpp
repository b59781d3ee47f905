#pragma once
// TlsSocket: the encrypted side of one TLS connection: lets OpenSSL read and write the worker's non-blocking sockets.
// Idle, it owns no buffer. Belongs to one worker.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "gateway/tls_handles.hpp"

namespace sluice::gateway {

// One TLS record's share of plain bytes (RFC 8446, 5.1).
inline constexpr std::size_t tls_record_bytes = 16384;

// What a worker's connections use in turn, each for the length of one call.
struct TlsScratch {
  std::array<char, 65536> received;
  std::array<char, tls_record_bytes> record;  // small pieces gathered into one record
  // Of the call that is under way:
  std::string_view unread;  // of `received` or of what the last call had left
  int descriptor = -1;
  int receives_left = 0;
  std::size_t socket_bytes = 0;
};

class TlsSocket {
 public:
  explicit TlsSocket(TlsScratch& scratch) : scratch_(&scratch) {}
  // Between two calls: its worker is another from now on.
  void use(TlsScratch& scratch) { scratch_ = &scratch; }
  TlsSocket(const TlsSocket&) = delete;
  TlsSocket& operator=(const TlsSocket&) = delete;

  // Makes OpenSSL's view of this. Throws std::bad_alloc.
  BioHandle make_bio();

  // Frame a call: everything below happens in between. What OpenSSL has not taken yet is kept for the next call, or
  // not.
  void begin(int descriptor);
  void end(bool keeps_unread);

  // For OpenSSL: gives bytes of the socket, -1 if there are none. Bounded for each call, so that no client keeps the
  // worker for itself.
  int take(char* into, int size);
  // For OpenSSL: takes all bytes, -1 if the socket is broken. What the kernel does not take waits here.
  int put(const char* bytes, int size);
  // Sends on what waits; true if nothing is left.
  bool flush();

  bool has_pending() const { return !pending_.empty(); }
  std::size_t socket_bytes() const { return scratch_->socket_bytes; }
  // The client's stream has ended.
  bool has_ended() const { return has_ended_; }
  // The kernel reported an error.
  bool is_broken() const { return is_broken_; }
  // Nothing was given because this call's bound is reached, and not because the socket is empty.
  bool is_over_bound() const { return scratch_->receives_left == 0 && !has_ended_ && !is_broken_; }

 private:
  bool receive();
  std::size_t send_some(std::string_view bytes);

  TlsScratch* scratch_;
  std::string pending_;   // encrypted, to be sent
  std::string leftover_;  // encrypted, received, for when the reader has room again
  bool has_ended_ = false;
  bool is_broken_ = false;
};

}  // namespace sluice::gateway
