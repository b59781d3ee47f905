#pragma once
// HandoverSocket: a connection between two processes that hand sockets over: texts, with descriptors beside them.

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/descriptor.hpp"
#include "base/result.hpp"

namespace sluice::program {

class HandoverSocket {
 public:
  // A connected one of SOCK_SEQPACKET.
  explicit HandoverSocket(base::Descriptor descriptor) : descriptor_(std::move(descriptor)) {}
  // Errc::not_found: nobody listens there.
  static base::Result<HandoverSocket> connect(const std::string& path);

  struct Message {
    std::string text;  // empty: the other side has gone
    std::vector<base::Descriptor> descriptors;
  };
  // Waits for the next message until `deadline`; Errc::timed_out.
  base::Result<Message> receive(base::TimePoint deadline);
  // False if the other side has gone, or does not read.
  [[nodiscard]] bool send(std::string_view text, const base::Descriptor& beside = {});
  // Whether the process at the other end is this user's or root's, who may do anything anyway.
  bool is_trusted() const;
  int number() const { return descriptor_.number(); }

 private:
  base::Descriptor descriptor_;
};

}  // namespace sluice::program
