#pragma once
// Inflater: reads permessage-deflate messages (RFC 7692) with zlib.

#include <zlib.h>

#include <string>
#include <string_view>

namespace sluice::bench {

class Inflater {
 public:
  Inflater();
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // The message's bytes, good until the next call; throws std::runtime_error if they are no deflated data. With
  // `keeps_context` it may refer to what earlier messages said.
  std::string_view inflate(std::string_view payload, bool keeps_context);

 private:
  void run(std::string_view input);

  z_stream stream_{};
  std::string output_;
  std::size_t size_ = 0;
};

}  // namespace sluice::bench
