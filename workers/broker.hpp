#pragma once
// Broker: the PORT for what gives messages their places and carries them to all nodes. With the embedded one a node is
// alone: its sequencers give places themselves. With a shared one the places come from outside, sequencers mirror what
// is delivered to them, and a room's messages come only once it was prepared. Any thread may call.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "workers/broker_metrics.hpp"
#include "workers/message.hpp"
#include "workers/receipt.hpp"

namespace sluice::workers {

class Sequencer;

class Broker {
 public:
  // On any thread, once, within a time that the broker bounds, and never inside the call that it was handed to.
  using OnReceipt = std::function<void(const base::Result<Receipt>& receipt)>;
  using OnPrepared = std::function<void(const base::Status& status)>;

  struct Publisher {
    std::optional<base::WorkerId> worker = std::nullopt;  // on whose thread this runs
    // A second message with the same key, on whatever node, soon after the first is not delivered and gets the first
    // one's place, if the broker is shared. Empty: it has none.
    std::string_view key = {};
  };

  virtual ~Broker() = default;

  // Whether sequencers mirror what others give their places. The same for life. One that is not answers at once.
  virtual bool is_shared() const = 0;

  // Gives `message` its place and sends it on its way: gives the outcome, or nothing if that comes later, to `then`,
  // which may be null. Errc::exhausted: something is full, and nothing was done; Errc::unavailable: the broker is away.
  // The message must not be changed after the call.
  virtual std::optional<base::Result<Receipt>> publish(Sequencer& sequencer, const std::shared_ptr<Message>& message,
                                                       const Publisher& publisher, OnReceipt then) = 0;

  // Sees to it that `sequencer` covers those rooms (Sequencer::covers), which holds for ten seconds and as long as they
  // have members: gives the outcome, or nothing if that comes later, to `then`, which may be null.
  virtual std::optional<base::Status> prepare(Sequencer& sequencer, std::span<const RoomKey> rooms,
                                              std::optional<base::Position> since, OnPrepared then) = 0;

  // Null: there is nothing to be watched. As long as the broker lives.
  virtual const BrokerMetrics* metrics() const { return nullptr; }
};

// Of a node that is alone.
class EmbeddedBroker final : public Broker {
 public:
  bool is_shared() const override { return false; }
  std::optional<base::Result<Receipt>> publish(Sequencer& sequencer, const std::shared_ptr<Message>& message,
                                               const Publisher& publisher, OnReceipt then) override;
  std::optional<base::Status> prepare(Sequencer&, std::span<const RoomKey>, std::optional<base::Position>,
                                      OnPrepared) override {
    return base::ok();
  }
  static EmbeddedBroker& instance();
};

}  // namespace sluice::workers
