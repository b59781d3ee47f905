#pragma once
// Base64 (RFC 4648, 4), for handshakes and for binary data on text-only wires.

#include <string>
#include <string_view>

namespace sluice::gateway {

void append_base64(std::string& out, std::string_view bytes);

}  // namespace sluice::gateway
