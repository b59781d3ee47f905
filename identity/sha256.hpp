#pragma once
// SHA-256 (FIPS 180-4).

#include <string>
#include <string_view>

namespace sluice::identity {

// Of `bytes`, in lower-case hexadecimal digits.
std::string sha256_text(std::string_view bytes);

}  // namespace sluice::identity
