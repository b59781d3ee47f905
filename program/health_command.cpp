// `sluice health`.

#include <curl/curl.h>

#include <chrono>
#include <memory>

#include "base/address.hpp"
#include "program/amounts.hpp"
#include "program/command_line.hpp"

namespace sluice::program {
namespace {

constexpr Manual manual{
    .usage = "sluice health [OPTION]...",
    .about =
        "Asks a gateway, on its admin port, whether its workers turn (/healthz) or, with --ready, whether it\n"
        "lets clients in (/readyz). Exit code 0 and what it says on standard output if so; else 1, and a line\n"
        "on standard error says why. Made for the health check of a container, which needs no curl then.\n",
    .examples =
        "  sluice health\n"
        "  until sluice health --ready; do sleep 1; done\n"
        "  SLUICE_ADMIN=[::]:8082 sluice health          # asks 127.0.0.1:8082\n",
};

struct HealthOptions {
  static constexpr std::string_view section = "Health";
  std::string admin = "127.0.0.1:8082";
  bool ready = false;
  std::chrono::milliseconds timeout_seconds{3'000};

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option("admin", admin,
                   {.unit = "address",
                    .sentence = "The gateway's admin port; the variable SLUICE_ADMIN sets it too, as that of serve: "
                                "any address ([::], 0.0.0.0) is asked on loopback.",
                    .misfit = address_misfit});
    visitor.option("ready", ready, {.sentence = "Ask whether it lets clients in: not while it starts or drains."});
    visitor.option("timeout-seconds", timeout_seconds,
                   {.unit = "seconds", .min = 0.001, .max = 3600, .sentence = "How long to wait for the answer."});
  }

 private:
  static std::string_view address_misfit(std::string_view address) {
    const auto colon = address.rfind(':');
    const bool has_both = colon != std::string_view::npos && colon > 0 && colon + 1 < address.size();
    const bool is_any = has_both && address.substr(colon + 1) == "0";
    return has_both && !is_any ? std::string_view{} : "a host and the port itself, such as 127.0.0.1:8082";
  }
};

// Where to ask a gateway that listens at `admin`.
std::string reachable(const std::string& admin) {
  const auto address = base::Address::parse(admin);
  return address && address->is_wildcard() ? "127.0.0.1:" + std::to_string(address->port()) : admin;
}

struct Answer {
  long status = 0;
  std::string body;
};

std::size_t take(char* bytes, std::size_t, std::size_t count, void* to) {
  constexpr std::size_t bytes_max = 4096;  // a line is expected
  auto& body = *static_cast<std::string*>(to);
  if (body.size() + count > bytes_max) return 0;
  body.append(bytes, count);
  return count;
}

base::Result<Answer> get(const std::string& url, std::chrono::milliseconds patience) {
  struct Close {
    void operator()(CURL* one) const { curl_easy_cleanup(one); }
  };
  const std::unique_ptr<CURL, Close> request(curl_easy_init());
  if (!request) return base::fail(base::Errc::unavailable, "libcurl does not start");
  Answer answer;
  CURL* const handle = request.get();
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http");
  curl_easy_setopt(handle, CURLOPT_PROXY, "");  // whatever http_proxy says: the gateway is near
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(patience.count()));
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &answer.body);
  const CURLcode outcome = curl_easy_perform(handle);
  if (outcome == CURLE_OPERATION_TIMEDOUT) {
    return base::fail(base::Errc::timed_out, "no answer within " + duration_text(patience) + " (--timeout-seconds)");
  }
  if (outcome != CURLE_OK) return base::fail(base::Errc::unavailable, curl_easy_strerror(outcome));
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer.status);
  return answer;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

int run_health(const Invocation& invocation) {
  CommandLine line(invocation, manual, CommandLine::Variables::admin_only);
  HealthOptions options;
  line.add(options);
  if (const auto code = line.read()) return *code;
  if (!line.words().empty()) return line.misuse("'" + line.words().front() + "' is not a flag; was --ready meant?");

  const std::string address = reachable(options.admin);
  const auto answer = get("http://" + address + (options.ready ? "/readyz" : "/healthz"), options.timeout_seconds);
  if (answer && answer->status == 200) {
    print(first_line(answer->body) + "\n");
    return exit_ok;
  }
  if (!answer) {
    complain(invocation.command, address + ": " + answer.error().detail);
  } else if (answer->status == 503) {
    complain(invocation.command, address + ": " + first_line(answer->body));
  } else {
    complain(invocation.command, address + ": the answer is " + std::to_string(answer->status) +
                                     "; --admin wants the gateway's admin port (8082)");
  }
  return exit_failed;
}

}  // namespace sluice::program
