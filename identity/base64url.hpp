#pragma once
// Base64 for URLs and file names, without padding (RFC 4648, 5), as tokens and keys are written in.

#include <optional>
#include <string>
#include <string_view>

namespace sluice::identity {

std::string to_base64url(std::string_view bytes);
// Nothing if `text` is not exactly that: padding, other letters and bits that stand for nothing are refused.
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace sluice::identity
