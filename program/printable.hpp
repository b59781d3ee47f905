#pragma once
// Text of others on a terminal.

#include <string>
#include <string_view>

namespace sluice::program {

// Gives `text` with '?' for each character that a terminal would obey: U+0000 to U+001F, U+007F, U+0080 to U+009F.
std::string printable(std::string_view text);

}  // namespace sluice::program
