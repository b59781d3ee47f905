#pragma once
// Courier: brings another node what there is to tell it: one part after the other, each until it was taken. Belongs to
// the executor's thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "control/executor.hpp"
#include "control/topic.hpp"
#include "workers/peers.hpp"

namespace sluice::control {

class Courier {
 public:
  static constexpr std::string_view kind = "backends";
  // What one part has at most, unless one item is more.
  static constexpr std::size_t part_bytes_max = 262'144;

  struct Parts {
    workers::Peers& peers;
    Executor& executor;
    std::uint32_t to = 0;
  };
  struct Load {
    std::function<void(Topic::Telling& telling)> fill;  // adds what there is to tell now
    std::function<void()> on_taken;                     // that has arrived
    std::function<void()> on_anew;                      // a session begins: all is to be told anew
    std::function<void(bool is_away)> on_away;
  };
  // `session` is higher than that of any courier to that node before.
  Courier(const Parts& parts, std::uint64_t session, Load load);

  // There may be something to tell.
  void wake();
  // Nothing is under way.
  bool is_idle() const { return under_way_.empty(); }

 private:
  void begin_anew();
  void send();
  void take_answer(const base::Result<std::string>& payload);
  void try_again(base::Duration after);
  void set_away(bool is_away);

  Parts parts_;
  Load load_;
  // What other threads hold to reach this: gone once this is.
  std::shared_ptr<Courier*> self_ = std::make_shared<Courier*>(this);
  std::uint64_t session_;
  std::uint64_t number_ = 0;
  std::string under_way_;  // the part that was not taken yet, in bytes
  Executor::Timer retry_timer_;
  base::Duration again_after_;
  bool is_away_ = false, is_waking_ = false;
};

}  // namespace sluice::control
