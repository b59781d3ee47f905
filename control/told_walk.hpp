#pragma once
// ToldWalk: goes over all connections of this node that backends were told of, worker by worker, a page at a time.
// Belongs to the executor's thread.

#include <functional>
#include <memory>
#include <vector>

#include "control/executor.hpp"
#include "workers/backend.hpp"
#include "workers/pool.hpp"

namespace sluice::control {

class ToldWalk {
 public:
  struct Parts {
    workers::Pool& pool;
    Executor& executor;
    // Takes a page, on its worker's thread: what befalls one of its connections later comes behind it. May outlive
    // this.
    std::function<void(std::vector<workers::ClientEvent>)> take;
    std::function<bool()> has_room;  // for another page; else it waits a moment
  };
  explicit ToldWalk(Parts parts) : parts_(std::move(parts)) {}

  // Goes over all that are there now; once more behind that, if it is under way.
  void start();

 private:
  void ask();
  void go_on(std::optional<std::uint32_t> next);

  const Parts parts_;
  std::shared_ptr<ToldWalk*> self_ = std::make_shared<ToldWalk*>(this);
  std::size_t worker_ = 0;
  std::uint32_t from_ = 0;
  bool is_walking_ = false, again_ = false;
  Executor::Timer timer_;
};

}  // namespace sluice::control
