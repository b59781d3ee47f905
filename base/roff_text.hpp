#pragma once
// Text as a manual page has it: what troff would obey or draw otherwise is escaped.

#include <string>
#include <string_view>

namespace sluice::base {

std::string roff_text(std::string_view text);

}  // namespace sluice::base
