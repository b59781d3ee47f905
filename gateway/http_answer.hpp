#pragma once
// HttpAnswer: the answers on the client port, as text. Pure.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "gateway/http_exchange.hpp"
#include "workers/ending.hpp"

namespace sluice::gateway {

struct HttpError {
  std::uint16_t status;
  base::Error error;
  std::string headers = {};  // more of them, each ending with a line's end
};

// Gives the error that `error` stands for by itself (base/error.hpp).
HttpError http_error(base::Error error);
// The answer that tells of `error`: {"error":...,"message":...}; the connection closes behind it.
HttpReply http_reply(const HttpError& error);
// That it cannot be done now and may be soon.
HttpReply unavailable_reply(std::string why, unsigned retry_after_seconds = 1);
// Likewise, where many are told so at a time: they come back at different moments, as `seed` has it, which differs.
HttpReply scattered_unavailable_reply(std::string why, std::uint32_t seed);
// When a client whose connection ends so had best come back, for Retry-After.
unsigned retry_after_seconds(const workers::Ending& ending);
// The answer to a client that may not come in. One that is turned away since there is too much to do comes back at a
// moment of its own, as `seed` has it.
HttpReply turned_away_reply(base::Error error, std::uint32_t seed);
// The answer to a client that a backend does not let in; `data` is a JSON value or nothing.
HttpReply refusal_reply(std::string_view message, std::string_view data);
// The whole text of an answer.
std::string http_text(const HttpReply& reply, bool is_to_head = false);

}  // namespace sluice::gateway
