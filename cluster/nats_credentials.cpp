#include "cluster/nats_credentials.hpp"
#include "base/read_file.hpp"

namespace sluice::cluster {
namespace {

using base::Errc;
using base::fail;

constexpr std::size_t file_bytes_max = 65536;
constexpr std::string_view space = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(space);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(space) + 1 - begin);
}

// What stands between the lines "-----BEGIN `label`-----" and "------END ...", whose dashes differ in number from tool
// to tool; empty: there is none.
std::string_view block_of(std::string_view text, std::string_view label) {
  const std::size_t named = text.find("BEGIN " + std::string(label));
  const std::size_t begin = named == std::string_view::npos ? named : text.find('\n', named);
  if (begin == std::string_view::npos) return {};
  const std::size_t end = text.find("-----", begin);
  return end == std::string_view::npos ? std::string_view{} : trimmed(text.substr(begin, end - begin));
}

}  // namespace

base::Result<NatsCredentials> NatsCredentials::parse(std::string_view text) {
  const std::string_view jwt = block_of(text, "NATS USER JWT");
  std::string_view seed = block_of(text, "USER NKEY SEED");
  if (seed.empty() && jwt.empty()) seed = trimmed(text);
  if (seed.empty()) return fail(Errc::bad_request, "there is no block USER NKEY SEED");
  auto key = Nkey::from_seed(seed);
  if (!key) return key.error();
  return NatsCredentials{std::string(jwt), std::move(*key)};
}

base::Result<NatsCredentials> NatsCredentials::read(const std::string& path) {
  const auto text = base::read_file(path, file_bytes_max);
  if (!text) return text.error();
  auto credentials = parse(*text);
  if (!credentials) return fail(credentials.error().code, path + ": " + credentials.error().detail);
  return credentials;
}

}  // namespace sluice::cluster
