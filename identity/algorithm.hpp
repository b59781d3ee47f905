#pragma once
// The signatures that a token may have (RFC 7518, 3.1; RFC 8037, 3.1). "none" is none of them.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::identity {

enum class Algorithm : std::uint8_t { hs256, hs384, hs512, rs256, rs384, rs512, es256, es384, es512, eddsa };
inline constexpr std::array<std::string_view, 10> algorithm_names{"HS256", "HS384", "HS512", "RS256", "RS384",
                                                                  "RS512", "ES256", "ES384", "ES512", "EdDSA"};

inline std::string_view name_of(Algorithm algorithm) { return algorithm_names[static_cast<std::size_t>(algorithm)]; }

inline std::optional<Algorithm> parse_algorithm(std::string_view name) {
  for (std::size_t at = 0; at < algorithm_names.size(); ++at) {
    if (algorithm_names[at] == name) return static_cast<Algorithm>(at);
  }
  return std::nullopt;
}

}  // namespace sluice::identity
