#pragma once
// RequestTarget: a request's path and query (RFC 3986, 3.3 and 3.4), decoded.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace sluice::gateway {

struct RequestTarget {
  std::string path;                                             // decoded
  std::vector<std::pair<std::string, std::string>> parameters;  // decoded, in order; a '+' is a space

  // Takes the origin form alone: "/ws?room=a". Errc::bad_request for another form or a malformed percent-encoding.
  static base::Result<RequestTarget> parse(std::string_view text);
  // The first value of `name`, or null.
  const std::string* find(std::string_view name) const;
};

}  // namespace sluice::gateway
