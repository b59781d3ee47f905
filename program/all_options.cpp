#include "program/all_options.hpp"

#include <algorithm>
#include <utility>

namespace sluice::program {
namespace {

// True if both cannot be listened on: the wildcard addresses take all others' ports too.
bool collide(const base::Address& a, const base::Address& b) {
  if (a.port() == 0 || a.port() != b.port()) return false;
  const auto is_wildcard = [](const base::Address& one) { return one.is_dual_stack() || one.host() == "0.0.0.0"; };
  return a == b || is_wildcard(a) || is_wildcard(b);
}

}  // namespace

std::vector<std::string> AllOptions::validate() const {
  std::vector<std::string> problems;
  const auto check = [&problems](const char* flag, const base::Address& ours, const char* other_flag,
                                 const base::Address& other) {
    if (!collide(ours, other)) return;
    problems.push_back(std::string(flag) + ": " + ours.text() + " collides with " + other_flag + " " + other.text());
  };
  for (const base::Address& listen : gateway.listen) {
    check("--grpc", control.grpc, "--listen", listen);
    check("--admin", control.admin, "--listen", listen);
    for (const base::Address& tls_listen : tls.listen_tls) check("--listen-tls", tls_listen, "--listen", listen);
  }
  for (const base::Address& listen : tls.listen_tls) {
    check("--grpc", control.grpc, "--listen-tls", listen);
    check("--admin", control.admin, "--listen-tls", listen);
  }
  if (gateway.listen.empty() && tls.listen_tls.empty()) {
    problems.push_back("--listen: at least one address is needed, here or for --listen-tls");
  }
  for (const auto& [flag, addresses] : {std::pair("--listen", &gateway.listen), {"--listen-tls", &tls.listen_tls}}) {
    const auto problem = tokens.has_keys() ? std::string() : gateway.open_to_anyone(flag, *addresses);
    if (!problem.empty()) problems.push_back(problem);
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
  if (!(control.grpc == control.admin)) check("--admin", control.admin, "--grpc", control.grpc);
  return problems;
}

}  // namespace sluice::program
