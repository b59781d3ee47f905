#pragma once
// Base64 (RFC 4648, 4), for handshakes and for binary data on text-only wires.

#include <string>
#include <string_view>

namespace sluice::gateway {

void append_base64(std::string& out, std::string_view bytes);
// Appends the bytes that `text` stands for, padded or not; false, and `out` as it was, if it is not base64.
bool append_decoded_base64(std::string& out, std::string_view text);

}  // namespace sluice::gateway
