#include "base/json_scanner.hpp"

#include <charconv>
#include <utility>

namespace sluice::base {
namespace {

constexpr std::size_t placeholder_bytes_max = 256;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hexadecimal(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Walks over one value. Every member gives false at the first byte that does not belong there.
class Scanner {
 public:
  Scanner(std::string_view text, std::size_t at) : text_(text), at_(at) {}

  std::size_t at() const { return at_; }
  bool is_at_end() const { return at_ == text_.size(); }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
      ++at_;
  }
  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // RFC 8259, 3
  bool value(int depth) {
    if (at_ == text_.size()) return false;
    switch (text_[at_]) {
      case '{':
        return members(depth, [](std::string_view, std::string_view) {});
      case '[':
        return elements(depth, [](std::string_view) {});
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  // 5
  template <class Each>
  bool elements(int depth, Each&& each) {
    if (depth == json_depth_max || !take('[')) return false;
    skip_space();
    if (take(']')) return true;
    do {
      skip_space();
      const std::size_t begin = at_;
      if (!value(depth + 1)) return false;
      each(text_.substr(begin, at_ - begin));
      skip_space();
    } while (take(','));
    return take(']');
  }

  // 4
  template <class Each>
  bool members(int depth, Each&& each) {
    const std::size_t object = at_;
    if (depth == json_depth_max || !take('{')) return false;
    skip_space();
    if (!take('}')) {
      do {
        skip_space();
        const std::size_t begin = at_;
        if (!string()) return false;
        const std::string_view name = text_.substr(begin, at_ - begin);
        skip_space();
        if (!take(':')) return false;
        skip_space();
        const std::size_t value_begin = at_;
        if (!value(depth + 1)) return false;
        each(name, text_.substr(value_begin, at_ - value_begin));
        skip_space();
      } while (take(','));
      if (!take('}')) return false;
    }
    if (objects_ != nullptr && at_ - object <= placeholder_bytes_max) objects_->push_back({object, at_});
    return true;
  }

  using Ranges = std::vector<std::pair<std::size_t, std::size_t>>;
  void collect(Ranges& objects) { objects_ = &objects; }

 private:
  bool word(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) return false;
    at_ += expected.size();
    return true;
  }

  // 7
  bool string() {
    if (!take('"')) return false;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c == '\\' && !escape()) return false;
    }
    return false;
  }

  bool escape() {
    if (at_ == text_.size()) return false;
    const char c = text_[at_++];
    if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
    for (int count = 0; count < 4; ++count) {
      if (at_ == text_.size() || hexadecimal(text_[at_]) < 0) return false;
      ++at_;
    }
    return true;
  }

  // 6
  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (!take('e') && !take('E')) return true;
    if (!take('+')) take('-');
    return digits();
  }

  bool digits() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    return at_ > begin;
  }

  std::string_view text_;
  std::size_t at_;
  Ranges* objects_ = nullptr;
};

void append_utf8(std::string& out, std::uint32_t point) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (point < 0x80) return put(point);
  if (point < 0x800) {
    put(0xC0 | point >> 6);
  } else if (point < 0x10000) {
    put(0xE0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3F));
  } else {
    put(0xF0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3F));
    put(0x80 | (point >> 6 & 0x3F));
  }
  put(0x80 | (point & 0x3F));
}

std::uint32_t four_digits(std::string_view text) {
  std::uint32_t value = 0;
  for (const char c : text.substr(0, 4)) value = value << 4 | static_cast<std::uint32_t>(hexadecimal(c));
  return value;
}

// Decodes what stands behind `\u`, taking a second half along.
std::uint32_t take_escaped_point(std::string_view text, std::size_t& at) {
  const std::uint32_t first = four_digits(text.substr(at));
  at += 4;
  if (first < 0xD800 || first > 0xDFFF) return first;
  if (first < 0xDC00 && text.substr(at, 2) == "\\u") {
    const std::uint32_t second = four_digits(text.substr(at + 2));
    if (second >= 0xDC00 && second <= 0xDFFF) {
      at += 6;
      return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
    }
  }
  return 0xFFFD;
}

}  // namespace

std::optional<std::size_t> json_value_end(std::string_view text, std::size_t begin) {
  Scanner scanner(text, begin);
  if (!scanner.value(0)) return std::nullopt;
  return scanner.at();
}

bool is_json(std::string_view text) {
  Scanner scanner(text, 0);
  scanner.skip_space();
  if (!scanner.value(0)) return false;
  scanner.skip_space();
  return scanner.is_at_end();
}

std::optional<std::vector<std::string_view>> json_elements(std::string_view text) {
  Scanner scanner(text, 0);
  std::vector<std::string_view> found;
  if (!scanner.elements(0, [&found](std::string_view element) { found.push_back(element); })) return std::nullopt;
  return scanner.is_at_end() ? std::optional(std::move(found)) : std::nullopt;
}

std::optional<std::vector<JsonMember>> json_members(std::string_view text) {
  Scanner scanner(text, 0);
  std::vector<JsonMember> found;
  const auto each = [&found](std::string_view name, std::string_view value) { found.push_back({name, value}); };
  scanner.skip_space();
  if (!scanner.members(0, each)) return std::nullopt;
  scanner.skip_space();
  return scanner.is_at_end() ? std::optional(std::move(found)) : std::nullopt;
}

std::string json_string(std::string_view written) {
  const std::string_view text = written.substr(1, written.size() - 2);
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at++];
    if (c != '\\') {
      decoded += c;
      continue;
    }
    const char escaped = text[at++];
    static constexpr std::string_view letters = "bfnrt", meanings = "\b\f\n\r\t";
    if (escaped == 'u') {
      append_utf8(decoded, take_escaped_point(text, at));
    } else if (const auto letter = letters.find(escaped); letter != std::string_view::npos) {
      decoded += meanings[letter];
    } else {
      decoded += escaped;
    }
  }
  return decoded;
}

std::vector<JsonPlaceholder> json_placeholders(std::string_view text) {
  std::vector<JsonPlaceholder> found;
  // Most events have no binary value, and this much is quick to see.
  if (text.find("\"_placeholder\"") == std::string_view::npos) return found;
  Scanner::Ranges objects;
  Scanner scanner(text, 0);
  scanner.collect(objects);
  scanner.value(0);
  for (const auto& [begin, end] : objects) {
    const auto members = json_members(text.substr(begin, end - begin));
    bool is_placeholder = false;
    JsonPlaceholder one{begin, end, std::nullopt};
    for (const JsonMember& member : *members) {
      if (member.name == "\"_placeholder\"") is_placeholder = member.value == "true";
      if (member.name != "\"num\"") continue;
      std::uint32_t number = 0;
      const char* const last = member.value.data() + member.value.size();
      const auto [stopped, error] = std::from_chars(member.value.data(), last, number);
      if (error == std::errc() && stopped == last) one.number = number;
    }
    if (is_placeholder) found.push_back(one);
  }
  return found;
}

}  // namespace sluice::base
