#include "cluster/subjects.hpp"

#include <openssl/evp.h>

#include <array>

#include "base/assert.hpp"

namespace sluice::cluster {
namespace {

constexpr std::size_t token_bytes_max = 160;  // subjects stay well below what a server takes for a line
constexpr std::string_view digits = "0123456789ABCDEF";

bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
}

void append_hex(std::string& out, unsigned char byte) {
  out += digits[byte >> 4];
  out += digits[byte & 15];
}

std::string hash_of(std::string_view name) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned bytes = 0;
  const int is_done = EVP_Digest(name.data(), name.size(), hash.data(), &bytes, EVP_sha256(), nullptr);
  SLUICE_ASSERT(is_done == 1);
  // No plain token begins so: = is followed by two digits.
  std::string token = "=x";
  for (unsigned at = 0; at < bytes; ++at) append_hex(token, hash[at]);
  return token;
}

std::string hex_of(std::uint32_t number) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) append_hex(text, static_cast<unsigned char>(number >> shift));
  return text;
}

}  // namespace

std::string subject_token(std::string_view name) {
  std::string token;
  for (const char c : name) {
    if (is_plain(c)) {
      token += c;
    } else {
      token += '=';
      append_hex(token, static_cast<unsigned char>(c));
    }
    if (token.size() > token_bytes_max) return hash_of(name);
  }
  return token;
}

Subjects::Subjects(const std::string& cluster_name)
    : stream_("SLUICE_" + cluster_name),
      stored_("sluice." + cluster_name + ".p."),
      copies_("sluice." + cluster_name + ".c.") {}

std::string Subjects::of(std::string_view name_space, const workers::RoomKey& key) {
  std::string begin = "n." + subject_token(name_space);
  switch (key.kind) {
    case workers::RoomKey::Kind::room:
      return begin + ".r." + subject_token(key.name);
    case workers::RoomKey::Kind::user:
      return begin + ".u." + subject_token(key.name);
    case workers::RoomKey::Kind::everyone:
      return begin + ".e";
  }
  return begin;
}

std::string Subjects::of_node(std::string_view name_space, std::uint32_t incarnation) {
  return "n." + subject_token(name_space) + ".d." + hex_of(incarnation);
}

std::string Subjects::of_many(std::string_view name_space, unsigned shard) {
  return "n." + subject_token(name_space) + ".m." + std::to_string(shard);
}

std::string Subjects::of_all_many(std::string_view name_space) { return "n." + subject_token(name_space) + ".m.*"; }

std::string Subjects::of(std::string_view name_space, const workers::Target& target, unsigned shard) {
  if (target.rooms.size() == 1 && target.connections.empty()) return of(name_space, target.rooms.front());
  if (!target.rooms.empty()) return of_many(name_space, shard);
  for (const base::ConnectionId& id : target.connections) {
    if (id.incarnation != target.connections.front().incarnation) return of_many(name_space, shard);
  }
  return of_node(name_space, target.connections.front().incarnation);
}

std::string Subjects::barrier(std::uint32_t incarnation) { return "b." + hex_of(incarnation); }

}  // namespace sluice::cluster
