// `sluice token`.

#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>

#include "base/log.hpp"
#include "base/read_file.hpp"
#include "identity/key_source.hpp"
#include "identity/token.hpp"
#include "program/all_options.hpp"
#include "program/command_line.hpp"

namespace sluice::program {
namespace {

constexpr Manual manual{
    .usage = "sluice token [OPTION]... | sluice token --check [OPTION]... TOKEN",
    .about =
        "Makes a client's token (JWT) and prints it, or checks one as the gateway would with the same\n"
        "options, file and environment: prints what it says, and, with exit code 1, why it is not good. A\n"
        "token is signed with --signing-key, a private key in PEM, or else with the first --token-secret.\n"
        "TOKEN may be -, for standard input.\n",
    .examples =
        "  export SLUICE_TOKEN_SECRET=$(openssl rand -hex 32)\n"
        "  sluice token --user ann --room chat --join 'news-*' --expires-seconds 600\n"
        "  sluice token --check $(sluice token --user ann)\n"
        "  sluice token --signing-key private.pem --key-id 2026-11 --user ann --label plan=gold\n",
};

constexpr std::string_view automatic = "auto";

struct TokenOptions {
  static constexpr std::string_view section = "Token";

  bool check = false;
  std::string user, token_id, signing_key, key_id;
  std::string algorithm{automatic};
  std::vector<std::string> rooms, join, publish, labels;
  std::chrono::seconds expires_seconds{3600};

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option("check", check, {.sentence = "Check a token instead of making one.", .in_file = false});
    visitor.option("user", user, {.sentence = "Whose it is (sub).", .in_file = false});
    visitor.option("room", rooms, {.sentence = "A room that the client is put into.", .in_file = false});
    visitor.option("join", join,
                   {.unit = "pattern", .sentence = "Rooms that it may ask for; * is any text.", .in_file = false});
    visitor.option("publish", publish,
                   {.unit = "pattern", .sentence = "Rooms to which its own messages may go.", .in_file = false});
    visitor.option("label", labels,
                   {.unit = "name=value",
                    .sentence = "What operators and backends see of it.",
                    .misfit = label_misfit,
                    .in_file = false});
    visitor.option(
        "expires-seconds", expires_seconds,
        {.unit = "seconds", .min = 1, .max = 3'153'600'000, .sentence = "How long it is good.", .in_file = false});
    visitor.option("token-id", token_id, {.unit = "id", .sentence = "Its jti, for revoking it.", .in_file = false});
    visitor.option("signing-key", signing_key,
                   {.unit = "file", .sentence = "A private key in PEM to sign it with.", .in_file = false});
    visitor.option("algorithm", algorithm,
                   {.unit = "name",
                    .sentence = "HS256, RS256, ES256, EdDSA and so on; auto: the first that fits the key.",
                    .misfit = algorithm_misfit,
                    .in_file = false});
    visitor.option("key-id", key_id, {.unit = "id", .sentence = "Names the key in a set (kid).", .in_file = false});
  }

 private:
  static std::string_view label_misfit(std::string_view text) {
    const auto equals = text.find('=');
    return equals == 0 || equals == std::string_view::npos ? "a name and a value, such as plan=gold" : "";
  }
  static std::string_view algorithm_misfit(std::string_view name) {
    return name == automatic || identity::parse_algorithm(name) ? "" : "auto or one of HS, RS, ES 256 to 512, EdDSA";
  }
};

base::Result<identity::Key> signing_key(const TokenOptions& options, const identity::Options& keys) {
  if (options.signing_key.empty()) {
    if (!keys.token_secret.empty()) return identity::Key::from_secret(keys.token_secret.front());
    return base::fail(base::Errc::bad_request, "a key is needed: --signing-key FILE, or SLUICE_TOKEN_SECRET");
  }
  const auto text = base::read_file(options.signing_key);
  if (!text) return text.error();
  auto key = identity::Key::from_pem(*text);
  if (!key) return base::fail(key.error().code, options.signing_key + ": " + key.error().detail);
  return key;
}

base::Result<identity::Algorithm> algorithm_for(const TokenOptions& options, const identity::Key& key) {
  if (options.algorithm != automatic) {
    const auto named = *identity::parse_algorithm(options.algorithm);
    if (key.fits(named)) return named;
    return base::fail(base::Errc::bad_request,
                      "--algorithm: the key is not of the kind that " + options.algorithm + " is made with");
  }
  for (std::size_t at = 0; at < identity::algorithm_names.size(); ++at) {
    const auto algorithm = static_cast<identity::Algorithm>(at);
    if (key.fits(algorithm)) return algorithm;
  }
  return base::fail(base::Errc::bad_request, "--signing-key: no algorithm fits the key");
}

identity::Claims claims_of(const TokenOptions& options, const identity::Options& keys) {
  identity::Claims claims;
  claims.subject = options.user;
  claims.id = options.token_id;
  claims.issuer = keys.token_issuer;
  claims.audiences = keys.token_audience;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  claims.issued = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  claims.expires = *claims.issued + options.expires_seconds.count();
  claims.rooms = options.rooms;
  if (!options.join.empty()) claims.join = options.join;
  if (!options.publish.empty()) claims.publish = options.publish;
  for (const std::string& label : options.labels) {
    const auto equals = label.find('=');
    base::set_label(claims.labels, {label.substr(0, equals), label.substr(equals + 1)});
  }
  return claims;
}

base::Result<std::string> make(const TokenOptions& options, const identity::Options& keys) {
  const auto key = signing_key(options, keys);
  if (!key) return key.error();
  const auto algorithm = algorithm_for(options, *key);
  if (!algorithm) return algorithm.error();
  const identity::Claims claims = claims_of(options, keys);
  if (!base::are_labels(claims.labels)) {
    return base::fail(base::Errc::bad_request, "--label: wants " + std::string(base::labels_wanted));
  }
  return identity::make_token(claims, *key, *algorithm, options.key_id);
}

int check(const Invocation& invocation, std::string token, const identity::Options& options) {
  if (token == "-") std::getline(std::cin, token);
  base::set_log_level(base::LogLevel::warning);
  const auto source = identity::KeySource::start(identity::KeySource::settings_of(options));
  if (!source) {
    complain(invocation.command, source.error().detail);
    return exit_failed;
  }
  if (const auto text = identity::claims_of(token)) print(*text + "\n");
  base::Snapshot<identity::KeySet>::Reader keys((*source)->keys());
  const identity::TokenRules rules{options.token_issuer, options.token_audience, options.token_skew_seconds, true};
  const auto verified = identity::verify_token(token, *keys.get(), rules, std::chrono::system_clock::now());
  if (verified) return exit_ok;
  complain(invocation.command, verified.error().detail);
  return exit_failed;
}

}  // namespace

int run_token(const Invocation& invocation) {
  CommandLine line(invocation, manual, CommandLine::Variables::all);
  TokenOptions options;
  AllOptions all;
  line.add(options);
  all.declare(line);
  line.shorten_help({TokenOptions::section, identity::Options::section});
  if (const auto code = line.read()) return *code;
  if (options.check) {
    if (line.words().size() != 1) return line.misuse("--check wants one token, or - to read it from standard input");
    if (!all.tokens.has_keys())
      return line.misuse("no key to check it with: --token-secret, --token-keys, --token-jwks");
    return check(invocation, line.words().front(), all.tokens);
  }
  if (!line.words().empty()) return line.misuse("'" + line.words().front() + "' is not a flag; was --check meant?");
  const auto token = make(options, all.tokens);
  if (!token) {
    complain(invocation.command, token.error().detail);
    return exit_failed;
  }
  print(*token + "\n");
  return exit_ok;
}

}  // namespace sluice::program
