#include "identity/token.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/json_scanner.hpp"
#include "base/json_text.hpp"
#include "identity/base64url.hpp"

namespace sluice::identity {
namespace {

using base::Errc;
using base::fail;
using Members = std::vector<base::JsonMember>;

base::Error bad(std::string why) { return fail(Errc::unauthenticated, "the token " + std::move(why)); }

// A token's parts; the views are into it.
struct Parts {
  std::string_view head, claims, signature, signed_text;
};

base::Result<Parts> split(std::string_view token) {
  if (token.size() > token_bytes_max) return bad("is longer than " + std::to_string(token_bytes_max) + " bytes");
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    return bad("is not three parts with a point between each two");
  }
  return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1),
               token.substr(0, second)};
}

// The members of the object in a part, each name once (RFC 7519, 4). `text` keeps what they view.
base::Result<Members> object_in(std::string_view part, std::string& text) {
  auto decoded = from_base64url(part);
  if (!decoded) return bad("is not base64url");
  text = *std::move(decoded);
  auto members = base::json_members(text);
  if (!members) return bad("has a part that is no JSON object");
  for (auto one = members->begin(); one != members->end(); ++one) {
    if (std::find_if(members->begin(), one, [&](const auto& other) { return other.name == one->name; }) != one) {
      return bad("says something twice");
    }
  }
  return *std::move(members);
}

std::string_view find(const Members& members, std::string_view quoted_name) {
  const auto found = std::ranges::find(members, quoted_name, &base::JsonMember::name);
  return found == members.end() ? std::string_view{} : found->value;
}

bool read_text(const Members& members, std::string_view name, std::string& out) {
  const std::string_view value = find(members, name);
  if (value.empty()) return true;
  if (value.front() != '"') return false;
  out = base::json_string(value);
  return true;
}

// NumericDate (RFC 7519, 2): may have a fraction, which is dropped.
bool read_time(const Members& members, std::string_view name, std::optional<std::int64_t>& out) {
  const std::string_view value = find(members, name);
  if (value.empty()) return true;
  double seconds = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (error != std::errc() || end != value.data() + value.size() || !(std::abs(seconds) < 1e15)) return false;
  out = static_cast<std::int64_t>(std::floor(seconds));
  return true;
}

bool read_texts(std::string_view value, std::vector<std::string>& out) {
  if (value.empty()) return true;
  const auto elements = base::json_elements(value);
  if (!elements) return false;
  for (const std::string_view element : *elements) {
    if (element.front() != '"') return false;
    out.push_back(base::json_string(element));
  }
  return true;
}

bool read_patterns(std::string_view value, std::optional<std::vector<std::string>>& out) {
  return value.empty() || read_texts(value, out.emplace());
}

bool read_labels(std::string_view value, base::Labels& out) {
  if (value.empty()) return true;
  const auto members = base::json_members(value);
  if (!members) return false;
  for (const base::JsonMember& member : *members) {
    if (member.value.front() != '"') return false;
    base::set_label(out, {base::json_string(member.name), base::json_string(member.value)});
  }
  return base::are_labels(out);
}

bool read_own(const Members& members, Claims& claims) {
  const std::string_view own = find(members, "\"sluice\"");
  if (own.empty()) return true;
  const auto mine = base::json_members(own);
  return mine && read_texts(find(*mine, "\"rooms\""), claims.rooms) &&
         read_patterns(find(*mine, "\"join\""), claims.join) &&
         read_patterns(find(*mine, "\"publish\""), claims.publish) &&
         read_labels(find(*mine, "\"labels\""), claims.labels) && read_texts(find(*mine, "\"scopes\""), claims.scopes);
}

base::Result<Claims> read_claims(std::string_view part) {
  std::string text;
  const auto members = object_in(part, text);
  if (!members) return members.error();
  Claims claims;
  const std::string_view audience = find(*members, "\"aud\"");
  if (audience.starts_with('"')) {
    claims.audiences.push_back(base::json_string(audience));
  } else if (!read_texts(audience, claims.audiences)) {
    return bad("has a claim aud that is neither a text nor a list of them");
  }
  if (!read_text(*members, "\"sub\"", claims.subject) || !read_text(*members, "\"iss\"", claims.issuer) ||
      !read_text(*members, "\"jti\"", claims.id)) {
    return bad("has a claim sub, iss or jti that is no text");
  }
  if (!read_time(*members, "\"exp\"", claims.expires) || !read_time(*members, "\"nbf\"", claims.not_before) ||
      !read_time(*members, "\"iat\"", claims.issued)) {
    return bad("has a claim exp, nbf or iat that is no time in seconds");
  }
  if (!read_own(*members, claims)) {
    return bad(
        "has a claim sluice whose rooms, join, publish or scopes are no lists of texts, or whose labels are no object "
        "of at most 32 short texts");
  }
  return claims;
}

