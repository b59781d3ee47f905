#pragma once
// SocketIoSocket: one namespace of one Socket.IO client: what callers know as a connection. It rides on the connection
// of its Engine.IO session, which hears and speaks for it.

#include <memory>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "gateway/recovery.hpp"
#include "gateway/worker_context.hpp"
#include "workers/wire.hpp"

namespace sluice::gateway {

class SocketIoSocket final : public workers::Wire {
 public:
  // `context` outlives this. `sid` is what everyone may know, `pid` what its client alone knows.
  SocketIoSocket(WorkerContext& context, std::string sid) : context_(context), sid_(std::move(sid)) {}

  const std::string& sid() const { return sid_; }
  const std::string& pid() const { return pid_; }
  void begin(std::string pid, base::Position start) {
    pid_ = std::move(pid);
    start_ = start;
  }
  // It was one before, in these rooms, since those places.
  void restore(const workers::Worker& worker, const workers::Connection& rider, std::vector<BrokenSocket::Room> rooms);
  // What its client comes back to.
  BrokenSocket broken(const workers::Worker& worker, const workers::Connection& rider) const;

  workers::Protocol protocol() const override { return workers::Protocol::socket_io; }
  std::string session_id() const override { return sid_; }
  std::size_t on_bytes(workers::Worker&, workers::Connection&, std::span<char> bytes) override { return bytes.size(); }
  void on_end_of_stream(workers::Worker&, workers::Connection&) override {}
  void on_deadline(workers::Worker&, workers::Connection&) override {}
  void on_answer(workers::Worker& worker, workers::Connection& rider, std::uint64_t ack_id,
                 const workers::Message& answer) override;
  // The server takes the client out of the namespace.
  void on_ending(workers::Worker& worker, workers::Connection& rider, const workers::Ending& ending) override;
  void on_gone(workers::Worker& worker, workers::Connection& rider) override;

 private:
  WorkerContext& context_;
  std::string sid_, pid_;
  base::Position start_;
  // Of a socket that came back: the rooms that it was in before, and the place at which it joined them anew.
  std::unique_ptr<std::vector<BrokenSocket::Room>> restored_;
  std::uint64_t restored_place_ = 0;
};

}  // namespace sluice::gateway
