#include "program/all_options.hpp"

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
  }
  if (!(control.grpc == control.admin)) check("--admin", control.admin, "--grpc", control.grpc);
  return problems;
}

}  // namespace sluice::program
