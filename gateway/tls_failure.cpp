#include "gateway/tls_failure.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace sluice::gateway {

bool is_plain_http(unsigned long error) {
  const int reason = ERR_GET_REASON(error);
  return ERR_GET_LIB(error) == ERR_LIB_SSL && (reason == SSL_R_HTTP_REQUEST || reason == SSL_R_HTTPS_PROXY_REQUEST);
}

std::string_view tls_failure_words(unsigned long error) {
  if (ERR_GET_LIB(error) == ERR_LIB_SSL) {
    switch (ERR_GET_REASON(error)) {
      case SSL_R_HTTP_REQUEST:
      case SSL_R_HTTPS_PROXY_REQUEST:
        return "the client speaks plain HTTP on a TLS port";
      case SSL_R_WRONG_VERSION_NUMBER:
      case SSL_R_UNKNOWN_PROTOCOL:
        return "the client does not speak TLS";
      case SSL_R_UNSUPPORTED_PROTOCOL:
      case SSL_R_VERSION_TOO_LOW:
        return "the client speaks only TLS versions that are not allowed here";
      case SSL_R_NO_SHARED_CIPHER:
      case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
      case SSL_R_NO_SUITABLE_KEY_SHARE:
      case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
        return "the client and the gateway have no cipher, group or signature in common";
      case SSL_R_NO_APPLICATION_PROTOCOL:
        return "the client offers only application protocols other than http/1.1";
      case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        return "the client does not know the certificate's issuer";
      case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
        return "the client says that the certificate has expired";
      case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
      case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
      case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
        return "the client does not accept the certificate";
      case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
        return "a record from the client is damaged";
      default:
        break;
    }
  }
  const char* const words = ERR_reason_error_string(error);
  return words == nullptr ? "the TLS library gives no reason" : words;
}

}  // namespace sluice::gateway
