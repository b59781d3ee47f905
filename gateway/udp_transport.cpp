#include "gateway/udp_transport.hpp"

#include <algorithm>

#include "gateway/commands.hpp"
#include "gateway/udp_port.hpp"

namespace sluice::gateway {

// What does not fit into a datagram is told of in its place.
bool UdpTransport::send(std::string_view line) {
  const std::size_t bytes_max = port_.options().udp_datagram_bytes_max;
  if (line.size() <= bytes_max) return port_.send(peer_, line);
  metrics_.too_large.add();
  const std::string why = "a message is longer than a datagram may be, " + std::to_string(bytes_max) + " bytes";
  return port_.send(peer_, error_object(base::fail(base::Errc::too_large, why)));
}

UdpTransport::Progress UdpTransport::write(int, std::span<const iovec> pieces) {
  // Of a line that is too long it is enough to know that.
  const std::size_t kept_max = port_.options().udp_datagram_bytes_max + 1;
  std::size_t done = 0;
  for (const iovec& piece : pieces) {
    std::string_view rest(static_cast<const char*>(piece.iov_base), piece.iov_len);
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      const std::string_view part = rest.substr(0, end);
      if (end == std::string_view::npos) {
        begun_ += part.substr(0, kept_max - std::min(kept_max, begun_.size()));
        done += rest.size();
        break;
      }
      const std::size_t before = begun_.size();
      if (before > 0) begun_ += part.substr(0, kept_max - std::min(kept_max, before));
      if (!send(before == 0 ? part : std::string_view(begun_))) {
        begun_.resize(before);
        return {State::blocked, done, done};
      }
      std::string().swap(begun_);
      done += end + 1;
      rest.remove_prefix(end + 1);
    }
  }
  return {State::open, done, done};
}

}  // namespace sluice::gateway
