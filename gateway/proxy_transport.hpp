#pragma once
// ProxyTransport: takes the PROXY protocol's header from the front of a connection that a trusted proxy carries, and
// hands everything behind it to what stands between wire and socket, or to the wire itself. Belongs to one worker.

#include <memory>
#include <optional>
#include <string_view>

#include "base/address.hpp"
#include "workers/transport.hpp"

namespace sluice::gateway {

class ProxyTransport final : public workers::Transport {
 public:
  // `inner` is null if the bytes behind the header are the wire's.
  explicit ProxyTransport(std::unique_ptr<workers::Transport> inner) : inner_(std::move(inner)) {}

  workers::Transport* inner() { return inner_.get(); }

  Progress read(int descriptor, std::span<char> into) override;
  Progress write(int descriptor, std::span<const iovec> pieces) override;
  bool has_pending() const override { return inner_ && inner_->has_pending(); }
  Progress end(int descriptor) override;
  std::optional<base::Address> remote_address() const override { return source_; }
  std::string_view failure() const override;

 private:
  // Nothing: the header is read.
  std::optional<Progress> read_header(int descriptor);

  std::unique_ptr<workers::Transport> inner_;
  std::optional<base::Address> source_;
  bool has_header_ = false;
  std::string_view failure_;
};

}  // namespace sluice::gateway
