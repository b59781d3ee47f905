#include "base/roff_text.hpp"

namespace sluice::base {
namespace {

// groff_char(7): a plain '-' is a hyphen, and quotes are curved, so that neither can be copied into a shell.
std::string_view escape_of(char c) {
  switch (c) {
    case '\\':
      return "\\e";
    case '-':
      return "\\-";
    case '\'':
      return "\\(aq";
    case '`':
      return "\\(ga";
    case '^':
      return "\\(ha";
    case '~':
      return "\\(ti";
    default:
      return {};
  }
}

}  // namespace

std::string roff_text(std::string_view text) {
  std::string out;
  bool begins_line = true;
  for (const char c : text) {
    const std::string_view escape = escape_of(c);
    if (begins_line && c == '.') out += "\\&";
    if (escape.empty()) {
      out += c;
    } else {
      out += escape;
    }
    begins_line = c == '\n';
  }
  return out;
}

}  // namespace sluice::base
