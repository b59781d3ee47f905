#pragma once
// Calls: what each call does, whether it came by gRPC or as JSON. Any thread may call; a request is good during the
// call only. An answer that needs no worker comes before the call returns, on the caller's thread; others on the
// executor.

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
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

  // No call waits longer for the workers or the broker, whatever its caller allows.
  static constexpr std::chrono::seconds wait_max{10};

  // The messages of a stream or a batch, one at a time: gives what became of it, or nothing if that is not known yet;
  // then `later`, which is wanted if answers_later(), is called on the executor, once.
  std::optional<Outcome<v1::Receipt>> publish_one(const v1::PublishRequest& request, const Answer<v1::Receipt>& later);
  bool answers_later() const { return parts_.pool.has_shared_broker(); }
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
  std::optional<Outcome<v1::Receipt>> send(const v1::PublishRequest& request, const Answer<v1::Receipt>& later);
  Outcome<v1::Receipt> receipt_of(const base::Result<workers::Receipt>& receipt);
  // What is wrong with the batch as a whole.
  Problem misfit_of(const v1::PublishBatchRequest& request) const;
  Problem first_invalid(const v1::PublishBatchRequest& request) const;
  void publish_all(const v1::PublishBatchRequest& request, base::TimePoint deadline,
                   const Answer<v1::PublishBatchResponse>& answer);
  void finish_batch(const std::string& key, const Outcome<v1::PublishBatchResponse>& outcome);
  // Has the messages of those rooms come to this node: calls `then` once they do, or with what came instead; at once,
  // or on the executor.
  struct RoomsWish {
    base::NamespaceId name_space;
    std::vector<workers::RoomKey> rooms;
    std::optional<base::Position> since = {};
  };
  void prepare(const RoomsWish& wish, base::TimePoint deadline, const std::function<void(Problem)>& then);
  void join_prepared(const workers::Target& target, const std::vector<workers::RoomKey>& rooms,
                     base::TimePoint deadline, const Answer<v1::JoinRoomsResponse>& answer);
  struct HistoryWish;
  void show_history(const std::shared_ptr<HistoryWish>& wish, int epochs_max);
  void list_from(const std::shared_ptr<Listing>& listing);
  void take_page(const std::shared_ptr<Listing>& listing, workers::ConnectionPage page);
  std::vector<base::WorkerId> all_workers() const;
  GatherFrom from_all(base::TimePoint deadline);
  // The caller's deadline, or ours.
  static base::TimePoint soonest(base::TimePoint deadline) { return std::min(deadline, base::Clock::now() + wait_max); }
  ConnectionPlace place_of(const workers::ConnectionInfo& connection) const;

  // What is answered in place of doing a call that has a key; nothing if it is to be done, and then finished.
  template <class Response>
  std::optional<Outcome<Response>> begin_once(const Idempotency::Key& key, const google::protobuf::Message& request);
  template <class Response>
  void finish_once(const Idempotency::Key& key, const Outcome<Response>& outcome);
  // Does what `run` does unless `key`, if there is one, says that it was done already.
  template <class Response>
  void once(Idempotency::Key key, const google::protobuf::Message& request, const Answer<Response>& answer,
            const std::function<void(const Answer<Response>&)>& run);

  Parts parts_;
  Translator translator_;
  Idempotency idempotency_;
};

}  // namespace sluice::control
