#include "workers/outbox.hpp"

#include <iterator>
#include <utility>

#include "base/assert.hpp"

namespace sluice::workers {

Run& Outbox::back() { return others_ ? others_->back() : first_; }

void Outbox::push(Run run, Frames& frames) {
  bytes_ += run.bytes();
  messages_ += run.messages();
  if (is_empty()) {
    first_ = run;
    frames.keep(*run.chunk);
    return;
  }
  Run& last = back();
  if (last.chunk == run.chunk && last.last == run.first) {
    last.last = run.last;
    return;
  }
  if (!others_) others_ = std::make_unique<std::deque<Run>>();
  others_->push_back(run);
  frames.keep(*run.chunk);
}

int Outbox::gather(iovec* pieces, int pieces_max, std::size_t bytes_max) const {
  int count = 0;
  std::size_t total = 0;
  const auto add = [&](const Run& run, std::uint32_t skip) {
    const std::size_t begin = run.chunk->begin_of(run.first) + skip;
    pieces[count].iov_base = const_cast<char*>(run.chunk->data() + begin);
    pieces[count].iov_len = run.chunk->begin_of(run.last) - begin;
    total += pieces[count++].iov_len;
  };
  if (is_empty()) return 0;
  add(first_, begun_);
  if (!others_) return count;
  for (const Run& run : *others_) {
    if (count == pieces_max || total >= bytes_max) break;
    add(run, 0);
  }
  return count;
}

void Outbox::pop_front(Frames& frames) {
  frames.release(*first_.chunk);
  begun_ = 0;
  first_ = {};
  if (!others_) return;
  first_ = others_->front();
  others_->pop_front();
  if (others_->empty()) others_.reset();
}

Outbox::Written Outbox::consume(std::size_t size, Frames& frames) {
  Written written;
  SLUICE_ASSERT(size > 0 && size <= bytes_);
  bytes_ -= size;
  size += begun_;
  begun_ = 0;
  while (size > 0) {
    const std::size_t whole = first_.bytes();
    if (size >= whole) {
      written.messages += first_.messages();
      written.payload_bytes += first_.payload_bytes();
      size -= whole;
      pop_front(frames);
      continue;
    }
    Run done{first_.chunk, first_.first, first_.first};
    while (first_.chunk->begin_of(done.last + 1) - first_.chunk->begin_of(done.first) <= size) ++done.last;
    written.messages += done.messages();
    written.payload_bytes += done.payload_bytes();
    begun_ = static_cast<std::uint32_t>(size - done.bytes());
    first_.first = done.last;
    break;
  }
  messages_ -= written.messages;
  return written;
}

bool Outbox::drop_oldest(Frames& frames) {
  if (is_empty()) return false;
  if (begun_ > 0 && first_.count() > 1) {
    // Part the frame that must go on from those that may be dropped.
    if (!others_) others_ = std::make_unique<std::deque<Run>>();
    others_->push_front({first_.chunk, first_.first + 1, first_.last});
    frames.keep(*first_.chunk);
    first_.last = first_.first + 1;
  }
  if (begun_ > 0 && !others_) return false;
  Run& run = begun_ > 0 ? others_->front() : first_;
  if (!run.chunk->frame(run.first).is_droppable()) {
    return drop_behind_fixed(frames);
  }
  const Run one{run.chunk, run.first, run.first + 1};
  bytes_ -= one.bytes();
  messages_ -= one.messages();
  if (++run.first < run.last) return true;
  if (begun_ == 0) {
    pop_front(frames);
    return true;
  }
  frames.release(*run.chunk);
  others_->pop_front();
  if (others_->empty()) others_.reset();
  return true;
}

// Drops the first droppable frame behind those that are not, without moving what stands behind it. O(those in front).
bool Outbox::drop_behind_fixed(Frames& frames) {
  const auto find = [](const Run& run, std::uint32_t from) {
    while (from < run.last && !run.chunk->frame(from).is_droppable()) ++from;
    return from;
  };
  const auto forget = [this](Chunk* chunk, std::uint32_t at) {
    const Run one{chunk, at, at + 1};
    bytes_ -= one.bytes();
    messages_ -= one.messages();
  };
  // The frame at the very front stays: it is partly written or not droppable.
  if (const std::uint32_t at = find(first_, first_.first + 1); at < first_.last) {
    forget(first_.chunk, at);
    const Run rest{first_.chunk, at + 1, first_.last};
    first_.last = at;
    if (rest.count() == 0) return true;
    if (!others_) others_ = std::make_unique<std::deque<Run>>();
    others_->push_front(rest);
    frames.keep(*rest.chunk);
    return true;
  }
  if (!others_) return false;
  for (auto run = others_->begin(); run != others_->end(); ++run) {
    const std::uint32_t at = find(*run, run->first);
    if (at == run->last) continue;
    forget(run->chunk, at);
    const Run rest{run->chunk, at + 1, run->last};
    if (at > run->first) {
      run->last = at;
      if (rest.count() == 0) return true;
      frames.keep(*rest.chunk);
      others_->insert(std::next(run), rest);
    } else if (rest.count() > 0) {
      run->first = at + 1;
    } else {
      frames.release(*run->chunk);
      others_->erase(run);
      if (others_->empty()) others_.reset();
    }
    return true;
  }
  return false;
}

// Looks at the frames from the front up to the first that may be dropped.
Outbox::Front Outbox::front() const {
  Front front;
  bool is_begun = begun_ > 0;  // the very first frame is partly written
  const auto look = [&](const Run& run) {
    for (std::uint32_t at = run.first; at < run.last && front.droppable == nullptr; ++at) {
      const Frame& frame = run.chunk->frame(at);
      front.tells_gap = front.tells_gap || frame.is_gap;
      if (frame.is_droppable() && !is_begun) front.droppable = &frame;
      is_begun = false;
    }
  };
  if (!is_empty()) look(first_);
  if (!others_) return front;
  for (auto run = others_->begin(); run != others_->end() && front.droppable == nullptr; ++run) look(*run);
  return front;
}

void Outbox::push_front(Run run, Frames& frames) {
  if (is_empty()) return push(run, frames);
  bytes_ += run.bytes();
  messages_ += run.messages();
  frames.keep(*run.chunk);
  if (!others_) others_ = std::make_unique<std::deque<Run>>();
  if (begun_ == 0) {
    others_->push_front(std::exchange(first_, run));
    return;
  }
  if (first_.count() > 1) {
    others_->push_front({first_.chunk, first_.first + 1, first_.last});
    frames.keep(*first_.chunk);
    first_.last = first_.first + 1;
  }
  others_->push_front(run);
}

// Keeps the frames for which `drops` says false, and the first if it is partly written; returns how many went.
template <class Drops>
std::uint32_t Outbox::rebuild(Frames& frames, Drops&& drops) {
  std::deque<Run> runs;
  if (!is_empty()) runs.push_back(first_);
  if (others_) runs.insert(runs.end(), others_->begin(), others_->end());
  const std::uint32_t begun = begun_, before = messages_;
  first_ = {};
  others_.reset();
  begun_ = messages_ = 0;
  bytes_ = 0;
  bool is_first = true;
  for (const Run& run : runs) {
    for (std::uint32_t at = run.first; at < run.last; ++at) {
      const bool must_go_on = is_first && begun > 0;
      is_first = false;
      if (must_go_on || !drops(run.chunk->frame(at))) push({run.chunk, at, at + 1}, frames);
    }
  }
  for (const Run& run : runs) frames.release(*run.chunk);
  if (begun > 0) {
    begun_ = begun;
    bytes_ -= begun;
  }
  return before - messages_;
}

std::uint32_t Outbox::drop_key(std::string_view key, Frames& frames) {
  return rebuild(frames, [&](const Frame& frame) {
    return frame.is_droppable() && frame.conflation_key && *frame.conflation_key == key;
  });
}

std::uint32_t Outbox::drop_unstarted(Frames& frames) {
  return rebuild(frames, [](const Frame&) { return true; });
}

std::uint32_t Outbox::clear(Frames& frames) {
  const std::uint32_t dropped = messages_;
  while (!is_empty()) pop_front(frames);
  bytes_ = 0;
  messages_ = 0;
  return dropped;
}

}  // namespace sluice::workers
