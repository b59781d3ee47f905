// Where a client is by a trusted proxy's headers: always an address, and never one that is trusted unless all are.

#include <cstdlib>
#include <string_view>

#include "gateway/client_address.hpp"

using namespace sluice;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  using Header = gateway::ForwardedHeader;
  static const std::vector<base::Network> networks{base::Network::parse("10.0.0.0/8").value()};
  static const base::Address peer = base::Address::parse("10.0.0.1:5").value(),
                             other = base::Address::parse("9.9.9.9:1").value();
  for (const auto& [name, kind] : {std::pair<std::string_view, Header>{"Forwarded", Header::forwarded},
                                   {"X-Forwarded-For", Header::x_forwarded_for}}) {
    const gateway::TrustedProxies trusted{networks, kind};
    gateway::HttpHead head;
    head.fields.emplace_back(name, text);
    if (gateway::client_address(head, peer, trusted).text().empty()) std::abort();
    if (!(gateway::client_address(head, other, trusted) == other)) std::abort();
  }
  return 0;
}
