#pragma once
// HttpGet: asks a server by HTTP or HTTPS and hands on what it answers as it comes, for as long as somebody wants it:
// streams and polls. One short question is asked by sluice health itself.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "program/foreground.hpp"

namespace sluice::program {

struct GetRequest {
  std::string url;  // without a query
  std::vector<std::pair<std::string, std::string>> query;
  std::vector<std::string> headers;  // "Name: value"
  bool takes_gzip = false;
  std::chrono::milliseconds answer_patience{0};   // until the first byte of the answer's body
  std::chrono::milliseconds silence_patience{0};  // from then on, from one to the next
};

enum class GetEnd {
  whole,          // the answer is here, whatever its status is
  stopped,        // by the sink, or nobody wants it any more
  no_host,        // its name is not known
  no_connection,  // nobody listens there
  no_answer,      // within `answer_patience`
  silent,         // for `silence_patience`
  not_http,       // what came instead of an answer is none
  no_trust,       // TLS could not be agreed on, or the certificate is not trusted
  broken,         // the answer began, and has no end
};

struct GetOutcome {
  GetEnd end = GetEnd::whole;
  long status = 0;  // 0: no answer began
  std::string content_type;
  std::string detail;  // libcurl's words for what went wrong
};

class HttpGet {
 public:
  // Gets a piece of the answer's body, with the status and type of the answer; false stops it. May throw.
  using Sink = std::function<bool(const GetOutcome& answer, std::string_view bytes)>;

  // Servers are trusted whose certificate is of `tls_ca` (a file, PEM); if that is empty, of those that the system
  // trusts. `foreground` outlives this.
  HttpGet(std::string tls_ca, Foreground& foreground);
  ~HttpGet();
  HttpGet(const HttpGet&) = delete;
  HttpGet& operator=(const HttpGet&) = delete;

  // Follows no redirect and uses no proxy. A connection that is still good is used again.
  GetOutcome get(const GetRequest& request, const Sink& sink);

 private:
  struct Transfer;
  void perform(Transfer& transfer);

  struct Close {
    void operator()(void* multi) const;
  };
  const std::string tls_ca_;
  Foreground& foreground_;
  std::unique_ptr<void, Close> multi_;
};

// Says what was expected if `url` is none that a request can be made of, as base::OptionInfo::misfit.
std::string_view url_misfit(std::string_view url);

}  // namespace sluice::program
