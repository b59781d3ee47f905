#include "gateway/deflater.hpp"

#include <zlib.h>

#include <new>

#include "base/assert.hpp"

namespace sluice::gateway {

namespace {

constexpr std::size_t deflatable_bytes_max = 1U << 30;  // zlib counts in 32 bits

// The hash table is cleared for each message that stands alone, and walked each time that a window was filled: a large
// one beside a small window makes deflating up to four times slower.
int memory_level(int window_bits) {
  if (window_bits <= 10) return 4;
  return window_bits <= 13 ? 5 : 8;
}

}  // namespace

void Deflater::End::operator()(z_stream_s* stream) const {
  deflateEnd(stream);
  delete stream;
}

Deflater::Deflater(int window_bits, int level, Context context) : stream_(new z_stream_s{}), context_(context) {
  SLUICE_ASSERT(window_bits >= narrow_window_bits && window_bits <= rfc7692::window_bits_max);
  const int result =
      deflateInit2(stream_.get(), level, Z_DEFLATED, -window_bits, memory_level(window_bits), Z_DEFAULT_STRATEGY);
  if (result == Z_MEM_ERROR) throw std::bad_alloc();
  SLUICE_ASSERT(result == Z_OK);
}

void Deflater::forget() { SLUICE_ASSERT(deflateReset(stream_.get()) == Z_OK); }

bool Deflater::deflate(std::string_view message, std::string& out) {
  if (message.empty() || message.size() > deflatable_bytes_max) return false;
  if (context_ == Context::fresh) forget();
  const std::size_t before = out.size();
  // With this much room it either fits, and is then flushed in one call, or is not worth it.
  const std::size_t room = message.size() + rfc7692::flush_tail.size();
  out.resize(before + room);
  z_stream& stream = *stream_;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(message.data()));
  stream.avail_in = static_cast<uInt>(message.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
  stream.avail_out = static_cast<uInt>(room);
  const int result = ::deflate(&stream, Z_SYNC_FLUSH);
  SLUICE_ASSERT(result == Z_OK);
  if (stream.avail_out == 0) {
    out.resize(before);
    forget();
    return false;
  }
  out.resize(before + room - stream.avail_out - rfc7692::flush_tail.size());
  return true;
}

bool SharedDeflater::deflate(std::string_view message, int window_bits, std::string& out) {
  SLUICE_ASSERT(window_bits >= narrow_window_bits && window_bits <= rfc7692::window_bits_max);
  std::unique_ptr<Deflater>& deflater = by_window_[static_cast<std::size_t>(window_bits - narrow_window_bits)];
  if (!deflater) deflater = std::make_unique<Deflater>(window_bits, level_, Context::fresh);
  return deflater->deflate(message, out);
}

}  // namespace sluice::gateway
