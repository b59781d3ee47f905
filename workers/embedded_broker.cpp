#include "workers/broker.hpp"
#include "workers/sequencer.hpp"

namespace sluice::workers {

std::optional<base::Result<Receipt>> EmbeddedBroker::publish(Sequencer& sequencer,
                                                             const std::shared_ptr<Message>& message,
                                                             std::optional<base::WorkerId> publisher, OnReceipt) {
  return sequencer.publish(message, publisher);
}

EmbeddedBroker& EmbeddedBroker::instance() {
  static EmbeddedBroker one;
  return one;
}

}  // namespace sluice::workers
