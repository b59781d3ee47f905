#pragma once
// Where lists begin and go on, for the files that define calls which list.

#include <string>

#include "control/page_token.hpp"
#include "control/translator.hpp"

namespace sluice::control {

// Checks that `text` continues this list with these filters. An empty text begins it, as `expected` says.
Problem token_of(const std::string& text, const PageToken& expected, PageToken& out);
// Likewise, and it must be of this start of this node.
Problem token_of_this_start(const std::string& text, const PageToken& expected, PageToken& out);

// A fingerprint of the request without what may differ from page to page.
template <class Request>
std::uint32_t filters_of(Request request) {
  request.clear_page_size();
  request.clear_page_token();
  return fingerprint_of(request.SerializeAsString());
}

}  // namespace sluice::control
