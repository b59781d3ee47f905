#pragma once
// Arrivals: what has come of the stream, on its way to the sequencers in the stream's order. While something is
// missing, all that comes later is held; so it is while a mailbox is full. Belongs to the thread of the client's loop.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "cluster/timer.hpp"
#include "workers/broker_metrics.hpp"
#include "workers/sequencer.hpp"

namespace sluice::cluster {

class Arrivals {
 public:
  // Called behind what has a lower sequence.
  using Mark = std::function<void(std::uint64_t sequence)>;
  using Delivered = std::function<void(const std::shared_ptr<workers::Message>&)>;

  // `on_overflow`: more was held than may be, and all of that is forgotten: the watermark tells from where on.
  Arrivals(boost::asio::io_context& loop, workers::BrokerMetrics& metrics, std::function<void()> on_overflow);

  void add(std::uint64_t sequence, workers::Sequencer& sequencer, std::shared_ptr<workers::Message> message,
           Delivered then = nullptr);
  void add_mark(std::uint64_t sequence, Mark mark);
  // One that is not stored, behind all that is there.
  void add_volatile(workers::Sequencer& sequencer, std::shared_ptr<workers::Message> message);

  // While there are holds nothing is handed on.
  void hold() { ++holds_; }
  void release();
  bool is_held() const { return holds_ > 0; }
  bool has(std::uint64_t sequence) const { return held_.contains(sequence); }
  // Forgets all that is held, and begins anew behind `watermark`.
  void begin(std::uint64_t watermark);

  // The highest sequence that was handed on.
  std::uint64_t watermark() const { return watermark_; }

 private:
  struct Arrival {
    workers::Sequencer* sequencer = nullptr;
    std::shared_ptr<workers::Message> message;  // null: a mark
    bool is_stored = true;
    Mark mark;
    Delivered then;
  };
  void take(std::uint64_t sequence, Arrival arrival);
  bool hand_on(std::uint64_t sequence, const Arrival& arrival);
  void drain();
  void come_again();

  workers::BrokerMetrics& metrics_;
  const std::function<void()> on_overflow_;
  Timer again_;
  unsigned holds_ = 0;
  bool is_draining_ = false, comes_again_ = false;
  std::uint64_t watermark_ = 0;
  std::size_t held_bytes_ = 0;
  std::multimap<std::uint64_t, Arrival> held_;
};

}  // namespace sluice::cluster
