#include "gateway/tls_certificates.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <ctime>
#include <new>

#include "base/assert.hpp"

namespace sluice::gateway {
namespace {

// RFC 7301, 3.1: a list of names, each behind its length.
constexpr std::string_view http_1_1 = "\x08http/1.1";

int on_server_name(SSL* session, int*, void* certificates) {
  const char* const name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
  SSL_CTX* const context = static_cast<const TlsCertificates*>(certificates)->find(name);
  // Who asks for a name that is not here gets the first certificate, and judges for himself.
  if (context == nullptr) return SSL_TLSEXT_ERR_NOACK;
  SSL_set_SSL_CTX(session, context);
  return SSL_TLSEXT_ERR_OK;
}

// RFC 7301, 3.2: who offers protocols, but none of ours, is told so and refused. Who offers none is not asked.
int on_protocols(SSL*, const unsigned char** chosen, unsigned char* chosen_bytes, const unsigned char* offered,
                 unsigned int offered_bytes, void*) {
  unsigned char* found = nullptr;
  const auto* ours = reinterpret_cast<const unsigned char*>(http_1_1.data());
  const int answer = SSL_select_next_proto(&found, chosen_bytes, ours, http_1_1.size(), offered, offered_bytes);
  if (answer != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

int on_status_request(SSL* session, void* certificates) {
  const std::string_view staple = static_cast<const TlsCertificates*>(certificates)
                                      ->staple_of(SSL_get_certificate(session), std::chrono::system_clock::now());
  if (staple.empty()) return SSL_TLSEXT_ERR_NOACK;
  void* const copy = OPENSSL_memdup(staple.data(), staple.size());
  if (copy == nullptr) return SSL_TLSEXT_ERR_NOACK;
  SSL_set_tlsext_status_ocsp_resp(session, static_cast<unsigned char*>(copy), static_cast<long>(staple.size()));
  return SSL_TLSEXT_ERR_OK;
}

// Forward secrecy and authenticated ciphers only; of equals the cheapest first.
bool set_algorithms(SSL_CTX* context, TlsVersion oldest) {
  return SSL_CTX_set_min_proto_version(context, oldest == TlsVersion::tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_ciphersuites(context,
                                  "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") == 1 &&
         SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
         SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") == 1;
}

SslContextHandle make_context(TlsVersion oldest, const TlsCertificates& certificates, const TlsTicketKeys& keys) {
  SslContextHandle context(SSL_CTX_new(TLS_server_method()));
  if (!context || !set_algorithms(context.get(), oldest)) return nullptr;
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                         SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  // Sessions live in the clients' tickets; all contexts accept each other's.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  constexpr std::string_view one_for_all = "sluice";
  SSL_CTX_set_session_id_context(context.get(), reinterpret_cast<const unsigned char*>(one_for_all.data()),
                                 one_for_all.size());
  keys.install(context.get());
  auto* const argument = const_cast<TlsCertificates*>(&certificates);
  SSL_CTX_set_tlsext_servername_callback(context.get(), on_server_name);
  SSL_CTX_set_tlsext_servername_arg(context.get(), argument);
  SSL_CTX_set_tlsext_status_cb(context.get(), on_status_request);
  SSL_CTX_set_tlsext_status_arg(context.get(), argument);
  SSL_CTX_set_alpn_select_cb(context.get(), on_protocols, nullptr);
  return context;
}

base::Status use(SSL_CTX* context, const TlsPair& pair) {
  ERR_clear_error();
  bool is_used = SSL_CTX_use_certificate(context, pair.certificate.get()) == 1 &&
                 SSL_CTX_use_PrivateKey(context, pair.key.get()) == 1;
  for (const X509Handle& issuer : pair.chain) is_used = is_used && SSL_CTX_add1_chain_cert(context, issuer.get()) == 1;
  const char* const reason = ERR_reason_error_string(ERR_get_error());
  ERR_clear_error();
  if (is_used) return base::ok();
  return base::fail(base::Errc::bad_request, pair.files.certificate + ": cannot be served with its chain and key (" +
                                                 (reason == nullptr ? "no reason given" : reason) + ")");
}

std::string as_date(TlsPair::Time time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts)};
}

}  // namespace

base::Result<std::shared_ptr<const TlsCertificates>> TlsCertificates::load(
    std::span<const TlsFiles> files, TlsVersion oldest, std::shared_ptr<const TlsTicketKeys> ticket_keys) {
  SLUICE_ASSERT(!files.empty());
  const std::shared_ptr<TlsCertificates> certificates(new TlsCertificates(std::move(ticket_keys)));
  for (const TlsFiles& one : files) {
    auto pair = load_tls_pair(one);
    if (!pair) return pair.error();
    if (const auto added = certificates->add(std::move(*pair), oldest); !added) return added.error();
  }
  return std::shared_ptr<const TlsCertificates>(certificates);
}

base::Status TlsCertificates::add(TlsPair pair, TlsVersion oldest) {
  const auto context = context_for(pair, oldest);
  if (!context) return context.error();
  if (const auto used = use(*context, pair); !used) return used.error();
  for (const std::string& name : pair.names) by_name_.try_emplace(name, *context);
  pairs_.push_back(std::move(pair));
  return base::ok();
}

// Gives a context that the pair may be added to, and notes that it will be.
base::Result<ssl_ctx_st*> TlsCertificates::context_for(const TlsPair& pair, TlsVersion oldest) {
  const int kind = EVP_PKEY_get_base_id(pair.key.get());
  const auto is_alike = [&](std::size_t at) { return pairs_[at].names == pair.names; };
  const auto is_other_kind = [&](std::size_t at) { return EVP_PKEY_get_base_id(pairs_[at].key.get()) != kind; };
  for (Served& one : served_) {
    if (!std::ranges::all_of(one.pairs, is_alike) || !std::ranges::all_of(one.pairs, is_other_kind)) continue;
    one.pairs.push_back(pairs_.size());
    return one.context.get();
  }
  SslContextHandle context = make_context(oldest, *this, *ticket_keys_);
  if (!context) return base::fail(base::Errc::internal, "OpenSSL cannot do the TLS that is wanted");
  served_.push_back({std::move(context), {pairs_.size()}});
  return served_.back().context.get();
}

SslHandle TlsCertificates::begin() const {
  SslHandle session(SSL_new(served_.front().context.get()));
  if (!session) throw std::bad_alloc();
  SSL_set_accept_state(session.get());
  return session;
}

ssl_ctx_st* TlsCertificates::find(std::string_view name) const {
  std::string wanted(name);
  for (char& c : wanted) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (wanted.ends_with('.')) wanted.pop_back();
  if (const auto exact = by_name_.find(wanted); exact != by_name_.end()) return exact->second;
  // A wildcard stands for the leftmost label, whole (RFC 6125, 6.4.3).
  const auto label_bytes = wanted.find('.');
  if (label_bytes == 0 || label_bytes == std::string::npos) return nullptr;
  const auto wildcard = by_name_.find("*" + wanted.substr(label_bytes));
  return wildcard == by_name_.end() ? nullptr : wildcard->second;
}

std::string_view TlsCertificates::staple_of(const x509_st* certificate, TlsPair::Time now) const {
  for (const TlsPair& pair : pairs_) {
    if (pair.certificate.get() == certificate && now < pair.staple_until) return pair.staple;
  }
  return {};
}

TlsPair::Time TlsCertificates::valid_until() const {
  return std::ranges::min_element(pairs_, {}, &TlsPair::valid_until)->valid_until;
}

std::vector<std::string> TlsCertificates::warnings(TlsPair::Time now) const {
  std::vector<std::string> all;
  for (const TlsPair& pair : pairs_) {
    const std::string& path = pair.files.certificate;
    if (now >= pair.valid_until) all.push_back(path + ": expired on " + as_date(pair.valid_until));
    if (now < pair.valid_from) all.push_back(path + ": is valid only from " + as_date(pair.valid_from));
    if (!pair.staple.empty() && now >= pair.staple_until) {
      all.push_back(staple_file(pair.files) + ": is out of date since " + as_date(pair.staple_until) +
                    " and not stapled");
    }
  }
  return all;
}

}  // namespace sluice::gateway
