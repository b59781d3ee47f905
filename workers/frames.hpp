#pragma once
// Frames: encoded bytes on their way to sockets, shared by all of one worker's connections. Frames of one format that
// are made in one turn of the loop lie side by side in one chunk, so a client that gets them all needs one piece of one
// system call. Counted by plain integers: nothing here leaves its worker.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_budget.hpp"
#include "base/clock.hpp"
#include "workers/message.hpp"
#include "workers/metrics.hpp"
#include "workers/wire.hpp"

namespace sluice::workers {

// What the outbox has to know of a frame without decoding it.
struct FrameTraits {
  bool is_message = false;          // a data message: counted, and subject to the slow policy; else control
  bool is_fixed = false;            // never dropped by itself: later frames refer back to it
  bool is_gap = false;              // tells the client that messages are missing here
  std::uint32_t payload_bytes = 0;  // of the message's data
  base::TimePoint accepted{};       // the message's
  std::string_view conflation_key;
};

// One frame inside a chunk. The sums over the frames before it make a run of frames O(1) to count.
struct Frame {
  std::uint32_t begin = 0;            // offset of its first byte
  std::uint32_t payload_before = 0;   // payload bytes of the frames before it
  std::uint32_t messages_before = 0;  // messages among the frames before it
  bool is_message = false;
  bool is_fixed = false;
  bool is_gap = false;
  base::TimePoint accepted{};
  base::TimePoint queued{};  // when it was made
  std::unique_ptr<std::string> conflation_key;

  bool is_droppable() const { return is_message && !is_fixed; }
};

// A stretch of memory with frames in it. Lives while a run refers to it, or while it is the one being filled.
class Chunk {
 public:
  explicit Chunk(std::size_t capacity) : bytes_(capacity) {}

  bool fits(std::size_t size) const { return bytes_.size() - used_ >= size; }
  std::uint32_t frame_count() const { return static_cast<std::uint32_t>(frames_.size()); }
  const Frame& frame(std::uint32_t index) const { return frames_[index]; }
  const char* data() const { return bytes_.data(); }

  // Of the frames up to `index`, which may be one past the last.
  std::uint32_t begin_of(std::uint32_t index) const { return index < frames_.size() ? frames_[index].begin : used_; }
  std::uint32_t payload_before(std::uint32_t index) const {
    return index < frames_.size() ? frames_[index].payload_before : payload_;
  }
  std::uint32_t messages_before(std::uint32_t index) const {
    return index < frames_.size() ? frames_[index].messages_before : messages_;
  }

 private:
  friend class Frames;
  std::vector<char> bytes_;
  std::vector<Frame> frames_;
  std::uint32_t used_ = 0, payload_ = 0, messages_ = 0;
  std::uint32_t references_ = 0;  // runs, and one while it is being filled
};

// A stretch of adjacent frames in one chunk: what an outbox queues. Plain; whoever keeps one holds a reference.
struct Run {
  Chunk* chunk = nullptr;
  std::uint32_t first = 0, last = 0;  // [first, last)

  std::uint32_t count() const { return last - first; }
  std::size_t bytes() const { return chunk->begin_of(last) - chunk->begin_of(first); }
  std::uint32_t messages() const { return chunk->messages_before(last) - chunk->messages_before(first); }
  std::uint32_t payload_bytes() const { return chunk->payload_before(last) - chunk->payload_before(first); }
};

// Makes a worker's frames and owns its chunks. Belongs to one worker.
class Frames {
 public:
  // 64 KiB hold what one turn usually makes; a larger frame gets a chunk of its own size.
  static constexpr std::size_t chunk_bytes = 65536;

  // `queued` counts the bytes of all chunks there are, of all workers.
  Frames(base::ByteBudget& queued, Metrics& metrics);
  ~Frames();
  Frames(const Frames&) = delete;
  Frames& operator=(const Frames&) = delete;

  // Copies `bytes` behind the frame made last of the same format, so that clients of different kinds in one room get
  // one piece each, too, and returns a run of this one frame, good until end_turn() unless kept.
  Run add(std::string_view bytes, const FrameTraits& traits, base::TimePoint now, WireFormat format = 0);

  void keep(Chunk& chunk) { ++chunk.references_; }
  // Gives a reference back; the last one frees the chunk, and its messages' fan-out is over then.
  void release(Chunk& chunk);

  // Everything made so far was written or is waiting in outboxes. An unused chunk is filled anew from its start, so
  // that a busy worker stays in its cache; one that outboxes refer to is cut to its size and left to them.
  void end_turn(base::TimePoint now);

 private:
  void open(std::size_t capacity, WireFormat format);
  void observe(const Chunk& chunk, base::TimePoint now);
  void seal(WireFormat format);

  base::ByteBudget& queued_;
  Metrics& metrics_;
  std::array<Chunk*, wire_formats_max> current_{};  // by format; null: none is open
};

}  // namespace sluice::workers
