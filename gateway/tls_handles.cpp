#include "gateway/tls_handles.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace sluice::gateway {

void TlsFree::operator()(bio_st* bio) const { BIO_free(bio); }
void TlsFree::operator()(evp_cipher_st* cipher) const { EVP_CIPHER_free(cipher); }
void TlsFree::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }
void TlsFree::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }
void TlsFree::operator()(ssl_st* session) const { SSL_free(session); }
void TlsFree::operator()(x509_st* certificate) const { X509_free(certificate); }

}  // namespace sluice::gateway
