#pragma once
// Outgoing: what this node has published to the stream and what has not been acknowledged yet, in its order. What may
// not have arrived is published again, in that order and under the same id, by which the stream knows what it has.
// Belongs to the thread of the client's loop.

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "cluster/jetstream.hpp"
#include "cluster/timer.hpp"

namespace sluice::cluster {

class Outgoing {
 public:
  // Told once for each, with the place that it was given; on the loop's thread.
  using Then = std::function<void(const base::Result<PublishReceipt>& receipt)>;
  struct Message {
    std::string subject, payload, id;
    base::TimePoint until;  // given up then
    Then then;
  };

  // Each try waits `patience` for its acknowledgement.
  Outgoing(boost::asio::io_context& loop, NatsClient& client, base::Duration patience);

  void add(Message message);
  // The stream is there; or not any more: what waits goes on waiting.
  void open();
  void close();
  // Gives up all that waits.
  void fail_all(const base::Error& reason);

  std::uint64_t repeated() const { return repeated_; }

 private:
  struct Entry {
    Message message;
    bool is_sent = false, is_done = false;
  };
  void send(const std::shared_ptr<Entry>& entry);
  void forget_done();
  void take(const std::shared_ptr<Entry>& entry, const base::Result<PublishReceipt>& receipt);
  void finish(Entry& entry, const base::Result<PublishReceipt>& receipt);
  void send_again();
  void expire();

  JetStream streams_;
  Timer again_, expiry_;
  bool is_open_ = false;
  // Something may not have arrived: nothing new is sent before that was, or the order would not be that of publishing.
  bool is_stalled_ = false;
  std::size_t under_way_ = 0;
  std::uint64_t repeated_ = 0;
  std::deque<std::shared_ptr<Entry>> waiting_;  // those in front may be done
};

}  // namespace sluice::cluster
