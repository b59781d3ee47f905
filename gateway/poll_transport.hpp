#pragma once
// PollTransport: stands in a socket's place while an Engine.IO client polls: what its session writes leaves with the
// request that waits for it. The session writes WebSocket frames whatever its transport is, so that an upgrade changes
// nothing that is queued. Belongs to one worker.

#include <optional>
#include <string>

#include "base/address.hpp"
#include "gateway/http_exchange.hpp"
#include "workers/transport.hpp"

namespace sluice::gateway {

struct WorkerContext;

class PollTransport final : public workers::Transport {
 public:
  // `worker` and its `context` outlive this; `remote` is where the session's first request came from.
  PollTransport(workers::Worker& worker, WorkerContext& context, base::Address remote)
      : worker_(worker), context_(context), remote_(remote) {}

  bool has_poll() const { return poll_.has_value(); }
  bool is_poll(const ExchangeId& id) const { return poll_ == id; }
  // A request waits for what is written next. There must be none.
  void attach(const ExchangeId& id) { poll_ = id; }
  // The request that waits is gone.
  void detach() { poll_.reset(); }
  // From now on all that is written goes there, as it is, and no request waits. `frames` outlives the writing.
  void collect(std::string& frames);
  // Answers the request that waits.
  void answer(std::string payload);

  Progress read(int, std::span<char>) override { return {State::blocked, 0, 0}; }
  // Takes whole frames alone, once a request waits, and answers it with all of them.
  Progress write(int descriptor, std::span<const iovec> pieces) override;
  bool has_pending() const override { return false; }
  Progress end(int) override { return {}; }
  std::optional<base::Address> remote_address() const override { return remote_; }
  std::string_view failure() const override { return {}; }

 private:
  workers::Worker& worker_;
  WorkerContext& context_;
  std::optional<ExchangeId> poll_;
  base::Address remote_;
  std::string* collected_ = nullptr;
  std::string begun_;  // a frame that is larger than what one write offers
};

}  // namespace sluice::gateway
