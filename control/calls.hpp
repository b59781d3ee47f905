#pragma once
// Calls: what each call does, whether it came by gRPC or as JSON. Any thread may call; a request is good during the
// call only. An answer that needs no worker comes before the call returns, on the caller's thread; others on the
// executor.

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "control/emits.hpp"
#include "control/event_filter.hpp"
#include "control/executor.hpp"
#include "control/facts.hpp"
#include "control/failure.hpp"
#include "control/gather.hpp"
#include "control/idempotency.hpp"
#include "control/metrics.hpp"
#include "control/node_changes.hpp"
#include "control/node_shares.hpp"
#include "control/options.hpp"
#include "control/page_token.hpp"
#include "control/readiness_flag.hpp"
#include "control/shared_access.hpp"
#include "control/show.hpp"
#include "control/translator.hpp"
#include "identity/revocations.hpp"
#include "sluice/cluster/v1/calls.pb.h"
#include "sluice/v1/access.pb.h"
#include "sluice/v1/backends.pb.h"
#include "sluice/v1/gateway.pb.h"
#include "sluice/v1/nodes.pb.h"
#include "workers/backend.hpp"
#include "workers/commands.hpp"
#include "workers/peers.hpp"
#include "workers/pool.hpp"

namespace sluice::control {

class Calls {
 public:
  struct Parts {
    workers::Pool& pool;
    workers::Peers& peers;
    identity::Revocations& revocations;
    Executor& executor;
    Metrics& metrics;
    const ReadinessFlag& readiness;
    std::function<void(bool)> set_ready;  // whether the node is ready from now on; called on the executor
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
  void presence(const v1::PresenceRequest& request, base::TimePoint deadline,
                const Answer<v1::PresenceResponse>& answer);
  void history(const v1::HistoryRequest& request, base::TimePoint deadline, const Answer<v1::HistoryResponse>& answer);
  void get_node(const v1::GetNodeRequest& request, base::TimePoint deadline, const Answer<v1::GetNodeResponse>& answer);

  void list_nodes(const v1::ListNodesRequest& request, base::TimePoint deadline,
                  const Answer<v1::ListNodesResponse>& answer);

  void revoke_tokens(const v1::RevokeTokensRequest& request, base::TimePoint deadline,
                     const Answer<v1::RevokeTokensResponse>& answer);
  void block_user(const v1::BlockUserRequest& request, base::TimePoint deadline,
                  const Answer<v1::BlockUserResponse>& answer);
  void unblock_user(const v1::UnblockUserRequest& request, base::TimePoint deadline,
                    const Answer<v1::UnblockUserResponse>& answer);

  // Asks whoever `request` names. Who was asked comes to `answer`, on the executor; their answers to `on_acknowledged`,
  // on any thread, as long as that is held. On the executor.
  struct EmitWatch {
    std::chrono::milliseconds timeout;
  };
  struct EmitAsked {
    std::vector<std::string> connections;  // their ids
    std::vector<v1::SilentNode> silent_nodes;
  };
  Outcome<EmitWatch> emit_with_ack(const v1::EmitWithAckRequest& request,
                                   std::shared_ptr<const workers::OnAcknowledged> on_acknowledged,
                                   const Answer<EmitAsked>& answer);

  // --- for the streams of backends ---
  // What it wants to be told.
  Problem filter(const v1::Subscribe& request, EventFilter& out) const;
  EventFilter filter_of(workers::KindSet kinds, EventFilter::Patterns patterns) const;
  // Hands a backend's answer on to the client that waits for it, on whichever node.
  void reply(const v1::Reply& request, base::TimePoint deadline, const Answer<v1::Replied>& answer);
  // Hands its verdict on to the client that waits for it, likewise. `answer` comes on the executor, unless the request
  // is wrong.
  void judge(const v1::Verdict& request, base::TimePoint deadline, const Answer<v1::Judged>& answer);
  void show_node(v1::Hello& out) const;
  void show_event(std::uint64_t number, const workers::ClientEvent& event, v1::Event& out) const;

