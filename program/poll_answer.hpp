#pragma once
// PollAnswer: what GET /poll is answered with, taken apart. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "program/heard_message.hpp"

namespace sluice::program {

struct PollAnswer {
  std::string cursor;
  std::vector<HeardMessage> messages;
  bool has_gap = false;
  std::string reason;  // of the gap
};

// Nothing if `body` is no such answer.
std::optional<PollAnswer> read_poll_answer(std::string_view body);

}  // namespace sluice::program
