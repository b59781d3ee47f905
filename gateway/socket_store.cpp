#include "gateway/socket_store.hpp"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>
#include <utility>

#include "gateway/socket_codec.hpp"
#include "identity/base64url.hpp"

namespace sluice::gateway {

using base::Errc;
using base::fail;
using workers::SessionStore;
using workers::Worker;

namespace {

constexpr std::size_t key_bytes = 18;

// Whoever sees the keys cannot come back as any socket.
std::string key_of(const std::string& pid) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  if (EVP_Digest(pid.data(), pid.size(), hash.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL makes no hash");
  }
  return identity::to_base64url({reinterpret_cast<const char*>(hash.data()), key_bytes});
}

}  // namespace

void SocketStore::read(base::WorkerId worker, const std::string& pid, OnRecord then) const {
  std::string key = key_of(pid);
  store_.read(key, [this, worker, key, then = std::move(then)](const base::Result<SessionStore::Entry>& entry) {
    pool_->force(worker, [this, then, record = read_entry(key, entry)](Worker& there) {
      then(there, contexts_.context_of(there), record);
    });
  });
}

base::Result<SocketRecord> SocketStore::read_entry(const std::string& key,
                                                   const base::Result<SessionStore::Entry>& entry) const {
  if (!entry) return entry.error();
  const auto text = seals_.unlock(key, entry->value);
  if (!text) return fail(Errc::bad_request, "the record of a socket is not locked with this secret");
  auto record = socket_codec::decode_record(*text, pool_->namespaces());
  if (!record) return record.error();
  return SocketRecord{std::move(record->socket), record->holder, entry->revision};
}

void SocketStore::write(base::WorkerId worker, const std::string& pid, const BrokenSocket& socket,
                        std::uint64_t revision, OnRevision then) const {
  std::string key = key_of(pid);
  const std::string record =
      socket_codec::encode(socket_codec::Record{socket, pool_->incarnation()}, pool_->namespaces());
  std::string value = seals_.lock(key, record);
  store_.write(std::move(key), std::move(value), revision, revision_to(worker, std::move(then)));
}

void SocketStore::remove(base::WorkerId worker, const std::string& pid, std::uint64_t revision, OnRevision then) const {
  store_.remove(key_of(pid), revision, revision_to(worker, std::move(then)));
}

SessionStore::OnRevision SocketStore::revision_to(base::WorkerId worker, OnRevision then) const {
  return [this, worker, then = std::move(then)](const base::Result<std::uint64_t>& revision) {
    pool_->force(worker, [this, then, revision](Worker& there) { then(there, contexts_.context_of(there), revision); });
  };
}

}  // namespace sluice::gateway
