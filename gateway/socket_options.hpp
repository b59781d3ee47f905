#pragma once
// What can be set about clients that speak lines over TCP, or datagrams.

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "gateway/repeated_addresses.hpp"

namespace sluice::gateway {

struct SocketOptions {
  static constexpr std::string_view section = "TCP and UDP";

  std::vector<base::Address> listen_tcp, listen_tcp_tls, listen_udp;
  std::size_t udp_datagram_bytes_max = 1'400;
  std::size_t udp_receive_bytes = 4'194'304;
  std::chrono::milliseconds udp_lease_seconds_max{300'000};
  std::chrono::milliseconds udp_linger_seconds{10'000};

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option(
        "listen-tcp", listen_tcp,
        {.sentence = "Where clients connect that speak JSON, an object a line; [::] takes IPv4 too, port 0 is "
                     "any free one."});
    visitor.option("listen-tcp-tls", listen_tcp_tls,
                   {.sentence = "The same over TLS, with the certificates of --tls-cert."});
    visitor.option(
        "listen-udp", listen_udp,
        {.sentence = "Where clients send datagrams, a JSON object each; [::] takes IPv4 too, port 0 is any free "
                     "one."});
    visitor.option("udp-datagram-bytes-max", udp_datagram_bytes_max,
                   {.unit = "bytes",
                    .min = 512,
                    .max = 65'507,
                    .sentence = "The largest datagram, either way. What networks surely carry in one piece is 1,200 to "
                                "1,400; a larger message is told of by an error."});
    visitor.option(
        "udp-receive-bytes", udp_receive_bytes,
        {.unit = "bytes",
         .min = 65'536,
         .max = 1'073'741'824,
         .sentence = "What the kernel may keep of datagrams that were not read yet, for each worker; it gives "
                     "no more than the machine's net.core.rmem_max says."});
    visitor.option("udp-lease-seconds-max", udp_lease_seconds_max,
                   {.unit = "seconds",
                    .min = 1,
                    .max = 86'400,
                    .sentence = "For how long a datagram may subscribe; who asks for longer is told how long it is."});
    visitor.option(
        "udp-linger-seconds", udp_linger_seconds,
        {.unit = "seconds",
         .min = 0.05,
         .max = 3600,
         .sentence = "How long after its last datagram a sender that has not subscribed counts as connected."});
  }

  // Gives a sentence for each mistake that only several options together make.
  std::vector<std::string> validate() const {
    std::vector<std::string> problems;
    tell_repeated("--listen-tcp", listen_tcp, problems);
    tell_repeated("--listen-tcp-tls", listen_tcp_tls, problems);
    tell_repeated("--listen-udp", listen_udp, problems);
    return problems;
  }
};

}  // namespace sluice::gateway
