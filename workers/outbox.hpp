#pragma once
// Outbox: the frames that wait to be written to one connection, in order. Empty, it owns nothing. Belongs to one
// worker. It keeps the counts; the bounds and what happens over them are Delivery's.

#include <sys/uio.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "workers/frames.hpp"

namespace sluice::workers {

class Outbox {
 public:
  Outbox() = default;
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  bool is_empty() const { return first_.chunk == nullptr; }
  std::size_t bytes() const { return bytes_; }          // still to be written
  std::uint32_t messages() const { return messages_; }  // data messages, a partly written one included
  // When the oldest frame was queued. Requires !is_empty().
  base::TimePoint oldest() const { return first_.chunk->frame(first_.first).queued; }

  // Puts `run` behind all others; merged with the last one where they touch. O(1).
  void push(Run run, Frames& frames);

  // Fills `pieces` with what is to be written next, up to `bytes_max` (at least one piece); returns how many pieces.
  int gather(iovec* pieces, int pieces_max, std::size_t bytes_max) const;
  struct Written {
    std::uint32_t messages = 0, payload_bytes = 0;  // frames that are now whole on their way
  };
  // Takes `size` bytes, which the kernel took, off the front.
  Written consume(std::size_t size, Frames& frames);

  // Drops the oldest message that is neither partly written nor control; false if there is none. O(1) as a rule.
  bool drop_oldest(Frames& frames);
  struct Front {
    const Frame* droppable =
        nullptr;             // the oldest message that is neither partly written nor fixed; null: there is none
    bool tells_gap = false;  // a notice of a gap stands in front of it
  };
  // O(the frames in front of that message, which are few, as a rule).
  Front front() const;
  // Puts `run` in front of all that is not partly written. O(1).
  void push_front(Run run, Frames& frames);
  // Drops every message with this conflation key but a partly written one; returns how many. O(frames).
  std::uint32_t drop_key(std::string_view key, Frames& frames);
  // Drops everything but a partly written frame; returns how many messages.
  std::uint32_t drop_unstarted(Frames& frames);
  // Drops everything; the connection is gone. Returns how many messages.
  std::uint32_t clear(Frames& frames);

 private:
  template <class Drops>
  std::uint32_t rebuild(Frames& frames, Drops&& drops);
  bool drop_behind_fixed(Frames& frames);
  void pop_front(Frames& frames);
  Run& back();

  Run first_;                                // chunk is null: nothing waits
  std::unique_ptr<std::deque<Run>> others_;  // behind first_; owned only while there are any
  std::uint32_t begun_ = 0;                  // bytes of the first frame that the kernel already has
  std::uint32_t messages_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace sluice::workers
