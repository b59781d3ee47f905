#pragma once
// SseReader: takes a stream of server-sent events apart, as it comes, in pieces of any size (HTML Standard, 9.2.6).
// Pure.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace sluice::program {

class SseReader {
 public:
  struct Event {
    std::string name;  // "message" if the stream did not say
    std::string data;  // its lines joined by "\n"
    std::string id;    // the newest that the stream has told until then; may be empty
  };

  // An event whose data and present line have more than `bytes_max` bytes together is an error. `last_id` is where an
  // earlier stream ended; empty: nowhere.
  explicit SseReader(std::size_t bytes_max, std::string last_id = {});

  // Takes bytes from the front of `bytes` until they complete an event, or are used up: then gives none. What is left
  // belongs to the next call. After Errc::too_large: only start_over().
  base::Result<std::optional<Event>> take(std::string_view& bytes);
  // The stream ended and another begins: what was incomplete is dropped, the id and the retry time stay.
  void start_over();

  // What the next stream is to go on from: the id as it was when the newest event ended, had that data or not.
  const std::string& last_id() const { return last_id_; }
  // How long the stream says that a client should wait before it comes back; nothing if it did not say.
  std::optional<std::chrono::milliseconds> retry() const { return retry_; }
  // The newest comment of this stream that was not empty, without the colon and the space behind it.
  const std::string& comment() const { return comment_; }

 private:
  std::string_view take_line_break(std::string_view bytes);
  std::optional<Event> take_line(std::string_view line);
  std::optional<Event> dispatch();
  void take_field(std::string_view name, std::string_view value);

  const std::size_t bytes_max_;
  bool is_first_line_ = true;     // in front of which a byte order mark may stand
  bool skips_line_feed_ = false;  // the bytes before ended with CR
  std::string line_;              // as far as it has come
  std::string name_, data_, id_;  // of the event that is being read; each line of data ends with "\n"
  std::string last_id_, comment_;
  std::optional<std::chrono::milliseconds> retry_;
};

}  // namespace sluice::program
