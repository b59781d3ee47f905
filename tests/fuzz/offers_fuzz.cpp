// The extension offers of a handshake, one header a line: whatever comes, what is agreed on can be kept.

#include <cstdlib>
#include <vector>

#include "gateway/rfc7692.hpp"

using namespace sluice::gateway;

namespace {

void require(bool is_true) {
  if (!is_true) std::abort();
}

void check(const std::vector<std::string_view>& headers, Compression policy) {
  const auto result = agree_on_deflate(headers, policy);
  if (!result || !*result) return;
  const DeflateAgreement& agreement = **result;
  require(policy != Compression::off);
  const DeflateTerms& terms = agreement.terms;
  require(terms.server_window_bits >= narrow_window_bits && terms.server_window_bits <= wide_window_bits);
  require(terms.client_window_bits >= 8 && terms.client_window_bits <= 15);
  if (policy == Compression::shared) require(!terms.keeps_server_context && !terms.keeps_client_context);
  // An answer is a list of one, and acceptable to whoever reads it.
  const std::vector<std::string_view> again{agreement.answer};
  const auto second = agree_on_deflate(again, policy);
  require(second && second->has_value());
  require((*second)->terms.server_window_bits == terms.server_window_bits);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string_view> headers;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    headers.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  headers.push_back(text);
  for (const Compression policy : {Compression::off, Compression::shared, Compression::per_connection})
    check(headers, policy);
  return 0;
}
