#pragma once
// HttpHead: one request's line and headers (RFC 9112), parsed in place by Beast after checks of our own against what
// proxies and servers read differently (request smuggling). Pure.

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace sluice::gateway {

struct HttpHead {
  std::string_view method;
  std::string_view target;
  bool is_http_1_1 = false;
  std::vector<std::pair<std::string_view, std::string_view>> fields;  // in order; names as they came

  // The value of the first field called `name` (in any case), or nothing.
  std::string_view find(std::string_view name) const;
  // How many fields are called so.
  std::size_t count(std::string_view name) const;
  // Whether any field called `name` lists `token` (in any case) between its commas (RFC 9110, 5.6.1).
  bool has_token(std::string_view name, std::string_view token) const;
};

// Where the head at the front of `bytes` ends, behind its empty line; 0 if it does not yet.
std::size_t head_size(std::string_view bytes);
// Says what is wrong with bytes of a head, which may be incomplete: a control character, a bare line feed, a carriage
// return alone, a folded line, something that no request begins with. Looks from `from` on; what is before it was seen.
base::Status check_head(std::string_view bytes, std::size_t from);
// Parses one whole head, which passed check_head(). The views are into `bytes`.
base::Result<HttpHead> parse_head(std::string_view bytes);

// Without the blanks at both ends.
std::string_view trim(std::string_view text);
// Takes the next element of a list from the front of `rest`, without the blanks around it.
std::string_view take_element(std::string_view& rest, char separator);

// Whether both are the same but for the case of ASCII letters.
bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace sluice::gateway
