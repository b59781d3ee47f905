#include "gateway/gzip.hpp"

#include <zlib.h>

#include <utility>

namespace sluice::gateway {
namespace {
constexpr std::size_t worth_bytes = 1024;
constexpr int level = 3, window_bits = 15 + 16, memory_level = 8;  // 16: with gzip's head
}  // namespace

void gzip_reply(HttpReply& reply) {
  if (reply.status != 200 || reply.body.size() < worth_bytes) return;
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, window_bits, memory_level, Z_DEFAULT_STRATEGY) != Z_OK) return;
  std::string packed(deflateBound(&stream, reply.body.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(reply.body.data());
  stream.avail_in = static_cast<uInt>(reply.body.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const bool is_done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (!is_done) return;
  reply.body = std::move(packed);
  reply.headers += "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n";
}

}  // namespace sluice::gateway
