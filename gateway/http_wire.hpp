#pragma once
// HttpWire: the first wire of every client's connection: takes one request's head and turns the connection into what it
// asks for, or answers with an error and closes.

#include <memory>
#include <string>

#include "workers/wire.hpp"

namespace sluice::gateway {

struct HttpHead;
struct RequestTarget;
struct WorkerContext;

class HttpWire : public workers::Wire {
 public:
  // `context` outlives this.
  explicit HttpWire(WorkerContext& context) : context_(context) {}

  workers::Protocol protocol() const override { return workers::Protocol::http; }
  void on_start(workers::Worker& worker, workers::Connection& connection) override;
  std::size_t on_bytes(workers::Worker& worker, workers::Connection& connection, std::span<char> bytes) override;
  void on_end_of_stream(workers::Worker& worker, workers::Connection& connection) override;
  void on_deadline(workers::Worker& worker, workers::Connection& connection) override;
  void on_ending(workers::Worker& worker, workers::Connection& connection, const workers::Ending& ending) override;

 private:
  std::size_t refuse(workers::Worker& worker, workers::Connection& connection, std::string answer, std::size_t taken);
  void on_head(workers::Worker& worker, workers::Connection& connection, std::string_view head);

  WorkerContext& context_;
  std::string begun_;   // of a head that did not come in one piece
  std::string answer_;  // the last words
};

}  // namespace sluice::gateway
