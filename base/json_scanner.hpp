#pragma once
// JSON as it comes from clients (RFC 8259): checked and taken apart where it lies, so that what is passed on is what
// was sent, to the last digit. Pure, and no allocation for what is only checked.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::base {

// How deep arrays and objects may be nested.
inline constexpr int json_depth_max = 128;

// Where the value that begins at `begin` ends (no white space is skipped in front of it); nothing if none does. Bytes
// that are not UTF-8 are not noticed: the caller's text has been checked.
std::optional<std::size_t> json_value_end(std::string_view text, std::size_t begin = 0);
// Whether `text` is one value and nothing else but white space.
bool is_json(std::string_view text);

// The elements of an array, as they are written; nothing if `text` is no array, or more than one.
std::optional<std::vector<std::string_view>> json_elements(std::string_view text);

struct JsonMember {
  std::string_view name;  // as it is written, with its quotes
  std::string_view value;
};
// The members of an object, likewise, but white space may stand around it, as a file ends with a line.
std::optional<std::vector<JsonMember>> json_members(std::string_view text);

// What a string says, whose writing is valid. Half a surrogate pair becomes U+FFFD.
std::string json_string(std::string_view written);

// An object that stands for an attachment: {"_placeholder":true,"num":N}.
struct JsonPlaceholder {
  std::size_t begin = 0, end = 0;       // where it is written
  std::optional<std::uint32_t> number;  // nothing: it is no whole number from 0 on
};
// All of a valid value's, in the order of the text. Objects of more than 256 bytes are none.
std::vector<JsonPlaceholder> json_placeholders(std::string_view text);

}  // namespace sluice::base
