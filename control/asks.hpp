#pragma once
// Asks: what backends ask of clients, on whichever node those are. Each node asks its own clients and tells its own
// queue of events what they answer, so that it comes in the order of all that befalls a connection, and to whom that
// belongs. Belongs to the executor's thread, but for the constructor.

#include <map>
#include <memory>

#include "base/clock.hpp"
#include "control/calls.hpp"
#include "control/event_hub.hpp"

namespace sluice::control {

class Asks {
 public:
  // All outlive this.
  struct Parts {
    EventHub& hub;
    Calls& calls;
    Executor& executor;
  };
  explicit Asks(const Parts& parts);
  Asks(const Asks&) = delete;
  Asks& operator=(const Asks&) = delete;

  // How many clients were asked comes to `answer`, inside the call or on the executor.
  void ask(const v1::Ask& request, const Answer<v1::Asked>& answer);

 private:
  using OnAcknowledged = std::shared_ptr<const workers::OnAcknowledged>;

  void ask_here(const v1::Ask& request, const Answer<v1::Asked>& answer);
  OnAcknowledged teller(base::NamespaceId name_space, std::uint64_t number) const;
  void let_go();

  const Parts parts_;
  // What clients were asked, as long as it may be answered.
  std::multimap<base::TimePoint, OnAcknowledged> held_;
  Executor::Timer timer_;
};

}  // namespace sluice::control
