#include "base/handed_sockets.hpp"

#include <sys/socket.h>

#include <algorithm>

namespace sluice::base {

void HandedSockets::add(std::string_view what, Descriptor socket) {
  sockaddr_storage storage{};
  socklen_t bytes = sizeof storage;
  if (getsockname(socket.number(), reinterpret_cast<sockaddr*>(&storage), &bytes) != 0) return;
  sockets_.push_back({std::string(what), Address::from(storage), std::move(socket)});
}

std::vector<Descriptor> HandedSockets::take(std::string_view what, const Address& address) {
  std::vector<Descriptor> taken;
  for (Socket& socket : sockets_) {
    if (socket.what == what && socket.address == address) taken.push_back(std::move(socket.descriptor));
  }
  std::erase_if(sockets_, [](const Socket& socket) { return !socket.descriptor; });
  return taken;
}

}  // namespace sluice::base
