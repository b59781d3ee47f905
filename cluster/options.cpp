#include "cluster/options.hpp"

#include <algorithm>

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
  if (const auto status = check(nats_settings("")); !status) problems.push_back("--nats-...: " + status.error().detail);
  return problems;
}

}  // namespace sluice::cluster
