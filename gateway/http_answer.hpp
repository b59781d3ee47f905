#pragma once
// HttpAnswer: the short answers on the client port. Pure.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace sluice::gateway {

struct HttpError {
  std::uint16_t status;
  base::Error error;
  std::string headers = {};  // more of them, each ending with a line's end
};

// Gives the error that `error` stands for by itself (base/error.hpp).
HttpError http_error(base::Error error);
// Gives the whole answer, with {"error":...,"message":...} as body; the connection closes behind it.
std::string http_answer(const HttpError& error);

}  // namespace sluice::gateway
