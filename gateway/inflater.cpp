#include "gateway/inflater.hpp"

#include <zlib.h>

#include <algorithm>
#include <new>

#include "base/assert.hpp"

namespace sluice::gateway {

namespace {

constexpr std::size_t step_bytes_min = 512, step_bytes_max = 65536;
constexpr std::size_t inflatable_bytes_max = 1U << 30;  // zlib counts in 32 bits
constexpr int is_between_blocks = 128;                  // in z_stream's data_type

}  // namespace

void Inflater::End::operator()(z_stream_s* stream) const {
  inflateEnd(stream);
  delete stream;
}

Inflater::Inflater(int window_bits, Context context) : stream_(new z_stream_s{}), context_(context) {
  SLUICE_ASSERT(window_bits >= rfc7692::window_bits_min && window_bits <= rfc7692::window_bits_max);
  const int result = inflateInit2(stream_.get(), -window_bits);
  if (result == Z_MEM_ERROR) throw std::bad_alloc();
  SLUICE_ASSERT(result == Z_OK);
}

Inflater::Outcome Inflater::inflate(std::string_view deflated, std::string& message, std::size_t message_bytes_max) {
  // An allocation that failed may have left another connection's message unfinished.
  if (context_ == Context::fresh) end_message(true);
  const Outcome outcome = add(deflated, message, message_bytes_max);
  return outcome == Outcome::fine ? finish(message, message_bytes_max) : outcome;
}

Inflater::Outcome Inflater::add(std::string_view deflated, std::string& message, std::size_t message_bytes_max) {
  if (deflated.empty()) return Outcome::fine;
  is_begun_ = true;
  const Outcome outcome =
      deflated.size() <= inflatable_bytes_max ? run(deflated, message, message_bytes_max) : Outcome::too_large;
  if (outcome != Outcome::fine) end_message(true);
  return outcome;
}

Inflater::Outcome Inflater::finish(std::string& message, std::size_t message_bytes_max) {
  // A payload of no bytes at all is no DEFLATE data, but what it means is plain. So is a last block (BFINAL) that the
  // byte behind it, which 7.2.3.4 asks for, does not follow.
  Outcome outcome = Outcome::fine;
  if (is_begun_ && !is_behind_last_block_) {
    outcome = run(rfc7692::flush_tail, message, message_bytes_max);
    // Inside a block the tail was taken for data: the message is cut short.
    const bool is_whole = is_behind_last_block_ || (stream_->data_type & is_between_blocks) != 0;
    if (outcome == Outcome::fine && !is_whole) outcome = Outcome::malformed;
  }
  end_message(outcome != Outcome::fine || context_ == Context::fresh);
  return outcome;
}

Inflater::Outcome Inflater::run(std::string_view deflated, std::string& message, std::size_t message_bytes_max) {
  stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(deflated.data()));
  stream_->avail_in = static_cast<uInt>(deflated.size());
  stream_->avail_out = 0;
  const Outcome outcome = take_input(message, message_bytes_max);
  message.resize(message.size() - stream_->avail_out);
  return outcome;
}

// Inflates all input. What is left of avail_out was grown, but not needed.
Inflater::Outcome Inflater::take_input(std::string& message, std::size_t message_bytes_max) {
  z_stream& stream = *stream_;
  do {
    // More blocks may follow one that says to be the last (7.2.1), and refer to before it. So the window stays, which
    // inflateReset would empty; refilling it would let two bytes of a peer cost us 32 KB of copying.
    if (is_behind_last_block_) inflateResetKeep(&stream);
    if (stream.avail_out == 0) grow(message, message_bytes_max - made_);
    const std::size_t room = stream.avail_out;
    const int result = ::inflate(&stream, Z_SYNC_FLUSH);
    if (result == Z_MEM_ERROR) throw std::bad_alloc();
    made_ += room - stream.avail_out;
    if (made_ > message_bytes_max) return Outcome::too_large;
    is_behind_last_block_ = result == Z_STREAM_END;
    // Z_BUF_ERROR: nothing came of these bytes yet.
    if (!is_behind_last_block_ && result != Z_OK && result != Z_BUF_ERROR) return Outcome::malformed;
    // With no room left there may be more inside, even if all bytes were taken.
  } while (stream.avail_in > 0 || (stream.avail_out == 0 && !is_behind_last_block_));
  return Outcome::fine;
}

// Makes room for what comes next, of which `bytes_max` are allowed; for one more, so that it shows.
void Inflater::grow(std::string& message, std::size_t bytes_max) {
  const std::size_t guess = std::max<std::size_t>(made_, stream_->avail_in * std::size_t{4});
  const std::size_t room = std::min(std::clamp(guess, step_bytes_min, step_bytes_max) - 1, bytes_max) + 1;
  const std::size_t before = message.size();
  message.resize(before + room);
  stream_->next_out = reinterpret_cast<Bytef*>(message.data() + before);
  stream_->avail_out = static_cast<uInt>(room);
}

void Inflater::end_message(bool forgets) {
  made_ = 0;
  is_begun_ = false;
  if (!forgets) return;
  SLUICE_ASSERT(inflateReset(stream_.get()) == Z_OK);
  is_behind_last_block_ = false;
}

}  // namespace sluice::gateway
