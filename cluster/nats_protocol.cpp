#include "cluster/nats_protocol.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/json_text.hpp"

namespace sluice::cluster {
namespace {

using base::Errc;
using base::fail;

constexpr std::string_view line_end = "\r\n";
constexpr std::size_t subjects_bytes_max =
    nats_protocol::control_line_bytes_max - nats_protocol::control_line_bytes_beside;

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

bool is_word_character(char c) { return static_cast<unsigned char>(c) > ' ' && c != 0x7F; }

enum class Wildcards : bool { refused, allowed };

bool are_tokens(std::string_view text, Wildcards wildcards) {
  if (text.empty() || text.size() > subjects_bytes_max) return false;
  for (bool is_last = false; !is_last;) {
    const std::size_t dot = text.find('.');
    const std::string_view token = text.substr(0, dot);
    is_last = dot == std::string_view::npos;
    if (!is_last) text.remove_prefix(dot + 1);
    if (token.empty() || !std::ranges::all_of(token, is_word_character)) return false;
    if (wildcards == Wildcards::refused && (token == "*" || token == ">")) return false;
    if (token == ">" && !is_last) return false;
  }
  return true;
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out.append(",\"").append(name).append("\":");
  base::append_json_string(out, value);
}

}  // namespace

namespace nats_protocol {

void append_connect(std::string& out, const Connect& connect) {
  const auto truth = [](bool is_true) { return is_true ? "true" : "false"; };
  // Protocol 1: the server may send INFO at any time, to tell of its cluster and of its end.
  out.append(R"(CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true,"protocol":1,)");
  out.append(R"("lang":"c++","version":"1","tls_required":)").append(truth(connect.is_secured));
  out.append(R"(,"echo":)").append(truth(connect.wants_echo));
  append_member(out, "name", connect.name);
  append_member(out, "user", connect.user);
  append_member(out, "pass", connect.password);
  append_member(out, "auth_token", connect.token);
  append_member(out, "jwt", connect.jwt);
  append_member(out, "nkey", connect.public_key);
  append_member(out, "sig", connect.signature);
  out.append("}").append(line_end);
}

void append_publish(std::string& out, const NatsPublication& publication) {
  const bool has_headers = !publication.headers.empty();
  out.append(has_headers ? "HPUB " : "PUB ").append(publication.subject);
  if (!publication.reply.empty()) out.append(" ").append(publication.reply);
  if (has_headers) {
    out += ' ';
    append_number(out, header_bytes(publication.headers));
  }
  out += ' ';
  append_number(out, message_bytes(publication));
  out.append(line_end);
  if (has_headers) append_headers(out, publication.headers);
  out.append(publication.payload).append(line_end);
}

std::size_t publish_bytes_max(const NatsPublication& publication) {
  return control_line_bytes_beside + publication.subject.size() + publication.reply.size() + message_bytes(publication);
}

std::size_t message_bytes(const NatsPublication& publication) {
  return (publication.headers.empty() ? 0 : header_bytes(publication.headers)) + publication.payload.size();
}

base::Status check(const NatsPublication& publication) {
  if (!is_subject(publication.subject)) return fail(Errc::bad_request, "that is no subject to publish to");
  if (!publication.reply.empty() && !is_subject(publication.reply)) {
    return fail(Errc::bad_request, "the reply subject is none");
  }
  if (publication.subject.size() + publication.reply.size() > subjects_bytes_max) {
    return fail(Errc::bad_request, "subject and reply subject are too long for a control line");
  }
  if (!are_headers(publication.headers)) return fail(Errc::bad_request, "a header's name or value cannot be written");
  return base::ok();
}

void append_subscribe(std::string& out, std::string_view pattern, std::string_view queue_group, std::uint64_t number) {
  out.append("SUB ").append(pattern).append(" ");
  if (!queue_group.empty()) out.append(queue_group).append(" ");
  append_number(out, number);
  out.append(line_end);
}

void append_unsubscribe(std::string& out, std::uint64_t number, std::uint64_t after) {
  out.append("UNSUB ");
  append_number(out, number);
  if (after > 0) {
    out += ' ';
    append_number(out, after);
  }
  out.append(line_end);
}

}  // namespace nats_protocol

bool is_subject(std::string_view text) { return are_tokens(text, Wildcards::refused); }
bool is_pattern(std::string_view text) { return are_tokens(text, Wildcards::allowed); }
bool is_queue_group(std::string_view text) {
  return !text.empty() && text.size() <= 256 && std::ranges::all_of(text, is_word_character);
}

}  // namespace sluice::cluster
