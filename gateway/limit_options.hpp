#pragma once
// What can be set about how many clients may come, from where, and what is believed of where they come from.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/network.hpp"

namespace sluice::gateway {

// The one header in which trusted proxies write where requests come from: of any other, a client may be the author.
enum class ForwardedHeader : std::uint8_t { x_forwarded_for, forwarded };
inline constexpr std::array<std::string_view, 2> forwarded_header_names{"x-forwarded-for", "forwarded"};

struct LimitOptions {
  static constexpr std::string_view section = "Limits";

  std::vector<std::string> trusted_proxies;
  ForwardedHeader forwarded_header = ForwardedHeader::x_forwarded_for;
  bool proxy_protocol = false;
  std::size_t connects_per_second_max = 0;
  std::size_t address_connections_max = 0;
  std::size_t address_connects_per_second_max = 0;
  std::size_t user_connections_max = 0;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option("trusted-proxies", trusted_proxies,
                   {.sentence = "A proxy's address or network (10.0.0.0/8): from it, --forwarded-header says where a "
                                "client is. From anyone else it says nothing.",
                    .misfit = network_misfit});
    visitor.choice(
        "forwarded-header", forwarded_header, forwarded_header_names,
        {.sentence = "The header that the trusted proxies write; the other one is not looked at, as they pass "
                     "on what a client puts there."});
    visitor.option(
        "proxy-protocol", proxy_protocol,
        {.sentence = "Connections from --trusted-proxies begin with a header of the PROXY protocol, version 1 "
                     "or 2."});
    visitor.option("connects-per-second-max", connects_per_second_max,
                   {.unit = "clients",
                    .max = 10'000'000,
                    .sentence = "New clients a second, on all workers together; more are answered with 429. 0: any "
                                "number."});
    visitor.option("address-connections-max", address_connections_max,
                   {.unit = "clients",
                    .max = 16'000'000,
                    .sentence = "Clients from one IP address at a time; more are answered with 429. Needs "
                                "--trusted-proxies where all come through a proxy. 0: any number."});
    visitor.option(
        "address-connects-per-second-max", address_connects_per_second_max,
        {.unit = "clients",
         .max = 10'000'000,
         .sentence = "New clients a second from one IP address; more are answered with 429. 0: any number."});
    visitor.option("user-connections-max", user_connections_max,
                   {.unit = "connections",
                    .max = 16'000'000,
                    .sentence = "Connections of one user at a time, on this node; more are answered with 429, or "
                                "connect_error. 0: any number."});
  }

  std::vector<std::string> validate() const {
    if (proxy_protocol && trusted_proxies.empty()) {
      return {"--proxy-protocol: whose headers are believed is said by --trusted-proxies"};
    }
    return {};
  }

 private:
  static std::string_view network_misfit(std::string_view text) {
    return base::Network::parse(text) ? std::string_view{} : base::Network::expected;
  }
};

}  // namespace sluice::gateway
