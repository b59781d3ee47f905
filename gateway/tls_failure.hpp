#pragma once
// What went wrong with a TLS connection, in words for a log line.

#include <string_view>

namespace sluice::gateway {

// Puts OpenSSL's error code into words; what is not told apart here is in OpenSSL's own. Never from a peer's bytes.
std::string_view tls_failure_words(unsigned long error);
// True if the client spoke plain HTTP.
bool is_plain_http(unsigned long error);

}  // namespace sluice::gateway
