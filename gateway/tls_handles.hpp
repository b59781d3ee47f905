#pragma once
// Owners of OpenSSL's objects, without its headers, which stay in .cpp files.

#include <memory>

struct bio_st;
struct bio_method_st;
struct evp_cipher_st;
struct evp_pkey_st;
struct ssl_ctx_st;
struct ssl_st;
struct x509_st;

namespace sluice::gateway {

struct TlsFree {
  void operator()(bio_st* bio) const;
  void operator()(evp_cipher_st* cipher) const;
  void operator()(evp_pkey_st* key) const;
  void operator()(ssl_ctx_st* context) const;
  void operator()(ssl_st* session) const;
  void operator()(x509_st* certificate) const;
};

using BioHandle = std::unique_ptr<bio_st, TlsFree>;
using CipherHandle = std::unique_ptr<evp_cipher_st, TlsFree>;
using KeyHandle = std::unique_ptr<evp_pkey_st, TlsFree>;
using SslContextHandle = std::unique_ptr<ssl_ctx_st, TlsFree>;
using SslHandle = std::unique_ptr<ssl_st, TlsFree>;
using X509Handle = std::unique_ptr<x509_st, TlsFree>;

}  // namespace sluice::gateway
