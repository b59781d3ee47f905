// PROXY headers: one that is complete says where it ends, and every part of it is incomplete.

#include <cstdlib>
#include <string_view>

#include "gateway/proxy_header.hpp"

using namespace sluice::gateway;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const ProxyHeader header = read_proxy_header(bytes);
  if (header.state != ProxyHeader::State::complete) return 0;
  if (header.bytes == 0 || header.bytes > bytes.size()) std::abort();
  if (header.source && header.source->text().empty()) std::abort();
  for (std::size_t part = 0; part < header.bytes; ++part) {
    if (read_proxy_header(bytes.substr(0, part)).state == ProxyHeader::State::complete) std::abort();
  }
  return 0;
}
