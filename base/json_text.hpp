#pragma once
// JSON strings, for what is written line by line (logs, generated documents).

#include <string>
#include <string_view>

namespace sluice::base {

// Appends `text` as a JSON string with its quotes. What is not valid UTF-8 becomes U+FFFD, byte for byte; control
// characters and U+007F are escaped, so that the result is one line whatever a peer sent.
void append_json_string(std::string& out, std::string_view text);

}  // namespace sluice::base
