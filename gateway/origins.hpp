#pragma once
// Origins: which web pages may connect (--allowed-origins). A page's origin is what its browser says (RFC 6454, 7);
// programs other than browsers send none, and pass.

#include <string>
#include <string_view>
#include <vector>

namespace sluice::gateway {

// Whether a request with these headers passes. `origin` is empty if there was no Origin header (but `null`, the origin
// of sandboxed pages and files, never passes, unless every origin does). `host` is the Host header.
bool is_origin_allowed(const std::vector<std::string>& allowed, std::string_view origin, std::string_view host);

}  // namespace sluice::gateway
