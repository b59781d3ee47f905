#include "program/sse_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <utility>

namespace sluice::program {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// Digits and nothing else; what is longer than the type holds is its largest.
std::optional<std::uint32_t> whole_number(std::string_view text) {
  const bool is_number = !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (!is_number) return std::nullopt;
  std::uint32_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  return parsed.ec == std::errc() ? number : std::numeric_limits<std::uint32_t>::max();
}

}  // namespace

SseReader::SseReader(std::size_t bytes_max, std::string last_id)
    : bytes_max_(bytes_max), id_(last_id), last_id_(std::move(last_id)) {}

void SseReader::start_over() {
  is_first_line_ = true;
  skips_line_feed_ = false;
  for (std::string* const text : {&line_, &name_, &data_, &comment_}) text->clear();
  id_ = last_id_;
}

base::Result<std::optional<SseReader::Event>> SseReader::take(std::string_view& bytes) {
  if (skips_line_feed_ && !bytes.empty()) {
    skips_line_feed_ = false;
    if (bytes.front() == '\n') bytes.remove_prefix(1);
  }
  while (!bytes.empty()) {
    const std::size_t end = bytes.find_first_of("\r\n");
    const std::string_view piece = bytes.substr(0, end);
    if (line_.size() + data_.size() + piece.size() > bytes_max_) {
      return base::fail(base::Errc::too_large, "a message has more than " + std::to_string(bytes_max_) + " bytes");
    }
    if (end == std::string_view::npos) {
      line_ += piece;
      bytes = {};
      break;
    }
    bytes = take_line_break(bytes.substr(end));
    std::string begun = std::exchange(line_, {});
    auto event = take_line(begun.empty() ? piece : begun += piece);
    if (event) return event;
  }
  return std::optional<Event>();
}

// Gives what is behind the line break that `bytes` begin with: CR, LF or CRLF, of which the LF may come later.
std::string_view SseReader::take_line_break(std::string_view bytes) {
  skips_line_feed_ = bytes == "\r";
  return bytes.substr(bytes.starts_with("\r\n") ? 2 : 1);
}

std::optional<SseReader::Event> SseReader::take_line(std::string_view line) {
  if (std::exchange(is_first_line_, false) && line.starts_with(byte_order_mark)) {
    line.remove_prefix(byte_order_mark.size());
  }
  if (line.empty()) return dispatch();
  const std::size_t colon = std::min(line.find(':'), line.size());
  std::string_view value = line.substr(std::min(colon + 1, line.size()));
  if (value.starts_with(' ')) value.remove_prefix(1);
  take_field(line.substr(0, colon), value);
  return std::nullopt;
}

void SseReader::take_field(std::string_view name, std::string_view value) {
  if (name == "data") {
    data_.append(value).append("\n");
  } else if (name == "event") {
    name_ = value;
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) id_ = value;
  } else if (name == "retry") {
    if (const auto number = whole_number(value)) retry_ = std::chrono::milliseconds(*number);
  } else if (name.empty() && !value.empty()) {
    comment_ = value;
  }
}

// An event without data is none to anybody, but where the stream goes on from.
std::optional<SseReader::Event> SseReader::dispatch() {
  last_id_ = id_;
  Event event{std::exchange(name_, {}), std::exchange(data_, {}), id_};
  if (event.data.empty()) return std::nullopt;
  event.data.pop_back();
  if (event.name.empty()) event.name = "message";
  return event;
}

}  // namespace sluice::program
