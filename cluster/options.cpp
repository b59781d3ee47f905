#include "cluster/options.hpp"

#include <algorithm>

#include "cluster/nats_url.hpp"

namespace sluice::cluster {

std::string_view Options::name_misfit(std::string_view name) {
  const auto is_fit = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
  };
  // It is a part of subjects' and of a stream's name.
  const bool fits = !name.empty() && name.size() <= 64 && std::ranges::all_of(name, is_fit);
  return fits ? std::string_view() : "a name of 1 to 64 letters, digits, - and _";
}

std::vector<std::string> Options::validate() const {
  std::vector<std::string> problems;
  if (!is_clustered()) {
    if (!nats_url.empty()) problems.emplace_back("--nats-url: has a meaning only with --broker nats");
    return problems;
  }
  if (nats_url.empty()) {
    problems.emplace_back("--broker nats: needs to know a server; give --nats-url, such as nats://127.0.0.1:4222");
    return problems;
  }
  if (secret_file.empty()) {
    problems.emplace_back(
        "--broker nats: needs --secret-file, the same on all nodes, or none would know the ids that another gave");
  }
  // What files have is looked at when they are needed.
  for (const std::string& url : nats_url) {
    if (const auto parsed = NatsUrl::parse(url); !parsed) problems.push_back("--nats-url: " + parsed.error().detail);
  }
  if (!nats_user.empty() + !nats_token.empty() + !nats_credentials.empty() > 1) {
    problems.emplace_back("--nats-user, --nats-token, --nats-credentials: one of them is who we are; give one");
  }
  if (nats_user.empty() != nats_password.empty()) problems.emplace_back("--nats-user: goes with --nats-password");
  // An even number loses its majority by as many as the odd one below it.
  if (stream_replicas % 2 == 0) problems.emplace_back("--stream-replicas: 1, 3 or 5 was expected");
  if (nats_cert.empty() != nats_key.empty()) problems.emplace_back("--nats-cert: goes with --nats-key");
  return problems;
}

}  // namespace sluice::cluster
