#include "identity/callers.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "base/control_character.hpp"
#include "base/log.hpp"
#include "base/read_file.hpp"
#include "identity/base64url.hpp"
#include "identity/sha256.hpp"

namespace sluice::identity {
namespace {

using base::Errc;
using base::fail;

constexpr std::size_t name_bytes_max = 64;
constexpr std::size_t hash_digits = 64;
constexpr std::string_view key_prefix = "slk_", hash_prefix = "sha256:", certificate_prefix = "san:";

// The words of a line, of which there is any white space between two.
std::vector<std::string> words_of(std::string_view line) {
  constexpr std::string_view white = " \t\r";
  std::vector<std::string> words;
  while (true) {
    const auto begin = line.find_first_not_of(white);
    if (begin == std::string_view::npos) return words;
    const auto end = std::min(line.find_first_of(white, begin), line.size());
    words.emplace_back(line.substr(begin, end - begin));
    line.remove_prefix(end);
  }
}

std::vector<std::string> parts_of(std::string_view list) {
  std::vector<std::string> parts;
  while (true) {
    const auto comma = list.find(',');
    parts.emplace_back(list.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    list.remove_prefix(comma + 1);
  }
}

base::Result<CallerList> read(const std::string& path) {
  const auto text = base::read_file(path);
  if (!text) return text.error();
  auto list = CallerList::parse(*text);
  if (!list) return fail(list.error().code, path + ": " + list.error().detail);
  return list;
}

}  // namespace

std::optional<Scopes> Scopes::of(const std::vector<std::string>& names) {
  Scopes scopes;
  for (const std::string& name : names) {
    const auto found = std::ranges::find(scope_names, name);
    if (found == scope_names.end()) return std::nullopt;
    scopes.add(static_cast<Scope>(found - scope_names.begin()));
  }
  return scopes;
}

std::string make_key() {
  std::array<unsigned char, 32> bytes{};
  if (RAND_bytes(bytes.data(), bytes.size()) != 1) throw std::runtime_error("there is no randomness for a key");
  return std::string(key_prefix) + to_base64url({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

base::Status CallerList::take_line(std::string_view line) {
  const std::vector<std::string> words = words_of(line);
  if (words.empty() || words.front().starts_with('#')) return base::ok();
  if (words.size() != 3) return fail(Errc::bad_request, "wants a name, scopes, and sha256:HASH or san:NAME");
  if (words[0].size() > name_bytes_max || base::has_control_character(words[0])) {
    return fail(Errc::bad_request, "the name is longer than 64 bytes, or has control characters");
  }
  const auto scopes = Scopes::of(parts_of(words[1]));
  if (!scopes) return fail(Errc::bad_request, "scopes are publish, read, backend and admin, with commas between");
  const std::string_view how = words[2];
  auto* const by = how.starts_with(hash_prefix) ? &by_hash_ : how.starts_with(certificate_prefix) ? &by_name_ : nullptr;
  if (by == nullptr) return fail(Errc::bad_request, "wants sha256:HASH or san:NAME at its end");
  std::string what(how.substr(how.find(':') + 1));
  const bool is_hash = what.size() == hash_digits && what.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (what.empty() || (by == &by_hash_ && !is_hash)) {
    return fail(Errc::bad_request, "a hash is 64 lower-case hexadecimal digits, and a name is not empty");
  }
  if (!by->emplace(std::move(what), Caller{words[0], *scopes}).second) {
    return fail(Errc::bad_request, "the same key or certificate stands there twice");
  }
  return base::ok();
}

base::Result<CallerList> CallerList::parse(std::string_view text) {
  CallerList list;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    if (const auto status = list.take_line(text.substr(0, end)); !status) {
      return fail(status.error().code, "line " + std::to_string(number) + ": " + status.error().detail);
    }
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return list;
}

const Caller* CallerList::by_key(std::string_view key) const {
  const auto found = by_hash_.find(sha256_text(key));
  return found == by_hash_.end() ? nullptr : &found->second;
}

const Caller* CallerList::by_certificate(const std::vector<std::string>& alternative_names) const {
  for (const std::string& name : alternative_names) {
    const auto found = by_name_.find(name);
    if (found != by_name_.end()) return &found->second;
  }
  return nullptr;
}

base::Result<std::unique_ptr<CallerFile>> CallerFile::open(std::string path) {
  auto first = read(path);
  if (!first) return first.error();
  return std::unique_ptr<CallerFile>(
      new CallerFile(std::move(path), std::make_shared<const CallerList>(*std::move(first))));
}

void CallerFile::reload() {
  auto list = read(path_);
  if (!list) return base::log_warning("callers_not_loaded", {{"why", list.error().detail}});
  const std::size_t size = list->size();
  list_.publish(std::make_shared<const CallerList>(*std::move(list)));
  // Behind it: whoever reads the line may count on it.
  base::log_info("callers_loaded", {{"callers", size}});
}

}  // namespace sluice::identity
