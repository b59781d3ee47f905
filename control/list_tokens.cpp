#include "control/list_tokens.hpp"

namespace sluice::control {

Problem token_of(const std::string& text, const PageToken& expected, PageToken& out) {
  out = expected;
  if (text.empty()) return {};
  const auto given = PageToken::parse(text);
  if (!given) return misfit("page_token", "a next_page_token as it was given");
  if (given->list != expected.list || given->filters != expected.filters)
    return misfit("page_token", "of a list with the same filters");
  out = *given;
  return {};
}

Problem token_of_this_start(const std::string& text, const PageToken& expected, PageToken& out) {
  const auto given = PageToken::parse(text);
  if (given && given->incarnation != expected.incarnation)
    return misfit("page_token", "of this start of the node, which has restarted since; begin the list again");
  return token_of(text, expected, out);
}

}  // namespace sluice::control