  // Begins to drain a node, unless the request's key says that this was done already. Answers inside the call or on the
  // executor.
  struct DrainWatch {
    std::uint32_t node = 0;  // its incarnation
    std::chrono::milliseconds report_every{0};
    std::uint64_t connections_at_start = 0;
    bool has_drained = false;  // the node was seen to drain
  };
  void drain(const v1::DrainRequest& request, const Answer<DrainWatch>& answer);
  // How far that node is.
  struct DrainState {
    std::uint64_t connections = 0;
    std::optional<std::chrono::milliseconds> left = {};  // until its plan has closed all, if that is known
    bool is_off = false;                                 // it does not drain any more
  };
  DrainState drain_state(DrainWatch& watch) const;
  void undrain(const v1::UndrainRequest& request, base::TimePoint deadline, const Answer<v1::UndrainResponse>& answer);
  void shed(const v1::ShedRequest& request, base::TimePoint deadline, const Answer<v1::ShedResponse>& answer);

  // Told once this node knows who is kept out of all nodes. As SharedAccess.
  std::future<void> access_learned() { return access_.learned(); }

  // The nodes of the cluster, by name, as ListNodes shows them.
  std::vector<v1::Node> nodes() const;
  const NodeShares& node_shares() const { return nodes_; }
  NodeChanges& node_changes() { return node_changes_; }  // the executor's

 private:
  struct Listing;
  struct MemberListing;
  struct Emit;

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
  // Whether anyone of the target is on this node.
  bool has_any(const workers::Target& target) const;
  struct HistoryWish;
  void show_history(const std::shared_ptr<HistoryWish>& wish, int epochs_max);
  void list_connections_here(const v1::ListConnectionsRequest& request, base::TimePoint deadline,
                             const Answer<v1::ListConnectionsResponse>& answer);
  void list_from(const std::shared_ptr<Listing>& listing);
  void take_page(const std::shared_ptr<Listing>& listing, workers::ConnectionPage page);
  void list_rooms_here(const v1::ListRoomsRequest& request, base::NamespaceId name_space, std::size_t page_size,
                       const Answer<v1::ListRoomsResponse>& answer);
  Problem members_token(const v1::PresenceRequest& request, bool is_here_alone, PageToken& out) const;
  void list_members_from(const std::shared_ptr<MemberListing>& listing);
  std::vector<base::WorkerId> all_workers() const;
  GatherFrom from_all(base::TimePoint deadline);
  GatherFrom from_first(base::TimePoint deadline);  // the first worker alone
  // The caller's deadline, or ours.
  static base::TimePoint soonest(base::TimePoint deadline) { return std::min(deadline, base::Clock::now() + wait_max); }
  ConnectionPlace place_of(const workers::ConnectionInfo& connection) const;

  // --- this node's shares of calls: what others ask for, and what these calls are on a node that is alone ---
  void serve_shares();
  template <class Request, class Response>
  using Call = void (Calls::*)(const Request&, base::TimePoint, const Answer<Response>&);
  // Does a call that names its node there; this one does its own share.
  template <class Request, class Response>
  void at_node(std::string_view kind, Call<Request, Response> share, const Request& request, base::TimePoint deadline,
               const Answer<Response>& answer) {
    const auto node = nodes_.find(request.node());
    if (!node) return answer(node.failure());
    if (*node == nodes_.own()) return (this->*share)(request, deadline, answer);
    nodes_.ask_one<Response>(*node, kind, request, deadline, answer);
  }
  template <class Request, class Response>
  DoShare<Request, Response> share_of(Call<Request, Response> share) {
    return [this, share](const Request& request, base::TimePoint deadline, const Answer<Response>& answer) {
      (this->*share)(request, deadline, answer);
    };
  }
  void share_join_rooms(const v1::JoinRoomsRequest& request, base::TimePoint deadline,
                        const Answer<v1::JoinRoomsResponse>& answer);
  void share_leave_rooms(const v1::LeaveRoomsRequest& request, base::TimePoint deadline,
                         const Answer<v1::LeaveRoomsResponse>& answer);
  void share_disconnect(const v1::DisconnectRequest& request, base::TimePoint deadline,
                        const Answer<v1::DisconnectResponse>& answer);

