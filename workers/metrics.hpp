#pragma once
// What can be watched of one worker. Each metric is one member, declared once in describe(); code counts events here
// and never names Prometheus. Written by the worker's thread alone, read by scrapes.

#include <array>
#include <cstddef>
#include <string_view>

#include "base/cell.hpp"
#include "overload/actions.hpp"
#include "workers/ending.hpp"
#include "workers/protocol.hpp"

namespace sluice::workers {

// Why a message did not reach a client that it matched.
enum class DropReason : std::uint8_t {
  outbox_full_newest,
  outbox_full_oldest,
  conflated,
  closing,
  no_backend,
  policy,
  forbidden,  // the client may not speak there
  over_rate,  // it sends faster than it may
  no_broker,  // the broker was away
  overload,   // volatile, and the client had others waiting
};
inline constexpr std::array<std::string_view, 10> drop_reason_names{
    "outbox_full_newest", "outbox_full_oldest", "conflated", "closing", "no_backend", "policy",
    "forbidden",          "over_rate",          "no_broker", "overload"};

// Limits on clients that are met at the door.
enum class ClientLimit : std::uint8_t { address, user };
inline constexpr std::array<std::string_view, 2> client_limit_names{"address", "user"};

// What became of asking backends whether a client may come in.
enum class VerdictKind : std::uint8_t { allowed, refused, late, absent };
inline constexpr std::array<std::string_view, 4> verdict_names{"allowed", "refused", "late", "absent"};

// What became of clients that waited until the messages of their rooms came to this node.
enum class PreparationKind : std::uint8_t { ready, failed, late };
inline constexpr std::array<std::string_view, 3> preparation_names{"ready", "failed", "late"};

// About TLS towards clients.
struct TlsMetrics {
  base::Cell full_handshakes;      // that were done, with a certificate
  base::Cell resumed_handshakes;   // that were done, with a ticket
  base::Cell failed_handshakes;    // ended by a fault or by the client's leaving; a deadline's are not seen here
  base::Cell truncated;            // the client's stream ended without the goodbye that TLS has for it
  base::Cell certificate_expires;  // Unix time in seconds of the first that does; 0: there is no TLS

  template <class Visitor>
  void describe(Visitor& v) const {
    v.summed().counter("sluice_tls_handshakes_full_total", full_handshakes, "TLS handshakes done with a certificate.");
    v.summed().counter("sluice_tls_handshakes_resumed_total", resumed_handshakes, "TLS handshakes done with a ticket.");
    v.summed().counter("sluice_tls_handshakes_failed_total", failed_handshakes,
                       "TLS handshakes that ended by a fault or by the client's leaving.");
    v.summed().counter("sluice_tls_truncated_total", truncated,
                       "TLS connections whose stream ended without the goodbye that TLS has for it.");
    v.summed_max().gauge("sluice_tls_certificate_expires_timestamp_seconds", certificate_expires,
                         "When the first of the certificates expires; 0 without TLS.");
  }
};

// Sessions and sockets that go on at another node, and requests for those of another one.
struct RoamingMetrics {
  base::Cell requests;            // that were carried to another node
  base::Cell left, arrived;       // with their WebSocket
  base::Cell records_waiting;     // sockets that the cluster's store does not have as they are
  base::Cell written, unwritten;  // tries to write one that succeeded, and that did not

  template <class Visitor>
  void describe(Visitor& v) const {
    v.summed().counter("sluice_requests_carried_abroad_total", requests,
                       "Requests that were carried to the node where their session lives.");
    v.summed().counter("sluice_sessions_left_total", left,
                       "Engine.IO sessions that went to the node where their WebSocket came.");
    v.summed().counter("sluice_sessions_arrived_total", arrived,
                       "Engine.IO sessions that came from another node, as their WebSocket came here.");
    v.summed().gauge("sluice_socket_records_waiting", records_waiting,
                     "Socket.IO sockets that have changed since they were written to the cluster's store.");
    v.summed().counter("sluice_socket_records_written_total", written,
                       "Socket.IO sockets that were written to the cluster's store, so that they outlive this node.");
    v.summed().counter("sluice_socket_records_unwritten_total", unwritten,
                       "Times that one could not be written, and has to be tried again.");
  }
};

// About datagrams.
struct UdpMetrics {
  base::Cell received, sent;
  base::Cell challenges;        // subscriptions that were answered with one
  base::Cell answers_withheld;  // they would have been longer than the question of an address that is not proven
  base::Cell too_large;         // messages that do not fit into a datagram, once a receiver
  base::Cell lost;              // that the kernel refused to send
  base::Cell overflows;         // that the kernel threw away, as its buffer was full

