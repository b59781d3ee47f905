#pragma once
// ClientPort: the folder's front door: where clients connect, what wire each gets, and how messages look to it.

#include <memory>
#include <string>
#include <vector>

#include "gateway/namespaces.hpp"
#include "gateway/options.hpp"
#include "gateway/worker_context.hpp"
#include "workers/pool.hpp"
#include "workers/wire.hpp"

namespace sluice::gateway {

class ClientPort : public workers::Edge {
 public:
  // `options` are validated and outlive this.
  explicit ClientPort(const Options& options) : options_(options) {}

  // Opens every address for every worker, before the pool starts, and logs a line `listening` for each. Throws
  // std::runtime_error, with a sentence that names option and address, if one cannot be had.
  void open(workers::Pool& pool);

  std::unique_ptr<workers::Wire> make_wire(workers::Worker& worker) override;
  void encode(base::WorkerId worker, workers::WireFormat format, const workers::Message& message,
              const workers::RoomKey* room, std::string& out) override;
  void encode_gap(workers::WireFormat format, workers::GapReason reason, std::string& out) const override;
  bool shows_room(workers::WireFormat format) const override;
  bool is_own(workers::WireFormat format) const override;

 private:
  const Options& options_;
  Namespaces namespaces_;
  std::vector<std::unique_ptr<WorkerContext>> contexts_;  // by worker, who makes its own on first need
};

}  // namespace sluice::gateway
