#pragma once
// HttpWire: the first wire of every client's connection: takes requests one after the other, turns the connection into
// what one asks for, or answers it. One request is dealt with at a time, so that answers keep the order of requests.

#include <memory>
#include <optional>
#include <string>

#include "gateway/http_exchange.hpp"
#include "gateway/routes.hpp"
#include "workers/wire.hpp"

namespace sluice::gateway {

class ChunkedBody;
struct HttpError;
struct HttpHead;
struct WorkerContext;

class HttpWire : public workers::Wire {
 public:
  // `context` outlives this.
  explicit HttpWire(WorkerContext& context);
  ~HttpWire() override;

  // Answers a request, from any worker; nothing happens if it does not wait any more.
  static void answer(workers::Worker& here, const ExchangeId& id, HttpReply reply);

  workers::Protocol protocol() const override { return workers::Protocol::http; }
  void on_start(workers::Worker& worker, workers::Connection& connection) override;
  std::size_t on_bytes(workers::Worker& worker, workers::Connection& connection, std::span<char> bytes) override;
  void on_end_of_stream(workers::Worker& worker, workers::Connection& connection) override;
  void on_deadline(workers::Worker& worker, workers::Connection& connection) override;
  void on_ending(workers::Worker& worker, workers::Connection& connection, const workers::Ending& ending) override;
  void on_gone(workers::Worker& worker, workers::Connection& connection) override;

 private:
  struct Request;

  std::size_t take_head(workers::Worker& worker, workers::Connection& connection, std::string_view bytes);
  std::size_t take_body(workers::Worker& worker, workers::Connection& connection, std::string_view bytes);
  void keep_early(std::string_view bytes);
  // Both return the worker at which the connection is to go on, if that is not this one.
  std::optional<base::WorkerId> on_head(workers::Worker& worker, workers::Connection& connection,
                                        std::string_view head);
  std::optional<base::WorkerId> follow(workers::Worker& worker, workers::Connection& connection, const HttpHead& head,
                                       Routed routed, std::string_view head_text);
  void ask_verdict(workers::Worker& worker, workers::Connection& connection, NeedsVerdict needs,
                   std::string_view head_text);
  void take_verdict(workers::Worker& worker, workers::Connection& connection, const Admission& shown,
                    const workers::Verdict* verdict);
  void prepare(workers::Worker& worker, workers::Connection& connection, NeedsRooms needs, std::string_view head_text);
  void take_prepared(workers::Worker& worker, workers::Connection& connection, const NeedsRooms& needs,
                     const base::Status& status);
  // Keeps the request, until it is routed again.
  void wait(workers::Worker& worker, workers::Connection& connection, std::string_view head_text);
  bool is_waiting() const;
  // Calls resume(wire, connection) if that request still waits.
  template <class Resume>
  static void go_on(workers::Worker& here, const ExchangeId& id, Resume&& resume);
  void route_again(workers::Worker& worker, workers::Connection& connection, const Request& request,
                   const Admission& admission, bool are_prepared);
  void begin(workers::Worker& worker, workers::Connection& connection, const HttpHead& head,
             std::unique_ptr<HttpHandler> handler);
  void dispatch(workers::Worker& worker, workers::Connection& connection);
  void take_answer(workers::Worker& worker, workers::Connection& connection, std::uint32_t number, HttpReply reply);
  void send(workers::Worker& worker, workers::Connection& connection, HttpReply reply);
  // The wire of this connection; null if it is another.
  static HttpWire* of(workers::Connection* connection);
  void refuse_body(workers::Worker& worker, workers::Connection& connection, HttpReply reply);
  void refuse(workers::Worker& worker, workers::Connection& connection, HttpReply reply);
  ExchangeId exchange_id(workers::Worker& worker, const workers::Connection& connection) const;

  WorkerContext& context_;
  std::shared_ptr<Request> request_;     // whose body arrives, or whose answer is awaited
  std::unique_ptr<base::Address> peer_;  // where the socket is, if requests may say where their clients are
  // Few ever have these; none of them is empty.
  std::unique_ptr<std::string> begun_;   // of a head that did not come in one piece
  std::unique_ptr<std::string> early_;   // what came behind a request that waits for its answer
  std::unique_ptr<std::string> answer_;  // the last words
  std::uint32_t number_ = 0;             // of the last request
  bool is_head_ = false;                 // the last request was, and is answered without a body
  bool keeps_alive_ = true;              // as the last request had it
};

// Every client that waits by HTTP has one, and its request.
static_assert(sizeof(HttpWire) <= 72, "an HTTP connection's own state");

}  // namespace sluice::gateway
