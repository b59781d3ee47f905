#pragma once
// HeardMessage: a message as a client that subscribes or polls hears it, and how it is printed.

#include <string>
#include <string_view>

namespace sluice::program {

struct HeardMessage {
  std::string position;  // empty: not known
  std::string event;
  std::string data;  // text as it is, JSON as it is written, all else as JSON that says what it is (docs/http.md)
};

// One line for people, which awk can read too: position, event and data. What a terminal would obey is '?'.
std::string message_line(const HeardMessage& message);
// The same as one line of JSON, with nothing replaced; `data` is a string, whatever it holds.
std::string message_json(const HeardMessage& message);

// Why messages were lost: a word as docs/clients.md has it, from the data of a stream's event `gap`; empty if it is not
// such data.
std::string gap_reason(std::string_view data);
// Says that messages were lost, to people and as one line of JSON. `reason` may be empty.
std::string gap_text(std::string_view reason);
std::string gap_json(std::string_view reason);

}  // namespace sluice::program
