#include "identity/fetch.hpp"

#include <curl/curl.h>

#include <memory>

namespace sluice::identity {
namespace {

struct Body {
  std::string text;
  std::size_t bytes_max;
};

std::size_t take(char* bytes, std::size_t, std::size_t count, void* to) {
  auto& body = *static_cast<Body*>(to);
  if (body.text.size() + count > body.bytes_max) return 0;
  body.text.append(bytes, count);
  return count;
}

}  // namespace

base::Result<std::string> fetch(const std::string& url, std::size_t bytes_max, std::chrono::milliseconds patience) {
  struct Close {
    void operator()(CURL* one) const { curl_easy_cleanup(one); }
  };
  const std::unique_ptr<CURL, Close> request(curl_easy_init());
  if (!request) return base::fail(base::Errc::unavailable, "libcurl does not start");
  Body body{{}, bytes_max};
  CURL* const handle = request.get();
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(patience.count()));
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &body);
  const CURLcode outcome = curl_easy_perform(handle);
  if (outcome != CURLE_OK) return base::fail(base::Errc::unavailable, curl_easy_strerror(outcome));
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) return base::fail(base::Errc::unavailable, "the answer is " + std::to_string(status));
  return std::move(body.text);
}

}  // namespace sluice::identity
