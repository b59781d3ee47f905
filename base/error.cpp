#include "base/error.hpp"

#include <array>

namespace sluice::base {

const ErrorRow& row_of(Errc code) {
  static constexpr std::array<ErrorRow, 11> rows{{
      {"bad_request", 400, 1008, 3, "invalid_argument"},
      {"unauthenticated", 401, 1008, 16, "unauthenticated"},
      {"forbidden", 403, 1008, 7, "permission_denied"},
      {"not_found", 404, 1008, 5, "not_found"},
      {"already_exists", 409, 1008, 6, "already_exists"},
      {"too_large", 413, 1009, 3, "invalid_argument"},
      {"too_many", 429, 1013, 8, "resource_exhausted"},
      {"exhausted", 503, 1013, 8, "resource_exhausted"},
      {"unavailable", 503, 1013, 14, "unavailable"},
      {"timed_out", 504, 1013, 4, "deadline_exceeded"},
      {"internal", 500, 1011, 13, "internal"},
  }};
  return rows[static_cast<std::size_t>(code)];
}

Errc errc_named(std::string_view name) {
  for (int code = 0; code < static_cast<int>(Errc::internal); ++code) {
    if (row_of(static_cast<Errc>(code)).name == name) return static_cast<Errc>(code);
  }
  return Errc::internal;
}

}  // namespace sluice::base
