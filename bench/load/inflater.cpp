#include "bench/load/inflater.hpp"

#include <stdexcept>

namespace sluice::bench {

Inflater::Inflater() : output_(4096, '\0') {
  constexpr int raw_window_bits = -15;
  if (inflateInit2(&stream_, raw_window_bits) != Z_OK) throw std::runtime_error("zlib does not start");
}

Inflater::~Inflater() { inflateEnd(&stream_); }

std::string_view Inflater::inflate(std::string_view payload, bool keeps_context) {
  if (!keeps_context) inflateReset(&stream_);
  size_ = 0;
  run(payload);
  run(std::string_view("\x00\x00\xff\xff", 4));  // the tail that the sender left out (RFC 7692, 7.2.2)
  return std::string_view(output_).substr(0, size_);
}

void Inflater::run(std::string_view input) {
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
  stream_.avail_in = static_cast<uInt>(input.size());
  while (true) {
    if (size_ == output_.size()) output_.resize(output_.size() * 2);
    stream_.next_out = reinterpret_cast<Bytef*>(output_.data() + size_);
    stream_.avail_out = static_cast<uInt>(output_.size() - size_);
    const int result = ::inflate(&stream_, Z_SYNC_FLUSH);
    size_ = output_.size() - stream_.avail_out;
    if (result != Z_OK && result != Z_BUF_ERROR) throw std::runtime_error("not deflated data");
    if (stream_.avail_out > 0) return;
  }
}

}  // namespace sluice::bench
