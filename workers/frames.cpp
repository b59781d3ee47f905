#include "workers/frames.hpp"

#include <cstring>

#include "base/assert.hpp"

namespace sluice::workers {

Frames::Frames(base::ByteBudget& queued, Metrics& metrics) : queued_(queued), metrics_(metrics) {}

Frames::~Frames() {
  // Outboxes are gone before: the open chunks are the only ones left.
  for (Chunk* const chunk : current_) {
    if (chunk == nullptr) continue;
    queued_.give_back(chunk->bytes_.size());
    delete chunk;
  }
}

void Frames::open(std::size_t capacity, WireFormat format) {
  current_[format] = new Chunk(capacity);
  current_[format]->references_ = 1;
  queued_.take(capacity);
}

Run Frames::add(std::string_view bytes, const FrameTraits& traits, base::TimePoint now, WireFormat format) {
  if (current_[format] != nullptr && !current_[format]->fits(bytes.size())) seal(format);
  if (current_[format] == nullptr) open(std::max(bytes.size(), chunk_bytes), format);
  Chunk& chunk = *current_[format];
  std::memcpy(chunk.bytes_.data() + chunk.used_, bytes.data(), bytes.size());
  Frame& frame = chunk.frames_.emplace_back();
  frame.begin = chunk.used_;
  frame.payload_before = chunk.payload_;
  frame.messages_before = chunk.messages_;
  frame.is_message = traits.is_message;
  frame.is_fixed = traits.is_fixed;
  frame.is_gap = traits.is_gap;
  frame.accepted = traits.accepted;
  frame.queued = now;
  if (!traits.conflation_key.empty()) frame.conflation_key = std::make_unique<std::string>(traits.conflation_key);
  chunk.used_ += static_cast<std::uint32_t>(bytes.size());
  chunk.payload_ += traits.payload_bytes;
  chunk.messages_ += traits.is_message ? 1 : 0;
  const std::uint32_t index = chunk.frame_count() - 1;
  return {&chunk, index, index + 1};
}

void Frames::release(Chunk& chunk) {
  SLUICE_ASSERT(chunk.references_ > 0);
  if (--chunk.references_ > 0) return;
  observe(chunk, base::Clock::now());
  queued_.give_back(chunk.bytes_.size());
  delete &chunk;
}

void Frames::observe(const Chunk& chunk, base::TimePoint now) {
  for (const Frame& frame : chunk.frames_)
    if (frame.is_message && frame.accepted != base::TimePoint{}) metrics_.fan_out.observe(now - frame.accepted);
}

// Leaves the current chunk to the outboxes that refer to it, or frees it.
void Frames::seal(WireFormat format) {
  Chunk& chunk = *current_[format];
  if (chunk.references_ > 1) {
    // Whoever stays slow keeps what it waits for, not a whole chunk.
    const std::size_t before = chunk.bytes_.size();
    chunk.bytes_.resize(chunk.used_);
    chunk.bytes_.shrink_to_fit();
    chunk.frames_.shrink_to_fit();
    queued_.give_back(before - chunk.bytes_.size());
  }
  current_[format] = nullptr;
  release(chunk);
}

void Frames::end_turn(base::TimePoint now) {
  for (WireFormat format = 0; format < wire_formats_max; ++format) {
    Chunk* const chunk = current_[format];
    if (chunk == nullptr || chunk->frames_.empty()) continue;
    if (chunk->references_ > 1 || chunk->bytes_.size() > chunk_bytes) {
      seal(format);
      continue;
    }
    observe(*chunk, now);
    chunk->frames_.clear();
    chunk->used_ = chunk->payload_ = chunk->messages_ = 0;
  }
}

}  // namespace sluice::workers