// Nothing if all is well.
std::string_view misfit(const Claims& claims, const TokenRules& rules, std::int64_t now) {
  const std::int64_t skew = rules.skew.count();
  if (!claims.expires && rules.needs_expiry) return "has no claim exp";
  if (claims.expires && now - skew >= *claims.expires) return "has expired";
  if (claims.not_before && now + skew < *claims.not_before) return "is not valid yet";
  if (claims.issued && now + skew < *claims.issued) return "was issued in the future";
  if (!rules.issuer.empty() && claims.issuer != rules.issuer) return "is of another issuer";
  const bool is_for_us = rules.audiences.empty() || std::ranges::any_of(claims.audiences, [&](const auto& one) {
                           return std::ranges::find(rules.audiences, one) != rules.audiences.end();
                         });
  return is_for_us ? std::string_view{} : "is for another audience";
}

void append_texts(std::string& out, std::string_view name, const std::vector<std::string>& texts) {
  out.append(out.back() == '{' ? "\"" : ",\"").append(name).append("\":[");
  for (std::size_t at = 0; at < texts.size(); ++at) {
    if (at > 0) out += ',';
    base::append_json_string(out, texts[at]);
  }
  out += ']';
}

void append_text(std::string& out, std::string_view name, const std::string& text) {
  if (text.empty()) return;
  out.append(out.back() == '{' ? "\"" : ",\"").append(name).append("\":");
  base::append_json_string(out, text);
}

void append_time(std::string& out, std::string_view name, const std::optional<std::int64_t>& time) {
  if (!time) return;
  out.append(out.back() == '{' ? "\"" : ",\"").append(name).append("\":").append(std::to_string(*time));
}

std::string claims_text(const Claims& claims) {
  std::string text = "{";
  append_text(text, "sub", claims.subject);
  append_text(text, "iss", claims.issuer);
  append_text(text, "jti", claims.id);
  if (claims.audiences.size() == 1) append_text(text, "aud", claims.audiences[0]);
  if (claims.audiences.size() > 1) append_texts(text, "aud", claims.audiences);
  append_time(text, "iat", claims.issued);
  append_time(text, "nbf", claims.not_before);
  append_time(text, "exp", claims.expires);
  std::string own = "{";
  if (!claims.rooms.empty()) append_texts(own, "rooms", claims.rooms);
  if (claims.join) append_texts(own, "join", *claims.join);
  if (claims.publish) append_texts(own, "publish", *claims.publish);
  if (!claims.scopes.empty()) append_texts(own, "scopes", claims.scopes);
  if (!claims.labels.empty()) {
    own.append(own.size() > 1 ? ",\"labels\":{" : "\"labels\":{");
    for (const auto& [name, value] : claims.labels) {
      if (own.back() != '{') own += ',';
      base::append_json_string(own, name);
      own += ':';
      base::append_json_string(own, value);
    }
    own += '}';
  }
  if (own.size() > 1) text.append(text.back() == '{' ? "\"sluice\":" : ",\"sluice\":").append(own).append("}");
  return text + '}';
}

}  // namespace

base::Result<Claims> verify_token(std::string_view token, const KeySet& keys, const TokenRules& rules,
                                  std::chrono::system_clock::time_point now) {
  const auto parts = split(token);
  if (!parts) return parts.error();
  std::string text, name, key_id;
  const auto head = object_in(parts->head, text);
  if (!head) return head.error();
  if (!read_text(*head, "\"alg\"", name) || !read_text(*head, "\"kid\"", key_id)) return bad("has a malformed head");
  // RFC 7515, 4.1.11: what must be understood, and is not.
  if (!find(*head, "\"crit\"").empty()) return bad("has a head with crit");
  const auto algorithm = parse_algorithm(name);
  if (!algorithm) return bad("is signed in no way that is known here");
  if (!keys.has(*algorithm, key_id)) {
    return fail(Errc::not_found, "the token is signed with a key that is not known here");
  }
  // What costs least is looked at first; a signature costs up to a hundred times as much.
  auto claims = read_claims(parts->claims);
  if (!claims) return claims.error();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  if (const auto why = misfit(*claims, rules, seconds); !why.empty()) return bad(std::string(why));
  const auto signature = from_base64url(parts->signature);
  if (!signature || !keys.verifies(*algorithm, key_id, parts->signed_text, *signature)) {
    return bad("has a wrong signature");
  }
  return claims;
}

base::Result<std::string> claims_of(std::string_view token) {
  const auto parts = split(token);
  if (!parts) return parts.error();
  std::string text;
  const auto members = object_in(parts->claims, text);
  return members ? base::Result<std::string>(std::move(text)) : members.error();
}

base::Result<std::string> make_token(const Claims& claims, const Key& key, Algorithm algorithm,
                                     const std::string& key_id) {
  std::string head = "{";
  append_text(head, "alg", std::string(name_of(algorithm)));
  append_text(head, "typ", "JWT");
  append_text(head, "kid", key_id);
  std::string text = to_base64url(head + '}') + '.' + to_base64url(claims_text(claims));
  const auto signature = key.sign(algorithm, text);
  if (!signature) return signature.error();
  return text + '.' + to_base64url(*signature);
}

}  // namespace sluice::identity
