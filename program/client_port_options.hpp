#pragma once
// The options of the commands that are clients of a gateway: they talk to its client port.

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "program/http_get.hpp"

namespace sluice::program {

struct ClientPortOptions {
  static constexpr std::string_view section = "Client port";

  bool json = false;
  std::string url = "http://127.0.0.1:8080";
  std::vector<std::string> rooms;
  std::string name_space = "/", since, token, tls_ca;
  std::chrono::milliseconds timeout_seconds{10'000};

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option("json", json, {.sentence = "Print JSON, one object a line."});
    visitor.option("url", url,
                   {.unit = "url",
                    .sentence = "The gateway's client port; the variable SLUICE_URL sets it too.",
                    .misfit = url_misfit});
    visitor.option("room", rooms, {.sentence = "A room to be in; without any, lobby."});
    visitor.option("namespace", name_space, {.sentence = "Where the rooms are."});
    visitor.option("since", since,
                   {.unit = "position",
                    .sentence = "Begin with what came after this position; without it, with what comes now.",
                    .misfit = position_misfit});
    visitor.option("token", token,
                   {.unit = "token",
                    .sentence = "Says who the client is; better given by the variable SLUICE_TOKEN, as others see a "
                                "command line.",
                    .misfit = token_misfit,
                    .is_secret = true});
    visitor.option("tls-ca", tls_ca,
                   {.unit = "file",
                    .sentence = "With https, trust servers whose certificate is of this one (PEM); without it, of "
                                "those that the system trusts."});
    visitor.option("timeout-seconds", timeout_seconds,
                   {.unit = "seconds", .min = 0.001, .max = 86'400, .sentence = "How long to wait for each answer."});
  }

  std::vector<std::string> validate() const {
    if (!tls_ca.empty() && !url.starts_with("https:")) return {"--tls-ca: needs a --url that begins with https://"};
    return {};
  }

 private:
  static std::string_view position_misfit(std::string_view text) {
    const bool is_fit = text.empty() || base::Position::parse(text);
    return is_fit ? std::string_view{} : "a position, such as 00c0ffee00c0ffee-42";
  }
  static std::string_view token_misfit(std::string_view text) {
    const bool is_fit = std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7F'; });
    return is_fit ? std::string_view{} : "a token: letters, digits and signs, without spaces";
  }
};

}  // namespace sluice::program
