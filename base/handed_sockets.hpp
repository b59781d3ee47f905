#pragma once
// HandedSockets: bound sockets that another process handed over, by what they are for and by their addresses. Belongs
// to the thread that starts the parts.

#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "base/descriptor.hpp"

namespace sluice::base {

class HandedSockets {
 public:
  // `what` is the word for it in log lines, such as `clients`.
  void add(std::string_view what, Descriptor socket);
  // Gives those that are for that and have that address. What nobody takes is closed with this.
  std::vector<Descriptor> take(std::string_view what, const Address& address);
  std::size_t size() const { return sockets_.size(); }

 private:
  struct Socket {
    std::string what;
    Address address;
    Descriptor descriptor;
  };
  std::vector<Socket> sockets_;
};

}  // namespace sluice::base
