#include "gateway/rfc7692.hpp"

#include <algorithm>
#include <utility>

namespace sluice::gateway {

namespace {

// RFC 2616, 2.2
bool is_token_char(char c) {
  constexpr std::string_view separators = "()<>@,;:\\\"/[]?={}";
  return c > ' ' && c < 0x7F && separators.find(c) == std::string_view::npos;
}

// Walks over one header's value.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) { skip_blanks(); }

  bool is_at_end() const { return at_ == text_.size(); }
  std::size_t at() const { return at_; }

  // Takes `c` and the blanks around it, if it comes next. RFC 2616, 2.1: blanks may stand between any two words.
  bool take(char c) {
    if (is_at_end() || text_[at_] != c) return false;
    ++at_;
    skip_blanks();
    return true;
  }

  // Takes a token and the blanks behind it; empty if none comes next.
  std::string_view token() {
    const std::size_t begin = at_;
    while (!is_at_end() && is_token_char(text_[at_])) ++at_;
    const std::string_view taken = text_.substr(begin, at_ - begin);
    skip_blanks();
    return taken;
  }

  // Takes a value, quoted or not, and the blanks behind it; empty if none comes next. What is quoted must be a token,
  // too, once its backslashes are gone.
  std::string value() {
    if (is_at_end() || text_[at_] != '"') return std::string(token());
    ++at_;
    std::string taken;
    for (; !is_at_end() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && ++at_ == text_.size()) return {};
      if (!is_token_char(text_[at_])) return {};
      taken += text_[at_];
    }
    if (is_at_end()) return {};
    ++at_;
    skip_blanks();
    return taken;
  }

 private:
  void skip_blanks() {
    while (!is_at_end() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// 7.1.2.1: decimal, no leading zeros; 0 if it is no size of a window.
int window_bits(std::string_view text) {
  if (text.size() == 1 && text[0] >= '8' && text[0] <= '9') return text[0] - '0';
  if (text.size() == 2 && text[0] == '1' && text[1] >= '0' && text[1] <= '5') return 10 + (text[1] - '0');
  return 0;
}

// One offer of permessage-deflate.
class Offer {
 public:
  explicit Offer(std::string_view name) : is_sound_(name == rfc7692::extension) {}

  // `value` is null if there was none.
  void add(std::string_view name, const std::string* value) {
    if (!is_sound_) return;
    if (name == rfc7692::server_no_context_takeover) {
      is_sound_ = !value && !std::exchange(server_starts_afresh_, true);
    } else if (name == rfc7692::client_no_context_takeover) {
      is_sound_ = !value && !std::exchange(client_starts_afresh_, true);
    } else if (name == rfc7692::server_max_window_bits) {
      is_sound_ = value && server_bits_ == 0;
      if (is_sound_) is_sound_ = (server_bits_ = window_bits(*value)) != 0;
    } else if (name == rfc7692::client_max_window_bits) {
      is_sound_ = client_bits_ == 0;
      if (is_sound_) is_sound_ = (client_bits_ = value ? window_bits(*value) : rfc7692::window_bits_max) != 0;
    } else {
      is_sound_ = false;
    }
  }

  std::optional<DeflateAgreement> accept(Compression policy) const {
    const int server_bits = server_bits_ != 0 ? server_bits_ : rfc7692::window_bits_max;
    if (!is_sound_ || policy == Compression::off || server_bits < narrow_window_bits) return std::nullopt;
    const bool is_shared = policy == Compression::shared;
    DeflateTerms terms;
    terms.keeps_server_context = !is_shared && !server_starts_afresh_;
    terms.keeps_client_context = !is_shared && !client_starts_afresh_;
    terms.server_window_bits = std::min(server_bits, wide_window_bits);
    // Two windows are enough: every further one would deflate each message once more.
    if (is_shared && server_bits < wide_window_bits) terms.server_window_bits = narrow_window_bits;
    // The client's window is our inflater's memory, if it has to be kept. Only who offered can be asked (7.1.2.2).
    const bool is_client_bound = terms.keeps_client_context && client_bits_ != 0;
    if (is_client_bound) terms.client_window_bits = std::min(client_bits_, wide_window_bits);
    return DeflateAgreement{terms, answer(terms, is_client_bound)};
  }

 private:
  // Both no-context-takeovers may be answered though they were not offered (7.1.1); every client must obey.
  std::string answer(const DeflateTerms& terms, bool is_client_bound) const {
    std::string text(rfc7692::extension);
    const auto add = [&](std::string_view name) { text.append("; ").append(name); };
    if (!terms.keeps_server_context) add(rfc7692::server_no_context_takeover);
    if (!terms.keeps_client_context) add(rfc7692::client_no_context_takeover);
    if (server_bits_ != 0) {
      add(rfc7692::server_max_window_bits);
      text += '=' + std::to_string(terms.server_window_bits);
    }
    if (is_client_bound) {
      add(rfc7692::client_max_window_bits);
      text += '=' + std::to_string(terms.client_window_bits);
    }
    return text;
  }

  bool is_sound_;
  bool server_starts_afresh_ = false, client_starts_afresh_ = false;
  int server_bits_ = 0, client_bits_ = 0;  // 0: not offered
};

base::Error malformed(const Reader& reader, std::string_view expected) {
  return base::fail(base::Errc::bad_request, "Sec-WebSocket-Extensions: expected " + std::string(expected) +
                                                 " at byte " + std::to_string(reader.at()));
}

// Reads an extension's parameters, up to the comma or the end.
base::Status read_parameters(Reader& reader, Offer& offer) {
  while (reader.take(';')) {
    const std::string_view name = reader.token();
    if (name.empty()) return malformed(reader, "a parameter");
    if (!reader.take('=')) {
      offer.add(name, nullptr);
      continue;
    }
    const std::string value = reader.value();
    if (value.empty()) return malformed(reader, "a parameter's value");
    offer.add(name, &value);
  }
  return base::ok();
}

// Reads one header into `agreement`, which stays as it is once there is one. RFC 7230, 7: elements of a list may be
// empty, but not all of them.
base::Status read_header(std::string_view header, Compression policy, std::optional<DeflateAgreement>& agreement) {
  Reader reader(header);
  bool is_empty = true;
  while (!reader.is_at_end()) {
    if (reader.take(',')) continue;
    const std::string_view name = reader.token();
    if (name.empty()) return malformed(reader, "an extension");
    is_empty = false;
    Offer offer(name);
    if (base::Status read = read_parameters(reader, offer); !read) return read;
    if (!reader.is_at_end() && !reader.take(',')) return malformed(reader, "a comma or semicolon");
    if (!agreement) agreement = offer.accept(policy);
  }
  if (is_empty) return malformed(reader, "an extension");
  return base::ok();
}

}  // namespace

base::Result<std::optional<DeflateAgreement>> agree_on_deflate(std::span<const std::string_view> headers,
                                                               Compression policy) {
  std::optional<DeflateAgreement> agreement;
  for (const std::string_view header : headers) {
    if (base::Status read = read_header(header, policy, agreement); !read) return read.error();
  }
  return agreement;
}

}  // namespace sluice::gateway
