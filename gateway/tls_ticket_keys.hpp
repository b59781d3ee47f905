#pragma once
// TlsTicketKeys: what session tickets are sealed with. The session's state travels in the ticket, so resumption costs
// no memory here, and any worker can take up what another began.

#include <array>
#include <chrono>
#include <memory>
#include <vector>

#include "base/snapshot.hpp"
#include "gateway/tls_handles.hpp"

namespace sluice::gateway {

class TlsTicketKeys {
 public:
  // How long a ticket is good: clients of a gateway come back after connections of hours.
  static constexpr std::chrono::hours ticket_lifetime{12};
  static constexpr std::chrono::hours rotation_period{6};
  // The newest seals, the older ones open what they sealed; forgotten is forgotten, so a stolen memory opens no old
  // recording.
  static constexpr std::size_t keys_max = 3;

  // Begins with one random key. Throws std::runtime_error if there is no randomness to be had.
  TlsTicketKeys();
  TlsTicketKeys(const TlsTicketKeys&) = delete;
  TlsTicketKeys& operator=(const TlsTicketKeys&) = delete;

  // Adds a new key in front and forgets the oldest. One thread, each rotation_period.
  void rotate();
  // Makes contexts' tickets use these keys, which outlive every handshake of the context.
  void install(ssl_ctx_st* context) const;

  struct Key {
    Key();
    Key(const Key&) = delete;
    Key& operator=(const Key&) = delete;
    ~Key();
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher, mac;
  };
  using Keys = std::vector<std::shared_ptr<const Key>>;
  // Newest first. Any thread.
  std::shared_ptr<const Keys> keys() const { return keys_.get(); }
  const evp_cipher_st* cipher() const { return cipher_.get(); }

 private:
  CipherHandle cipher_;
  base::Snapshot<Keys> keys_;
};

}  // namespace sluice::gateway
