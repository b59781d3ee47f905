#include "program/all_options.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::program {
namespace {

// True if both cannot be listened on: the wildcard addresses take all others' ports too.
bool collide(const base::Address& a, const base::Address& b) {
  if (a.port() == 0 || a.port() != b.port()) return false;
  return a == b || a.is_wildcard() || b.is_wildcard();
}

struct Ports {
  const char* flag;
  const std::vector<base::Address>& addresses;
  bool is_for_clients = true;
};

void tell_collisions(const Ports& ours, const Ports& others, std::vector<std::string>& problems) {
  // That one port cannot be both of control's, control says itself.
  const bool are_control = !ours.is_for_clients && !others.is_for_clients;
  for (const base::Address& address : ours.addresses) {
    for (const base::Address& taken : others.addresses) {
      if (!collide(address, taken) || (are_control && address == taken)) continue;
      problems.push_back(std::string(ours.flag) + ": " + address.text() + " collides with " + others.flag + " " +
                         taken.text());
    }
  }
}

}  // namespace

std::vector<std::string> AllOptions::validate() const {
  std::vector<std::string> problems;
  const std::vector<base::Address> grpc{control.grpc}, admin{control.admin};
  // All that is taken of TCP; each is named before those with which it could collide.
  const std::array<Ports, 6> all{{{"--admin", admin, false},
                                  {"--grpc", grpc, false},
                                  {"--listen-tcp-tls", sockets.listen_tcp_tls},
                                  {"--listen-tcp", sockets.listen_tcp},
                                  {"--listen-tls", tls.listen_tls},
                                  {"--listen", gateway.listen}}};
  for (auto ours = all.begin(); ours != all.end(); ++ours) {
    for (auto others = ours + 1; others != all.end(); ++others) tell_collisions(*ours, *others, problems);
  }
  const auto open_to_anyone = [&](const char* flag, const std::vector<base::Address>& addresses) {
    const auto problem = tokens.has_keys() ? std::string() : gateway.open_to_anyone(flag, addresses);
    if (!problem.empty()) problems.push_back(problem);
  };
  for (const Ports& ports : all) {
    if (ports.is_for_clients) open_to_anyone(ports.flag, ports.addresses);
  }
  open_to_anyone("--listen-udp", sockets.listen_udp);
  const bool has_clients =
      std::ranges::any_of(all, [](const Ports& ports) { return ports.is_for_clients && !ports.addresses.empty(); });
  if (!has_clients && sockets.listen_udp.empty()) {
    problems.push_back(
        "--listen: at least one address is needed, here or for --listen-tls, --listen-tcp, "
        "--listen-tcp-tls or --listen-udp");
  }
  for (const Ports& ports : {all[2], all[4]}) {
    if (ports.addresses.empty() || !tls.tls_cert.empty()) continue;
    problems.push_back(std::string(ports.flag) + ": needs a certificate; give --tls-cert and --tls-key");
  }
  if (tls.listen_tls.empty() && sockets.listen_tcp_tls.empty() && !tls.tls_cert.empty()) {
    problems.push_back(
        "--tls-cert: serves nobody without --listen-tls or --listen-tcp-tls; --listen is for plain connections");
  }
  if (!tokens.token_cookie.empty() &&
      std::ranges::find(gateway.allowed_origins, "*") != gateway.allowed_origins.end()) {
    problems.push_back(
        "--token-cookie: with --allowed-origins * any page could use its visitor's cookie; name origins");
  }
  if (control.caller_tokens && !tokens.has_keys()) {
    problems.push_back(
        "--caller-tokens: needs a key that tokens are signed with: --token-secret, --token-keys, --token-jwks");
  }
  return problems;
}

}  // namespace sluice::program
