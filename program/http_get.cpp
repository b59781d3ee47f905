#include "program/http_get.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <exception>
#include <stdexcept>

#include "base/clock.hpp"

namespace sluice::program {
namespace {

struct CloseEasy {
  void operator()(CURL* one) const { curl_easy_cleanup(one); }
};
struct CloseList {
  void operator()(curl_slist* one) const { curl_slist_free_all(one); }
};
struct CloseUrl {
  void operator()(CURLU* one) const { curl_url_cleanup(one); }
};
using Easy = std::unique_ptr<CURL, CloseEasy>;

template <class T>
T* require(T* made) {
  if (made == nullptr) throw std::runtime_error("libcurl does not start");
  return made;
}

std::string escaped(CURL* easy, const std::string& text) {
  const std::unique_ptr<char, void (*)(void*)> written(
      curl_easy_escape(easy, text.data(), static_cast<int>(text.size())), curl_free);
  return written ? written.get() : "";
}

std::string url_of(CURL* easy, const GetRequest& request) {
  std::string url = request.url;
  char before = '?';
  for (const auto& [name, value] : request.query) {
    url.append(1, before).append(escaped(easy, name)).append("=").append(escaped(easy, value));
    before = '&';
  }
  return url;
}

GetEnd end_of(CURLcode code, bool has_begun) {
  switch (code) {
    case CURLE_OK:
      return GetEnd::whole;
    case CURLE_WRITE_ERROR:
      return GetEnd::stopped;
    case CURLE_COULDNT_RESOLVE_HOST:
      return GetEnd::no_host;
    case CURLE_COULDNT_CONNECT:
      return GetEnd::no_connection;
    case CURLE_OPERATION_TIMEDOUT:
      return GetEnd::no_answer;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
      return GetEnd::no_trust;
    default:
      return has_begun ? GetEnd::broken : GetEnd::not_http;
  }
}

}  // namespace

// One request and what has become of it; libcurl calls back into it, and must not be thrown through.
struct HttpGet::Transfer {
  const GetRequest& request;
  const Sink& sink;
  Easy easy{require(curl_easy_init())};
  std::unique_ptr<curl_slist, CloseList> headers{};
  GetOutcome outcome{};
  base::TimePoint deadline{};
  bool has_begun = false;
  std::exception_ptr thrown{};
  std::array<char, CURL_ERROR_SIZE> words{};

  void prepare(const std::string& tls_ca);
  void add_header(const std::string& header);
  void read_head();
  void finish(CURLcode code);
  std::size_t take(std::string_view bytes);
  static std::size_t on_bytes(char* bytes, std::size_t, std::size_t count, void* self) {
    return static_cast<Transfer*>(self)->take({bytes, count});
  }
};

void HttpGet::Transfer::add_header(const std::string& header) {
  // The list stays the old one if it cannot grow.
  curl_slist* const longer = require(curl_slist_append(headers.get(), header.c_str()));
  static_cast<void>(headers.release());
  headers.reset(longer);
}

void HttpGet::Transfer::prepare(const std::string& tls_ca) {
  CURL* const handle = easy.get();
  for (const std::string& header : request.headers) add_header(header);
  curl_easy_setopt(handle, CURLOPT_URL, url_of(handle, request).c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_PROXY, "");
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.answer_patience.count()));
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  if (request.takes_gzip) curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, words.data());
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_bytes);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, this);
  if (tls_ca.empty()) return;
  curl_easy_setopt(handle, CURLOPT_CAINFO, tls_ca.c_str());
  // Else those that the system trusts would be trusted, too.
  curl_easy_setopt(handle, CURLOPT_CAPATH, nullptr);
}

void HttpGet::Transfer::read_head() {
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &outcome.status);
  const char* type = nullptr;
  curl_easy_getinfo(easy.get(), CURLINFO_CONTENT_TYPE, &type);
  outcome.content_type = type == nullptr ? "" : type;
}

std::size_t HttpGet::Transfer::take(std::string_view bytes) {
  try {
    if (!std::exchange(has_begun, true)) read_head();
    const bool goes_on = sink(outcome, bytes);
    // Counted from when it could be taken: a slow reader is nobody's silence.
    deadline = base::Clock::now() + request.silence_patience;
    return goes_on ? bytes.size() : 0;
  } catch (...) {
    thrown = std::current_exception();
    return 0;
  }
}

void HttpGet::Transfer::finish(CURLcode code) {
  read_head();
  outcome.end = end_of(code, has_begun);
  if (code != CURLE_OK) outcome.detail = words.front() == '\0' ? curl_easy_strerror(code) : words.data();
}

HttpGet::HttpGet(std::string tls_ca, Foreground& foreground)
    : tls_ca_(std::move(tls_ca)), foreground_(foreground), multi_(require(curl_multi_init())) {}

HttpGet::~HttpGet() = default;

void HttpGet::Close::operator()(void* multi) const { curl_multi_cleanup(multi); }

GetOutcome HttpGet::get(const GetRequest& request, const Sink& sink) {
  Transfer transfer{.request = request, .sink = sink};
  transfer.prepare(tls_ca_);
  transfer.deadline = base::Clock::now() + request.answer_patience;
  curl_multi_add_handle(multi_.get(), transfer.easy.get());
  perform(transfer);
  curl_multi_remove_handle(multi_.get(), transfer.easy.get());
  if (transfer.thrown) std::rethrow_exception(transfer.thrown);
  return std::move(transfer.outcome);
}

void HttpGet::perform(Transfer& transfer) {
  const auto [signals, output] = foreground_.descriptors();
  std::array<curl_waitfd, 2> others{curl_waitfd{signals, CURL_WAIT_POLLIN, 0}, curl_waitfd{output, 0, 0}};
  for (int running = 1;;) {
    curl_multi_perform(multi_.get(), &running);
    if (running == 0) break;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(transfer.deadline - base::Clock::now());
    if (foreground_.is_over() || left.count() <= 0) {
      transfer.outcome.end = foreground_.is_over() ? GetEnd::stopped
                             : transfer.has_begun  ? GetEnd::silent
                                                   : GetEnd::no_answer;
      return;
    }
    constexpr std::chrono::milliseconds longest = std::chrono::hours(1);
    curl_multi_poll(multi_.get(), others.data(), others.size(), static_cast<int>(std::min(left, longest).count()),
                    nullptr);
  }
  int waiting = 0;
  const CURLMsg* const message = curl_multi_info_read(multi_.get(), &waiting);
  transfer.finish(message == nullptr ? CURLE_FAILED_INIT : message->data.result);
}

std::string_view url_misfit(std::string_view text) {
  constexpr std::string_view expected = "a URL such as http://127.0.0.1:8080, without user, query or fragment";
  const std::unique_ptr<CURLU, CloseUrl> url(require(curl_url()));
  const auto part = [&url](CURLUPart which) -> std::string {
    char* found = nullptr;
    if (curl_url_get(url.get(), which, &found, 0) != CURLUE_OK) return {};
    const std::unique_ptr<char, void (*)(void*)> owned(found, curl_free);
    return found;
  };
  if (curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(), 0) != CURLUE_OK) return expected;
  const std::string scheme = part(CURLUPART_SCHEME);
  // A password would be shown in whatever is said of the URL.
  for (const CURLUPart more : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
    if (!part(more).empty()) return expected;
  }
  const bool is_fit = scheme == "http" || scheme == "https";
  return is_fit && text.find_first_of("?#@") == std::string_view::npos ? std::string_view{} : expected;
}

}  // namespace sluice::program
