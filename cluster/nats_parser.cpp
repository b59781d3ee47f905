#include "cluster/nats_parser.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace sluice::cluster {
namespace {

constexpr std::string_view line_end = "\r\n";
// What a large message has needed is given back.
constexpr std::size_t kept_capacity_max = 65536;

NatsParser::Event failure(std::string_view what) { return {NatsParser::Kind::failure, what}; }

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Gives the next field and takes it off with the blanks around it; an empty one: there is none.
std::string_view take_field(std::string_view& line) {
  while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
  const auto end = static_cast<std::size_t>(std::ranges::find_if(line, is_blank) - line.begin());
  const std::string_view field = line.substr(0, end);
  line.remove_prefix(end);
  while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
  return field;
}

std::string_view without_blanks_at_end(std::string_view text) {
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// The protocol's words may be written in letters of either case.
bool is_word(std::string_view text, std::string_view word) {
  return std::ranges::equal(text, word, [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 32 : a) == b; });
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stopped != text.data() + text.size()) return std::nullopt;
  return value;
}

std::size_t line_bytes_max_of(char first) {
  return first == 'I' || first == 'i' ? NatsParser::info_bytes_max : NatsParser::line_bytes_max;
}

}  // namespace

NatsParser::Event NatsParser::next(std::string_view& bytes, std::size_t message_bytes_max) {
  if (is_handed_out_) {
    kept_.clear();
    if (kept_.capacity() > kept_capacity_max) kept_.shrink_to_fit();
    is_handed_out_ = false;
  }
  if (bytes.empty()) return {};
  return layout_.bytes > 0 ? take_message(bytes) : take_line(bytes, message_bytes_max);
}

NatsParser::Event NatsParser::take_line(std::string_view& bytes, std::size_t message_bytes_max) {
  const std::size_t at = bytes.find('\n');
  const std::size_t taken = at == std::string_view::npos ? bytes.size() : at + 1;
  if (kept_.size() + taken > line_bytes_max_of(kept_.empty() ? bytes.front() : kept_.front())) {
    return failure("a control line is too long");
  }
  if (at == std::string_view::npos) {
    kept_.append(bytes);
    bytes = {};
    return {};
  }
  std::string_view line = bytes.substr(0, taken);
  const bool is_in_place = kept_.empty();
  if (!is_in_place) {
    line = kept_.append(line);
    bytes.remove_prefix(taken);
  }
  if (!line.ends_with(line_end)) return failure("a control line does not end with CR and LF");
  const Event event = parse_line(line, message_bytes_max);
  if (layout_.bytes > 0) return take_message(bytes);
  if (is_in_place) {
    bytes.remove_prefix(taken);
  } else {
    is_handed_out_ = true;
  }
  return event;
}

NatsParser::Event NatsParser::parse_line(std::string_view line, std::size_t message_bytes_max) {
  std::string_view rest = line.substr(0, line.size() - line_end.size());
  const std::string_view word = take_field(rest);
  if (is_word(word, "MSG")) return parse_message(line, false, message_bytes_max);
  if (is_word(word, "HMSG")) return parse_message(line, true, message_bytes_max);
  if (is_word(word, "PING")) return {Kind::ping};
  if (is_word(word, "PONG")) return {Kind::pong};
  if (is_word(word, "+OK")) return {Kind::ok};
  rest = without_blanks_at_end(rest);
  if (is_word(word, "INFO")) return {Kind::info, rest};
  if (is_word(word, "-ERR")) {
    const bool is_quoted = rest.size() >= 2 && rest.front() == '\'' && rest.back() == '\'';
    return {Kind::error, is_quoted ? rest.substr(1, rest.size() - 2) : rest};
  }
  return failure("a control line begins with no word of the protocol");
}

// MSG subject sid [reply-to] bytes; HMSG subject sid [reply-to] header-bytes total-bytes
NatsParser::Event NatsParser::parse_message(std::string_view line, bool has_headers, std::size_t message_bytes_max) {
  std::array<std::string_view, 6> fields;
  std::size_t count = 0;
  std::string_view rest = line.substr(0, line.size() - line_end.size());
  take_field(rest);
  while (!rest.empty() && count < fields.size()) fields[count++] = take_field(rest);
  const std::size_t least = has_headers ? 4 : 3;
  if (count != least && count != least + 1) return failure("a message's control line has too few or too many fields");
  const auto total = number_of(fields[count - 1]);
  const auto header_bytes = has_headers ? number_of(fields[count - 2]) : 0;
  const auto subscription = number_of(fields[1]);
  if (!total || !header_bytes) return failure("a message's size is no number");
  if (!subscription) return failure("a message's subscription is no number");
  if (*total > message_bytes_max) return failure("a message is announced that is larger than one may be");
  if (*header_bytes > *total) return failure("a message's headers are announced as larger than all of it");

  const auto part_of = [&line](std::string_view field) {
    return Part{static_cast<std::size_t>(field.data() - line.data()), field.size()};
  };
  layout_.subject = part_of(fields[0]);
  layout_.reply = count == least ? Part{} : part_of(fields[2]);
  layout_.header_block = {line.size(), *header_bytes};
  layout_.payload = {line.size() + *header_bytes, *total - *header_bytes};
  layout_.subscription = *subscription;
  layout_.bytes = line.size() + *total + line_end.size();
  return {};
}

// `bytes` begins with the control line if nothing is kept, and behind what is kept otherwise.
NatsParser::Event NatsParser::take_message(std::string_view& bytes) {
  const std::size_t taken = std::min(bytes.size(), layout_.bytes - kept_.size());
  const std::string_view part = bytes.substr(0, taken);
  bytes.remove_prefix(taken);
  if (part.size() == layout_.bytes) return hand_out(part);
  kept_.append(part);
  if (kept_.size() < layout_.bytes) return {};
  is_handed_out_ = true;
  return hand_out(kept_);
}

NatsParser::Event NatsParser::hand_out(std::string_view frame) {
  if (!frame.ends_with(line_end)) return failure("a message does not end with CR and LF where it was said to");
  const auto text_of = [frame](Part part) { return frame.substr(part.begin, part.bytes); };
  const Event event{Kind::message,
                    {},
                    {text_of(layout_.subject), text_of(layout_.reply), text_of(layout_.header_block),
                     text_of(layout_.payload), layout_.subscription}};
  layout_ = {};
  return event;
}

}  // namespace sluice::cluster
