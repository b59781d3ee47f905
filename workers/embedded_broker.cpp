#include "workers/broker.hpp"
#include "workers/sequencer.hpp"

namespace sluice::workers {

std::optional<base::Result<Receipt>> EmbeddedBroker::publish(Sequencer& sequencer,
                                                             const std::shared_ptr<Message>& message,
                                                             const Publisher& publisher, OnReceipt) {
  return sequencer.publish(message, publisher.worker);
}

EmbeddedBroker& EmbeddedBroker::instance() {
  static EmbeddedBroker one;
  return one;
}

}  // namespace sluice::workers