  template <class Visitor>
  void describe(Visitor& v) const {
    v.summed().counter("sluice_udp_received_total", received, "Datagrams read.");
    v.summed().counter("sluice_udp_sent_total", sent, "Datagrams handed to the kernel.");
    v.summed().counter("sluice_udp_challenges_total", challenges,
                       "Subscriptions by datagram that were answered with a challenge, as the address was not proven.");
    v.summed().counter("sluice_udp_answers_withheld_total", answers_withheld,
                       "Answers that would have been longer than the question of an address that is not proven.");
    v.summed().counter("sluice_udp_too_large_total", too_large,
                       "Messages that did not fit into a receiver's datagram.");
    v.summed().counter("sluice_udp_lost_total", lost, "Datagrams that the kernel refused to send.");
    v.summed().counter("sluice_udp_overflows_total", overflows,
                       "Datagrams that the kernel threw away because its receive buffer was full.");
  }
};

struct alignas(64) Metrics {
  std::array<base::Cell, protocol_names.size()> connections;  // open now
  std::array<base::Cell, protocol_names.size()> accepted;
  std::array<base::Cell, ending_names.size()> closed;
  base::Cell riders;            // members that are heard through another connection
  base::Cell handed_over;       // connections that went on at another worker
  base::Cell carried_requests;  // that were carried to another worker
  std::array<base::Cell, client_limit_names.size()> refused_by_limit;
  base::Cell read_delays;  // times that reads of a client were delayed for its rate
  base::Cell accept_pauses, handshakes_refused, protocol_errors, handler_exceptions;
  base::Cell messages_received, messages_sent;  // data messages; a sent one is one delivery written
  base::Cell payload_bytes_received, payload_bytes_sent, wire_bytes_received, wire_bytes_sent;
  base::Cell deliveries;  // messages put into outboxes
  std::array<base::Cell, drop_reason_names.size()> drops;
  std::array<base::Cell, verdict_names.size()> verdicts;
  std::array<base::Cell, preparation_names.size()> preparations;
  base::Cell outbox_bytes, outbox_messages;  // waiting now, over all connections
  base::Cell outbox_age_milliseconds;        // of the oldest waiting frame, sampled once a second
  base::Cell socket_bytes;                   // that the kernel holds for clients' sockets, where that is measured
  std::array<base::Cell, overload::action_count> relieved;  // what actions against overload did
  base::Cell relief_turns, relief_lag_microseconds;         // for OverloadWatch
  base::Cell reads_paused;                                  // connections whose reads are paused now
  base::Cell joins, leaves, rooms;
  base::Cell replays, replayed_messages, gaps;
  base::Cell deflated_messages, deflated_bytes_before, deflated_bytes_after;  // each message once a worker and window
  base::Cell inflated_messages, inflate_failures;
  TlsMetrics tls;
  UdpMetrics udp;
  RoamingMetrics roaming;
  base::Cell mailbox_messages;               // handled
  base::LatencyCell mailbox_wait;            // accepted until the worker took it
  base::LatencyCell loop_turn;               // one turn of the loop: the lag that others see
  base::LatencyCell fan_out;                 // accepted until the last socket write
  base::Cell turns, last_turn_milliseconds;  // the latter: steady clock, for /healthz

  base::Cell& relieved_by(overload::Action action) { return relieved[static_cast<std::size_t>(action)]; }
  base::Cell& limit(ClientLimit kind) { return refused_by_limit[static_cast<std::size_t>(kind)]; }
  base::Cell& verdict(VerdictKind kind) { return verdicts[static_cast<std::size_t>(kind)]; }
  base::Cell& preparation(PreparationKind kind) { return preparations[static_cast<std::size_t>(kind)]; }

