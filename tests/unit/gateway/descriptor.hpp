#pragma once
// Descriptor: a socket that closes with its scope.

#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "base/address.hpp"

namespace sluice::gateway {

class Descriptor {
 public:
  explicit Descriptor(int descriptor = -1) : descriptor_(descriptor) {}
  Descriptor(Descriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Descriptor() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

// Connects, blocking; -1 if nobody listens.
inline Descriptor connect_to(const base::Address& address) {
  Descriptor client(socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(client.get(), address.socket_address(), address.socket_address_bytes()) != 0) return Descriptor();
  return client;
}

}  // namespace sluice::gateway
