#include "gateway/poll_transport.hpp"

#include <utility>

#include "gateway/engine_io.hpp"
#include "gateway/session_requests.hpp"

namespace sluice::gateway {

void PollTransport::answer(std::string payload) {
  const ExchangeId poll = *std::exchange(poll_, std::nullopt);
  gateway::answer(context_, worker_, poll, {200, "text/plain; charset=UTF-8", std::move(payload)});
}

void PollTransport::collect(std::string& frames) {
  collected_ = &frames;
  frames.append(std::exchange(begun_, {}));
}

workers::Transport::Progress PollTransport::write(int, std::span<const iovec> pieces) {
  if (collected_ != nullptr) {
    std::size_t bytes = 0;
    for (const iovec& piece : pieces) {
      collected_->append(static_cast<const char*>(piece.iov_base), piece.iov_len);
      bytes += piece.iov_len;
    }
    return {State::open, bytes, 0};
  }
  if (!poll_) return {State::blocked, 0, 0};
  const std::size_t before = begun_.size();
  for (const iovec& piece : pieces) begun_.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
  const std::size_t offered = begun_.size() - before;
  std::string payload;
  const std::size_t taken = engine_io::append_polled(payload, begun_);
  if (payload.empty()) {
    // The rest of the frame is offered next.
    begun_.erase(0, taken);
    return {State::open, offered, 0};
  }
  std::string().swap(begun_);
  const std::size_t bytes = payload.size();
  answer(std::move(payload));
  return {State::open, taken - before, bytes};
}

}  // namespace sluice::gateway
