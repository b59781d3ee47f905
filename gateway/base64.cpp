#include "gateway/base64.hpp"

#include <openssl/evp.h>

namespace sluice::gateway {

void append_base64(std::string& out, std::string_view bytes) {
  const std::size_t before = out.size();
  // OpenSSL writes a terminating zero behind the text.
  out.resize(before + (bytes.size() + 2) / 3 * 4 + 1);
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data() + before),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(before + static_cast<std::size_t>(size));
}

}  // namespace sluice::gateway
