// The outbox against a model that is plain to see: a list of frames as texts.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <random>

#include "workers/outbox.hpp"

namespace sluice::workers {
namespace {

struct ModelFrame {
  std::string text;
  bool is_message;
  std::string key;
  bool is_fixed = false;
  std::size_t begun = 0;

  bool is_droppable() const { return is_message && !is_fixed && begun == 0; }
};

class Both {
 public:
  explicit Both(std::uint32_t seed) : random_(seed) {}
  ~Both() { outbox_.clear(frames_); }

  void step() {
    switch (random_() % 10) {
      case 0:
        return frames_.end_turn(base::Clock::now());
      case 1:
        return drop_oldest();
      case 2:
        return drop_key();
      case 3:
        if (random_() % 8 == 0) return drop_unstarted();
        return;
      case 4:
      case 5:
        return consume();
      default:
        return push();
    }
  }

  void compare() const {
    std::string expected;
    std::uint32_t messages = 0;
    for (const ModelFrame& frame : model_) {
      expected += frame.text.substr(frame.begun);
      messages += frame.is_message ? 1 : 0;
    }
    std::array<iovec, 512> pieces;
    const int count = outbox_.gather(pieces.data(), static_cast<int>(pieces.size()), 1 << 30);
    std::string got;
    for (int at = 0; at < count; ++at) got.append(static_cast<const char*>(pieces[at].iov_base), pieces[at].iov_len);
    ASSERT_EQ(got, expected);
    ASSERT_EQ(outbox_.bytes(), expected.size());
    ASSERT_EQ(outbox_.messages(), messages);
    ASSERT_EQ(outbox_.is_empty(), model_.empty());
  }

  // After everything has gone, no chunk but the one being filled is left.
  void end() {
    outbox_.clear(frames_);
    frames_.end_turn(base::Clock::now());
    ASSERT_LE(queued_.used(), Frames::chunk_bytes);
  }

 private:
  void push() {
    const ModelFrame frame = make();
    const Run run = add(frame);
    if (random_() % 4 == 0) return;  // for somebody else
    outbox_.push(run, frames_);
    model_.push_back(frame);
  }
  ModelFrame make() {
    const std::size_t size = random_() % 50 == 0 ? 40'000 : 1 + random_() % 9;
    ModelFrame frame{std::string(size, static_cast<char>('a' + random_() % 26)), random_() % 5 != 0, {}, false};
    frame.is_fixed = frame.is_message && random_() % 10 == 0;
    if (frame.is_message && random_() % 2 == 0) frame.key = "key" + std::to_string(random_() % 3);
    return frame;
  }
  Run add(const ModelFrame& frame) {
    FrameTraits traits;
    traits.is_message = frame.is_message;
    traits.is_fixed = frame.is_fixed;
    traits.payload_bytes = frame.is_message ? static_cast<std::uint32_t>(frame.text.size()) : 0;
    traits.conflation_key = frame.key;
    return frames_.add(frame.text, traits, base::Clock::now());
  }
  void consume() {
    if (outbox_.is_empty()) return;
    const std::size_t most = std::min<std::size_t>(outbox_.bytes(), random_() % 3 == 0 ? 60'000 : 12);
    std::size_t size = 1 + random_() % most;
    const Outbox::Written written = outbox_.consume(size, frames_);
    std::uint32_t messages = 0, payload = 0;
    while (size > 0) {
      ModelFrame& frame = model_.front();
      const std::size_t part = std::min(size, frame.text.size() - frame.begun);
      frame.begun += part;
      size -= part;
      if (frame.begun < frame.text.size()) break;
      messages += frame.is_message ? 1 : 0;
      payload += frame.is_message ? static_cast<std::uint32_t>(frame.text.size()) : 0;
      model_.pop_front();
    }
    ASSERT_EQ(written.messages, messages);
    ASSERT_EQ(written.payload_bytes, payload);
  }
  void drop_oldest() {
    const auto found =
        std::find_if(model_.begin(), model_.end(), [](const ModelFrame& frame) { return frame.is_droppable(); });
    const bool drops = found != model_.end();
    if (drops) model_.erase(found);
    ASSERT_EQ(outbox_.drop_oldest(frames_), drops);
  }
  void drop_key() {
    const std::string key = "key" + std::to_string(random_() % 3);
    const auto dropped =
        std::erase_if(model_, [&key](const ModelFrame& frame) { return frame.key == key && frame.is_droppable(); });
    ASSERT_EQ(outbox_.drop_key(key, frames_), dropped);
  }
  void drop_unstarted() {
    std::uint32_t messages = 0;
    std::erase_if(model_, [&messages](const ModelFrame& frame) {
      if (frame.begun > 0) return false;
      messages += frame.is_message ? 1 : 0;
      return true;
    });
    ASSERT_EQ(outbox_.drop_unstarted(frames_), messages);
  }

  std::mt19937 random_;
  base::ByteBudget queued_{1 << 30};
  Metrics metrics_;
  Frames frames_{queued_, metrics_};
  Outbox outbox_;
  std::deque<ModelFrame> model_;
};

TEST(OutboxModel, AgreesOverRandomSteps) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Both both(seed);
    for (int step = 0; step < 1500; ++step) {
      both.step();
      both.compare();
      if (testing::Test::HasFatalFailure()) return;
    }
    both.end();
  }
}

}  // namespace
}  // namespace sluice::workers