  // Calls visitor.counter(name, cell, help), .gauge(...), .histogram(...), and the same with an array of cells and a
  // label: visitor.counter(name, cells, label name, label values, help). `per_worker` ones get a label "worker".
  template <class Visitor>
  void describe(Visitor& v) const {
    using enum_labels = std::string_view;
    constexpr enum_labels by_protocol = "protocol", by_reason = "reason";
    v.per_worker().gauge("sluice_connections", connections, by_protocol, protocol_names, "Connections open now.");
    v.per_worker().counter("sluice_connections_accepted_total", accepted, by_protocol, protocol_names,
                           "Connections accepted, counted when their protocol is known.");
    v.per_worker().gauge("sluice_socketio_sockets", riders,
                         "Socket.IO sockets open now: each namespace that a Socket.IO connection has joined.");
    v.summed().counter("sluice_connections_handed_over_total", handed_over,
                       "Connections that went on at another worker, where their session lives.");
    v.summed().counter("sluice_requests_carried_total", carried_requests,
                       "Requests that were carried to the worker where their session lives, and their news.");
    roaming.describe(v);
    v.summed().counter("sluice_connections_closed_total", closed, by_reason, ending_names,
                       "Connections ended, by the reason for it.");
    v.summed().counter("sluice_accept_pauses_total", accept_pauses,
                       "Times that accepting paused because descriptors or connections had run out.");
    v.summed().counter("sluice_handshakes_refused_total", handshakes_refused,
                       "HTTP requests on the client port that were answered with an error.");
    v.summed().counter("sluice_clients_over_limit_total", refused_by_limit, "limit", client_limit_names,
                       "Clients that were refused because there were too many from their address, of their user, or "
                       "at once.");
    v.summed().counter("sluice_read_delays_total", read_delays,
                       "Times that a client was read no further for a while, as it sent faster than it may.");
    v.summed().counter("sluice_protocol_errors_total", protocol_errors, "Connections that broke their protocol.");
    v.summed().counter("sluice_handler_exceptions_total", handler_exceptions,
                       "Exceptions that escaped a connection's handler and ended that connection alone.");
    v.summed().counter("sluice_messages_received_total", messages_received, "Data messages received from clients.");
    v.summed().counter("sluice_messages_sent_total", messages_sent,
                       "Data messages handed whole to the kernel for clients.");
    v.summed().counter("sluice_payload_received_bytes_total", payload_bytes_received, "Payload of messages received.");
    v.summed().counter("sluice_payload_sent_bytes_total", payload_bytes_sent, "Payload of messages sent.");
    v.summed().counter("sluice_wire_received_bytes_total", wire_bytes_received, "Bytes read from client sockets.");
    v.summed().counter("sluice_wire_sent_bytes_total", wire_bytes_sent, "Bytes written to client sockets.");
    v.summed().counter("sluice_deliveries_total", deliveries, "Messages put into clients' outboxes.");
    v.summed().counter("sluice_drops_total", drops, by_reason, drop_reason_names,
                       "Messages that did not reach a client that they matched, or were not taken from one.");
    v.summed().counter("sluice_verdicts_total", verdicts, "verdict", verdict_names,
                       "Clients about whom backends were to say whether they may come in.");
    v.summed().counter("sluice_room_preparations_total", preparations, "outcome", preparation_names,
                       "Joins that had to wait until the messages of their rooms came to this node.");
    v.per_worker().gauge("sluice_outbox_bytes", outbox_bytes,
                         "Bytes waiting in outboxes (a shared frame counts for each).");
    v.summed().gauge("sluice_outbox_messages", outbox_messages, "Frames waiting in outboxes.");
    v.summed_max().gauge_milliseconds("sluice_outbox_age_seconds", outbox_age_milliseconds,
                                      "Age of the oldest frame that waits in an outbox.");
    v.summed().gauge("sluice_socket_bytes", socket_bytes,
                     "What the kernel holds for clients' sockets; measured with memory-max, else 0.");
    v.summed().counter("sluice_overload_relieved_total", relieved, "action", overload::action_names,
                       "What actions against overload did: clients not read for a while, timeouts that were shorter, "
                       "messages dropped, clients refused, clients closed.");
    v.summed().gauge("sluice_reads_paused", reads_paused, "Connections whose reads are paused now.");
    v.summed().counter("sluice_joins_total", joins, "Rooms joined, once a connection and room.");
    v.summed().counter("sluice_leaves_total", leaves, "Rooms left, closing included.");
    v.summed().gauge("sluice_worker_rooms", rooms, "Rooms with members, counted on each worker that has some.");
    v.summed().counter("sluice_replays_total", replays, "Resumes from a position.");
    v.summed().counter("sluice_replayed_messages_total", replayed_messages, "Messages delivered by resumes.");
    v.summed().counter("sluice_gaps_total", gaps, "Gaps that clients were told of.");
    v.summed().counter("sluice_deflated_messages_total", deflated_messages,
                       "Messages deflated for clients, each once for all of a worker's that share it.");
    v.summed().counter("sluice_deflated_before_bytes_total", deflated_bytes_before, "Their bytes before.");
    v.summed().counter("sluice_deflated_after_bytes_total", deflated_bytes_after, "Their bytes after.");
    v.summed().counter("sluice_inflated_messages_total", inflated_messages, "Deflated messages received from clients.");
    v.summed().counter("sluice_inflate_failures_total", inflate_failures,
                       "Deflated messages that were malformed or too large when inflated.");
    tls.describe(v);
    udp.describe(v);
    v.per_worker().counter("sluice_mailbox_messages_total", mailbox_messages, "Mail handled.");
    v.summed().histogram("sluice_mailbox_wait_seconds", mailbox_wait,
                         "From a message's acceptance until the worker took it from its mailbox.");
    v.per_worker().histogram("sluice_loop_turn_seconds", loop_turn,
                             "Duration of one turn of a worker's loop: its lag.");
    v.summed().histogram("sluice_fan_out_seconds", fan_out,
                         "From a message's acceptance until its last socket write on a worker.");
    v.per_worker().counter("sluice_loop_turns_total", turns, "Turns of a worker's loop.");
  }
};

}  // namespace sluice::workers
