#include "gateway/tls_ticket_keys.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace sluice::gateway {
namespace {

// What OpenSSL wants to hear of a ticket (SSL_CTX_set_tlsext_ticket_key_evp_cb(3)).
constexpr int failed = -1, unknown = 0, good = 1, good_but_renew = 2;

bool prepare(const TlsTicketKeys& keys, const TlsTicketKeys::Key& key, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
             EVP_MAC_CTX* mac, int encrypts) {
  const OSSL_PARAM parameters[]{
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<unsigned char*>(key.mac.data()), key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>("SHA256"), 0),
      OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, parameters) == 1 &&
         EVP_CipherInit_ex2(cipher, keys.cipher(), key.cipher.data(), iv, encrypts, nullptr) == 1;
}

int seal(const TlsTicketKeys& keys, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  const auto all = keys.keys();
  const TlsTicketKeys::Key& newest = *all->front();
  if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(keys.cipher())) != 1) return failed;
  std::memcpy(name, newest.name.data(), newest.name.size());
  return prepare(keys, newest, iv, cipher, mac, 1) ? good : failed;
}

int open(const TlsTicketKeys& keys, const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
         EVP_MAC_CTX* mac, bool is_single_use) {
  const auto all = keys.keys();
  const auto key = std::find_if(all->begin(), all->end(), [name](const auto& one) {
    return std::memcmp(one->name.data(), name, one->name.size()) == 0;
  });
  if (key == all->end()) return unknown;
  if (!prepare(keys, **key, iv, cipher, mac, 0)) return failed;
  return is_single_use || key != all->begin() ? good_but_renew : good;
}

int on_ticket(SSL* session, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
              int encrypts) {
  const auto& keys = *static_cast<const TlsTicketKeys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(session)));
  if (encrypts != 0) return seal(keys, name, iv, cipher, mac);
  // Clients use a TLS 1.3 ticket once (RFC 8446, C.4), so they need the next one.
  return open(keys, name, iv, cipher, mac, SSL_version(session) == TLS1_3_VERSION);
}

std::shared_ptr<const TlsTicketKeys::Keys> first_key() {
  return std::make_shared<const TlsTicketKeys::Keys>(TlsTicketKeys::Keys{std::make_shared<const TlsTicketKeys::Key>()});
}

}  // namespace

TlsTicketKeys::Key::Key() {
  if (RAND_bytes(name.data(), static_cast<int>(name.size())) == 1 &&
      RAND_priv_bytes(cipher.data(), static_cast<int>(cipher.size())) == 1 &&
      RAND_priv_bytes(mac.data(), static_cast<int>(mac.size())) == 1) {
    return;
  }
  throw std::runtime_error("no randomness for the keys of TLS session tickets");
}

TlsTicketKeys::Key::~Key() {
  OPENSSL_cleanse(cipher.data(), cipher.size());
  OPENSSL_cleanse(mac.data(), mac.size());
}

TlsTicketKeys::TlsTicketKeys() : cipher_(EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr)), keys_(first_key()) {
  if (!cipher_) throw std::runtime_error("no cipher for TLS session tickets");
}

void TlsTicketKeys::rotate() {
  Keys next{std::make_shared<const Key>()};
  for (const auto& key : *keys_.get()) {
    if (next.size() < keys_max) next.push_back(key);
  }
  keys_.publish(std::make_shared<const Keys>(std::move(next)));
}

void TlsTicketKeys::install(ssl_ctx_st* context) const {
  SSL_CTX_set_app_data(context, const_cast<TlsTicketKeys*>(this));
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
  SSL_CTX_set_timeout(context, std::chrono::seconds(ticket_lifetime).count());
  SSL_CTX_set_num_tickets(context, 1);
}

}  // namespace sluice::gateway
