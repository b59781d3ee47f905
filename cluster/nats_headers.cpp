#include "cluster/nats_headers.hpp"

#include <algorithm>

namespace sluice::cluster {
namespace {

using base::Errc;
using base::fail;

constexpr std::string_view version = "NATS/1.0", line_end = "\r\n";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool is_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) { return c > ' ' && c < 0x7F && c != ':'; });
}

}  // namespace

base::Result<NatsHeaders> NatsHeaders::parse(std::string_view block) {
  NatsHeaders headers;
  bool is_first = true;
  while (!block.empty()) {
    const std::size_t end = block.find(line_end);
    if (end == std::string_view::npos) return fail(Errc::bad_request, "the headers do not end with an empty line");
    const std::string_view line = block.substr(0, end);
    block.remove_prefix(end + line_end.size());
    if (line.empty() && !is_first) {
      if (block.empty()) return headers;
      return fail(Errc::bad_request, "bytes stand behind the headers");
    }
    if (line.find_first_of(line_end) != std::string_view::npos) {
      return fail(Errc::bad_request, "a line of the headers has half a line break in it");
    }
    const base::Status status = is_first ? headers.take_status(line) : headers.take_header(line);
    if (!status) return status.error();
    is_first = false;
  }
  if (!is_first) return fail(Errc::bad_request, "the headers do not end with an empty line");
  return headers;
}

base::Status NatsHeaders::take_status(std::string_view line) {
  if (!line.starts_with(version)) return fail(Errc::bad_request, "the headers do not begin with NATS/1.0");
  const std::string_view text = trimmed(line.substr(version.size()));
  if (text.empty()) return base::ok();
  const bool is_status = text.size() >= 3 && std::all_of(text.begin(), text.begin() + 3, is_digit) &&
                         (text.size() == 3 || is_blank(text[3]));
  if (!is_status) return fail(Errc::bad_request, "what stands behind NATS/1.0 is no status of three digits");
  status_ = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
  description_ = trimmed(text.substr(3));
  return base::ok();
}

base::Status NatsHeaders::take_header(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return fail(Errc::bad_request, "a header has no colon");
  const std::string_view name = line.substr(0, colon);
  if (!is_name(name)) return fail(Errc::bad_request, "a header's name is not visible ASCII");
  all_.push_back({name, trimmed(line.substr(colon + 1))});
  return base::ok();
}

std::optional<std::string_view> NatsHeaders::find(std::string_view name) const {
  const auto found = std::ranges::find(all_, name, &NatsHeader::name);
  return found == all_.end() ? std::nullopt : std::optional(found->value);
}

std::optional<std::string_view> NatsHeaders::find_last(std::string_view name) const {
  const auto found =
      std::find_if(all_.rbegin(), all_.rend(), [name](const NatsHeader& one) { return one.name == name; });
  return found == all_.rend() ? std::nullopt : std::optional(found->value);
}

std::size_t header_bytes(std::span<const NatsHeader> headers) {
  std::size_t bytes = version.size() + 2 * line_end.size();
  for (const NatsHeader& one : headers) bytes += one.name.size() + one.value.size() + 2 + line_end.size();
  return bytes;
}

void append_headers(std::string& out, std::span<const NatsHeader> headers) {
  out.append(version).append(line_end);
  for (const NatsHeader& one : headers) out.append(one.name).append(": ").append(one.value).append(line_end);
  out.append(line_end);
}

bool are_headers(std::span<const NatsHeader> headers) {
  return std::ranges::all_of(headers, [](const NatsHeader& one) {
    return is_name(one.name) && one.value.find_first_of(line_end) == std::string_view::npos;
  });
}

}  // namespace sluice::cluster