  void share_get_connection(const v1::GetConnectionRequest& request, base::TimePoint deadline,
                            const Answer<v1::GetConnectionResponse>& answer);
  void share_list_connections(const v1::ListConnectionsRequest& request, base::TimePoint deadline,
                              const Answer<v1::ListConnectionsResponse>& answer);
  void share_list_rooms(const cluster::v1::RoomsShare& share, base::TimePoint deadline,
                        const Answer<v1::ListRoomsResponse>& answer);
  void share_presence_count(const v1::PresenceRequest& request, base::TimePoint deadline,
                            const Answer<cluster::v1::PresenceCount>& answer);
  void share_presence_page(const v1::PresenceRequest& request, base::TimePoint deadline,
                           const Answer<v1::PresenceResponse>& answer);

  void share_emit(const cluster::v1::EmitShare& share, base::TimePoint deadline,
                  const Answer<cluster::v1::EmitAsked>& answer);

  void share_reply(const v1::Reply& request, base::TimePoint deadline, const Answer<v1::Replied>& answer);
  void share_judge(const v1::Verdict& request, base::TimePoint deadline, const Answer<v1::Judged>& answer);

  void share_get_node(const v1::GetNodeRequest& request, base::TimePoint deadline,
                      const Answer<v1::GetNodeResponse>& answer);
  void share_drain(const v1::DrainRequest& request, base::TimePoint deadline, const Answer<v1::DrainProgress>& answer);
  void share_undrain(const v1::UndrainRequest& request, base::TimePoint deadline,
                     const Answer<v1::UndrainResponse>& answer);
  void finish_undrain(const Answer<v1::UndrainResponse>& answer);
  void share_shed(const v1::ShedRequest& request, base::TimePoint deadline, const Answer<v1::ShedResponse>& answer);

  void share_access_change(const SharedAccess::Change& change, base::TimePoint deadline,
                           const Answer<cluster::v1::AccessChanged>& answer);

  struct AccessWish {
    SharedAccess::Entry entry;
    bool is_removal;
    bool is_local;  // on this node alone
    base::TimePoint deadline;
  };
  void change_access(const AccessWish& wish, const Answer<Shares<cluster::v1::AccessChanged>>& answer);
  void change_access_here(const AccessWish& wish, const Answer<Shares<cluster::v1::AccessChanged>>& answer);
  // Ends the connections of whoever is kept out by it.
  void end_those(const SharedAccess::Entry& entry, base::TimePoint deadline,
                 const Answer<cluster::v1::AccessChanged>& answer);
  void show_own(v1::Node& node) const;
  Outcome<DrainWatch> drain_here(const v1::DrainRequest& request);
  Problem drain_wish_of(const v1::DrainRequest& request, std::uint64_t connections, workers::DrainWish& wish) const;
  static Problem report_every_of(const v1::DrainRequest& request, DrainWatch& watch);
  Problem emit_of(const v1::EmitWithAckRequest& request, Emit& emit) const;
  void ask_sockets(const std::shared_ptr<const Emit>& emit,
                   const std::shared_ptr<const workers::OnAcknowledged>& on_acknowledged,
                   const Answer<cluster::v1::EmitAsked>& answer);

  // Asks the nodes of `reach` for their shares and sums them up.
  template <class Request, class Response>
  struct Spread {
    std::string_view kind;
    Reach reach;
    base::TimePoint deadline;
    Call<Request, Response> share;
    void (*add)(const Response& share, Response& sum);
  };
  template <class Request, class Response>
  void spread(const Spread<Request, Response>& how, const Request& request, const Answer<Response>& answer);

  template <class Request, class Response>
  void spread_once(Method method, const Spread<Request, Response>& how, const Request& request,
                   const Answer<Response>& answer);
  // Where there are several nodes, each remembers what it did for a key, so that the call may be repeated anywhere.
  Idempotency::Key share_key(Method method, std::string_view key) const {
    return {method, nodes_.is_alone() ? std::string_view() : key, true};
  }

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
  NodeShares nodes_;
  // The executor's.
  std::uint64_t drains_ = 0;    // counts Drain and Undrain, of which the last one that came holds
  bool is_last_drain_ = false;  // and not an Undrain
  Emits emits_;
  NodeChanges node_changes_;
  SharedAccess access_;
  Translator translator_;
  Idempotency idempotency_;
};

}  // namespace sluice::control
