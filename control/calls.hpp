#pragma once
// Calls: what each call does, whether it came by gRPC or as JSON. Any thread may call; a request is good during the
// call only. An answer that needs no worker comes before the call returns, on the caller's thread; others on the
// executor.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "control/event_filter.hpp"
#include "control/executor.hpp"
#include "control/facts.hpp"
#include "control/failure.hpp"
#include "control/gather.hpp"
#include "control/idempotency.hpp"
#include "control/metrics.hpp"
#include "control/options.hpp"
#include "control/readiness_flag.hpp"
#include "control/show.hpp"
#include "control/translator.hpp"
#include "identity/revocations.hpp"
#include "sluice/v1/access.pb.h"
#include "sluice/v1/backends.pb.h"
#include "sluice/v1/gateway.pb.h"
#include "sluice/v1/nodes.pb.h"
#include "workers/backend.hpp"
#include "workers/commands.hpp"
#include "workers/pool.hpp"

namespace sluice::control {

class Calls {
 public:
  struct Parts {
    workers::Pool& pool;
    identity::Revocations& revocations;
    Executor& executor;
    Metrics& metrics;
    const ReadinessFlag& readiness;
    std::function<void()> on_drain;  // the node is not ready from now on; called on the thread of a call
    const Options& options;
    const Facts& facts;
  };
  explicit Calls(const Parts& parts);
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;

  // No call waits longer for the workers, whatever its caller allows.
  static constexpr std::chrono::seconds wait_max{10};

  // The messages of a stream, one at a time.
  v1::PublishResult publish_one(const v1::PublishRequest& request);
  // Whether a stream should wait before it reads more of them.
  bool is_crowded() const { return parts_.pool.is_crowded(); }
  const Translator& translator() const { return translator_; }

  void publish(const v1::PublishRequest& request, base::TimePoint deadline, const Answer<v1::PublishResponse>& answer);
  void publish_batch(const v1::PublishBatchRequest& request, base::TimePoint deadline,
                     const Answer<v1::PublishBatchResponse>& answer);
  void join_rooms(const v1::JoinRoomsRequest& request, base::TimePoint deadline,
                  const Answer<v1::JoinRoomsResponse>& answer);
  void leave_rooms(const v1::LeaveRoomsRequest& request, base::TimePoint deadline,
                   const Answer<v1::LeaveRoomsResponse>& answer);
  void disconnect(const v1::DisconnectRequest& request, base::TimePoint deadline,
                  const Answer<v1::DisconnectResponse>& answer);
  void get_connection(const v1::GetConnectionRequest& request, base::TimePoint deadline,
                      const Answer<v1::GetConnectionResponse>& answer);
  void list_connections(const v1::ListConnectionsRequest& request, base::TimePoint deadline,
                        const Answer<v1::ListConnectionsResponse>& answer);
  void list_rooms(const v1::ListRoomsRequest& request, base::TimePoint deadline,
                  const Answer<v1::ListRoomsResponse>& answer);
  void history(const v1::HistoryRequest& request, base::TimePoint deadline, const Answer<v1::HistoryResponse>& answer);
  void get_node(const v1::GetNodeRequest& request, base::TimePoint deadline, const Answer<v1::GetNodeResponse>& answer);

  void revoke_tokens(const v1::RevokeTokensRequest& request, base::TimePoint deadline,
                     const Answer<v1::RevokeTokensResponse>& answer);
  void block_user(const v1::BlockUserRequest& request, base::TimePoint deadline,
                  const Answer<v1::BlockUserResponse>& answer);
  void unblock_user(const v1::UnblockUserRequest& request, base::TimePoint deadline,
                    const Answer<v1::UnblockUserResponse>& answer);

  // Asks whoever `request` names. The ids of those that were asked come to `answer`, on the executor; their answers to
  // `on_acknowledged`, on workers' threads, as long as that is held.
  struct EmitWatch {
    std::chrono::milliseconds timeout;
  };
  Outcome<EmitWatch> emit_with_ack(const v1::EmitWithAckRequest& request,
                                   std::shared_ptr<const workers::OnAcknowledged> on_acknowledged,
                                   const Answer<std::vector<base::ConnectionId>>& answer);

  // --- for the streams of backends ---
  // What it wants to be told.
  Problem filter(const v1::Subscribe& request, EventFilter& out) const;
  // Hands a backend's answer on to the client that waits for it.
  Problem reply(const v1::Reply& request);
  // Hands its verdict on to the client that waits for it. `answer` comes on the executor, unless there is a problem.
  Problem judge(const v1::Verdict& request, const Answer<v1::Judged>& answer);
  void show_node(v1::Hello& out) const;
  void show_event(std::uint64_t number, const workers::ClientEvent& event, v1::Event& out) const;

  // Begins to drain, unless the request's key says that this was done already. Finished where it came in.
  struct DrainWatch {
    std::chrono::milliseconds report_every;
    std::uint64_t connections_at_start;
  };
  Outcome<DrainWatch> drain(const v1::DrainRequest& request);
  std::uint64_t connections() const { return parts_.pool.connections(); }

 private:
  struct Listing;

  std::string incarnation_text() const;
  Outcome<v1::Receipt> publish_checked(const v1::PublishRequest& request);
  Outcome<v1::Receipt> send(const v1::PublishRequest& request);
  Outcome<v1::PublishBatchResponse> publish_all(const v1::PublishBatchRequest& request);
  Problem first_invalid(const v1::PublishBatchRequest& request) const;
  void list_from(const std::shared_ptr<Listing>& listing);
  void take_page(const std::shared_ptr<Listing>& listing, workers::ConnectionPage page);
  std::vector<base::WorkerId> all_workers() const;
  GatherFrom from_all(base::TimePoint deadline);
  ConnectionPlace place_of(const workers::ConnectionInfo& connection) const;

  // Does what `run` does unless `key`, if there is one, says that it was done already.
  template <class Response>
  void once(Idempotency::Key key, const google::protobuf::Message& request, const Answer<Response>& answer,
            const std::function<void(const Answer<Response>&)>& run);

  Parts parts_;
  Translator translator_;
  Idempotency idempotency_;
};

}  // namespace sluice::control
