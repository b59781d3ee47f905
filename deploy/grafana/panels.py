"""What stands on the dashboard: rows of panels, each with a sentence and its queries. dashboard.py makes JSON of it."""

# Every query takes the nodes that the variables at the top select. `$by` says whether there is one line for each of them,
# or one for all of a job, or for all together.
SELECTED = 'namespace=~"$namespace",job=~"$job",pod=~"$pod",instance=~"$instance"'
BY = "${by:raw}"
NAMES = "{{pod}} {{instance}}{{namespace}} {{job}}"  # of whichever labels $by has left
NODE_LABELS = "namespace, job, pod, instance"


def of(metric, labels=""):
    return f"{metric}{{{SELECTED}{',' if labels else ''}{labels}}}"


def rate(metric, labels=""):
    return f"rate({of(metric, labels)}[$__rate_interval])"


def each(expression, word="", also="", function="sum"):
    """One line for each node (or job, or all): a query and the name of its lines."""
    by = f"{BY}, {also}" if also else BY
    return f"{function} by ({by}) ({expression})", " ".join(filter(None, [word, f"{{{{{also}}}}}" if also else "", NAMES]))


def over(label, expression, function="sum"):
    """All selected nodes together, a line for each value of a label."""
    return f"{function} by ({label}) ({expression})", f"{{{{{label}}}}}"


def quantile(share, metric, labels=""):
    buckets = f"sum by ({BY}, le) ({rate(metric + '_bucket', labels)})"
    return f"histogram_quantile({share}, {buckets})", f"p{share * 100:g} {NAMES}"


def of_sluice(expression):
    """What any program tells under such a name, of Sluice's nodes only."""
    return f"({expression} and on ({NODE_LABELS}) sluice_build_info)"


def panel(title, sentence, unit, *queries, kind="timeseries", width=8, **more):
    return {"title": title, "sentence": sentence, "unit": unit, "queries": queries, "kind": kind, "width": width, **more}


def number(title, sentence, unit, query, **more):
    return panel(title, sentence, unit, (query, ""), kind="stat", width=4, **more)


OUTBOX_FULL = 'reason=~"outbox_full_newest|outbox_full_oldest"'
# An alert about a whole job has no pod.
FIRING = 'ALERTS{alertname=~"Sluice.+",alertstate="firing",namespace=~"$namespace|",job=~"$job|",pod=~"$pod|",instance=~"$instance|"}'

ROWS = [
    ("Overview", [
        number("Nodes ready", "Nodes that take new connections.", "short", f"sum({of('sluice_ready')})"),
        number("Connections", "Open now, handshakes included.", "short", f"sum({of('sluice_open_connections')})"),
        number("Messages sent", "To clients: handed whole to the kernel, a second.", "ops", f"sum({rate('sluice_messages_sent_total')})"),
        number("Slowest worker", "The longest of all workers' turns, p99 over 5 minutes.", "s",
               f"max({of('worker:sluice_loop_turn_seconds:p99_5m')})", marks=[(0.05, "orange"), (0.1, "red")]),
        number("Fullest limit", "The largest share of its open files, or of queued-bytes-max, that any node uses.", "percentunit",
               f"max(max({of('node:sluice_files:ratio')}) > max({of('node:sluice_queued_bytes:ratio')}) or max({of('node:sluice_queued_bytes:ratio')}))",
               marks=[(0.7, "orange"), (0.85, "red")]),
        number("Alerts", "That fire now.", "short", f"count({FIRING}) or vector(0)", marks=[(1, "red")]),
        panel("Connections by protocol", "How clients are connected.", "short", over("protocol", of("sluice_connections")), stacked=True),
        panel("Open connections", "Handshakes included.", "short", each(of("sluice_open_connections"), "open")),
        panel("Firing alerts", "What is wrong now; docs/runbook.md has a section for each.", "short", (FIRING, ""), kind="table"),
        panel("Messages", "From clients, and to clients.", "ops", each(rate("sluice_messages_received_total"), "received"),
              each(rate("sluice_messages_sent_total"), "sent")),
        panel("Bytes on the wire", "Read from clients' sockets, and written to them.", "Bps",
              each(rate("sluice_wire_received_bytes_total"), "read"), each(rate("sluice_wire_sent_bytes_total"), "written")),
        panel("Fan-out", "From a message's acceptance to its last write on a worker.", "s",
              quantile(0.5, "sluice_fan_out_seconds"), quantile(0.99, "sluice_fan_out_seconds"), line=1),
        panel("Drops", "Messages that did not reach a client that they matched, or were not taken from one.", "ops",
              over("reason", rate("sluice_drops_total")), stacked=True),
        panel("CPU", "Cores that the process keeps busy.", "short", each(of_sluice(rate("process_cpu_seconds_total")), "cores")),
        panel("Memory", "Of the process, in RAM.", "bytes", each(of_sluice(of("process_resident_memory_bytes")), "resident")),
    ]),
    ("Coming and going", [
        panel("Connections accepted", "By protocol, once it is known.", "ops", over("protocol", rate("sluice_connections_accepted_total")), stacked=True),
        panel("Connections ended", "By the reason for it.", "ops", over("reason", rate("sluice_connections_closed_total")), stacked=True),
        panel("Refused at the door", "Requests answered with an error; clients over a limit of their address or user.", "ops",
              each(rate("sluice_handshakes_refused_total"), "handshakes"), each(rate("sluice_clients_over_limit_total"), "over limit", "limit")),
        panel("Faults", "Clients that broke their protocol, malformed deflate, and faults of the gateway itself.", "ops",
              each(rate("sluice_protocol_errors_total"), "protocol"), each(rate("sluice_inflate_failures_total"), "inflate"),
              each(rate("sluice_handler_exceptions_total"), "inside")),
        panel("TLS handshakes", "With a certificate, with a ticket, and failed; and streams cut off.", "ops",
              each(rate("sluice_tls_handshakes_full_total"), "full"), each(rate("sluice_tls_handshakes_resumed_total"), "resumed"),
              each(rate("sluice_tls_handshakes_failed_total"), "failed"), each(rate("sluice_tls_truncated_total"), "cut off")),
        panel("Certificate", "Time until the first certificate expires, of clients' ports or gRPC's; nothing without TLS.", "s",
              each(of("node:sluice_certificate_seconds:left"), "left", function="min"), line=21 * 86400),
        panel("Accept pauses", "Times that accepting paused, as connections or files had run out.", "ops", each(rate("sluice_accept_pauses_total"), "pauses")),
        panel("Open files", "Share of those that the process may open: what bounds connections.", "percentunit",
              each(of("node:sluice_files:ratio"), "files", function="max"), line=0.85),
        panel("Deflate", "Bytes after compression for each byte before.", "percentunit",
              (f"sum by ({BY}) ({rate('sluice_deflated_after_bytes_total')}) / sum by ({BY}) ({rate('sluice_deflated_before_bytes_total')})", f"after / before {NAMES}")),
    ]),
    ("Workers", [
        panel("Connections of each worker", "The kernel spreads them; they stay for life.", "short", each(of("sluice_connections"), "worker", "worker")),
        panel("Loop lag", "One turn in a hundred takes this long or longer (5 minutes).", "s",
              each(of("worker:sluice_loop_turn_seconds:p99_5m"), "worker", "worker", "max"), line=0.1),
        panel("Turns", "Of each worker's loop. An idle one turns once a second, a stuck one never.", "ops", each(rate("sluice_loop_turns_total"), "worker", "worker")),
        panel("Mail", "Taken up by each worker.", "ops", each(rate("sluice_mailbox_messages_total"), "worker", "worker")),
        panel("Mailbox depth", "Mail that waits for each worker.", "short", each(of("sluice_mailbox_depth"), "worker", "worker")),
        panel("Mailbox wait", "From a message's acceptance until a worker takes it up.", "s",
              quantile(0.5, "sluice_mailbox_wait_seconds"), quantile(0.99, "sluice_mailbox_wait_seconds"), line=0.1),
        panel("Outboxes of each worker", "Bytes that wait there.", "bytes", each(of("sluice_outbox_bytes"), "worker", "worker")),
        panel("Carried and handed over", "Requests and sockets that went to the worker where their session lives.", "ops",
              each(rate("sluice_requests_carried_total"), "carried"), each(rate("sluice_connections_handed_over_total"), "handed over")),
        panel("Socket.IO sockets", "Namespaces that Socket.IO connections have joined.", "short", each(of("sluice_socketio_sockets"), "worker", "worker")),
    ]),
    ("Slow clients", [
        panel("Oldest frame", "Age of the oldest frame that waits in an outbox.", "s", each(of("sluice_outbox_age_seconds"), "oldest", function="max"), line=20),
        panel("Frames waiting", "In all outboxes.", "short", each(of("sluice_outbox_messages"), "frames")),
        panel("Queued bytes", "Share of queued-bytes-max; at 1 the slow policy meets whoever has something waiting.", "percentunit",
              each(of("node:sluice_queued_bytes:ratio"), "used", function="max"), line=0.8),
        panel("Slow clients closed", "Because their outbox was full.", "ops", each(rate("sluice_connections_closed_total", 'reason="slow_client"'), "closed")),
        panel("Messages dropped", "Share of the messages for clients that did not fit into outboxes (10 minutes).", "percentunit",
              each(of("node:sluice_messages_dropped:ratio10m"), "dropped", function="max"), line=0.01),
        panel("Dropped and conflated", "For slow clients, by reason.", "ops", over("reason", rate("sluice_drops_total", 'reason=~"outbox_full_newest|outbox_full_oldest|conflated|closing|overload"')), stacked=True),
        panel("Reads paused", "Connections that are not read now, as what they say has no room.", "short", each(of("sluice_reads_paused"), "paused")),
        panel("Read delays", "Times that a client was not read for a while, as it sent faster than it may.", "ops", each(rate("sluice_read_delays_total"), "delays")),
        panel("Messages not taken", "Of clients that may not speak there, are too fast, or find no backend.", "ops",
              over("reason", rate("sluice_drops_total", 'reason=~"no_backend|policy|forbidden|over_rate|no_broker"')), stacked=True),
    ]),
    ("Overload", [
        panel("Pressure", "Share of something that is used, at the node where it is shortest; from 75 percent on something is done about it.", "percentunit",
              over("resource", of("sluice_overload_pressure"), "max"), line=0.75),
        panel("Actions", "By how much each action against overload is taken, at the node where it is taken most.", "percentunit",
              over("action", of("sluice_overload_action"), "max")),
        panel("Actions begun", "Times that each began.", "short", over("action", f"increase({of('sluice_overload_actions_total')}[$__rate_interval])"), stacked=True),
        panel("What actions did", "Clients not read for a while, timeouts that were shorter, messages dropped, clients turned away, clients closed.", "ops",
              over("action", rate("sluice_overload_relieved_total")), stacked=True),
        panel("Memory of the node", "As its limit counts it: of the cgroup, or of process and sockets; and that limit, if there is one.", "bytes",
              each(of("sluice_overload_memory_bytes"), "used"), each(f"{of('sluice_overload_memory_limit_bytes')} > 0", "limit")),
        panel("Memory of sockets", "What the kernel holds for clients; measured with memory-max.", "bytes", each(of("sluice_socket_bytes"), "sockets")),
    ]),
    ("Rooms and history", [
        panel("Rooms", "With members or history, implicit ones included.", "short", each(of("sluice_rooms"), "rooms")),
        panel("Joins and leaves", "Once a connection and room.", "ops", each(rate("sluice_joins_total"), "joins"), each(rate("sluice_leaves_total"), "leaves")),
        panel("Joins that waited", "Until the messages of their rooms came to the node, by outcome.", "ops", over("outcome", rate("sluice_room_preparations_total")), stacked=True),
        panel("History", "Share of history-bytes-max that is used.", "percentunit", each(of("node:sluice_history_bytes:ratio"), "used", function="max"), line=0.95),
        panel("Messages kept", "In all histories.", "short", each(of("sluice_history_messages"), "kept")),
        panel("Coming back", "Resumes from a position, and gaps that clients were told of.", "ops", each(rate("sluice_replays_total"), "resumed"), each(rate("sluice_gaps_total"), "gaps")),
        panel("Messages replayed", "Delivered by resumes.", "ops", each(rate("sluice_replayed_messages_total"), "replayed")),
    ]),
    ("Control plane", [
        panel("Calls", "That ended, by method.", "ops", over("method", rate("sluice_calls_total")), stacked=True),
        panel("Calls that failed", "By status.", "ops", over("status", rate("sluice_calls_total", 'status!="ok"')), stacked=True),
        panel("Duration of calls", "One call in a hundred takes this long or longer (5 minutes), at the slowest node.", "s", over("method", of("method:sluice_call_seconds:p99_5m"), "max"), line=0.25),
        panel("Calls under way", "By method, streams included.", "short", over("method", of("sluice_calls_in_progress")), stacked=True),
        panel("Published", "Messages of services, by outcome.", "ops", over("outcome", rate("sluice_published_messages_total")), stacked=True),
        panel("Callers refused", "Calls without credentials that allow them.", "ops",
              each(rate("sluice_calls_total", 'status=~"unauthenticated|permission_denied"'), "refused")),
    ]),
    ("Backends", [
        panel("Replicas", "Attached, by group.", "short", each(of("sluice_backend_replicas"), "group", "group")),
        panel("Lag", "Events that are not acknowledged, told or not.", "short", each(of("sluice_backend_lag_events"), "group", "group")),
        panel("Oldest event", "Age of the oldest that is not acknowledged.", "s", each(of("sluice_backend_buffer_age_seconds"), "group", "group", "max"), line=10),
        panel("Unacknowledged", "Events that were told and not acknowledged.", "short", each(of("sluice_backend_unacknowledged_events"), "group", "group")),
        panel("Credits", "Events that may still be told.", "short", each(of("sluice_backend_credits"), "group", "group")),
        panel("Events", "Taken for backends, and lost.", "ops", each(rate("sluice_backend_events_total"), "taken"), each(rate("sluice_backend_events_lost_total"), "lost")),
        panel("Memory of events", "That wait for backends.", "bytes", each(of("sluice_backend_events_waiting_bytes"), "waiting")),
        panel("Verdicts", "Clients about whom a backend was to say whether they may come in.", "ops", over("verdict", rate("sluice_verdicts_total")), stacked=True),
        panel("Attached and waiting", "Replicas of all groups; events that wait for them.", "short", each(of("sluice_backends"), "replicas"), each(of("sluice_backend_events_waiting"), "events")),
    ]),
    ("Cluster", [
        panel("Broker", "1 while the broker and its stream are there; nothing for a node that is alone.", "short", each(of("sluice_broker_connected"), "there", function="min")),
        panel("Broker's acknowledgement", "From a publish on the node until the broker has the message.", "s",
              quantile(0.5, "sluice_broker_publish_seconds"), quantile(0.99, "sluice_broker_publish_seconds"), line=0.25),
        panel("Messages waiting", "Of the node, for the broker to take them; and of the broker, for one before them or for a worker.", "short",
              each(of("sluice_broker_messages_waiting"), "for the broker"), each(of("sluice_broker_messages_held"), "held")),
        panel("Messages to the broker", "Taken, given up, and sent once more.", "ops", each(rate("sluice_broker_messages_published_total"), "taken"),
              each(rate("sluice_broker_messages_refused_total"), "given up"), each(rate("sluice_broker_messages_repeated_total"), "repeated")),
        panel("Messages from the broker", "That came, and those that nobody could read.", "ops", each(rate("sluice_broker_messages_received_total"), "came"),
              each(rate("sluice_broker_messages_malformed_total"), "malformed")),
        panel("Bytes from the broker", "Without headers.", "Bps", each(rate("sluice_broker_bytes_received_total"), "came")),
        panel("Rooms subscribed", "Whose messages come to the node, implicit ones included.", "short", each(of("sluice_broker_rooms"), "rooms")),
        panel("Messages that had not come", "Holes, messages fetched for them, and searches after the broker was away.", "ops", each(rate("sluice_broker_holes_total"), "holes"),
              each(rate("sluice_broker_messages_fetched_total"), "fetched"), each(rate("sluice_broker_audits_total"), "searches")),
        panel("Rooms lost", "Of which messages were missed that the broker does not keep any more: their clients are told of a gap.", "ops", each(rate("sluice_broker_rooms_lost_total"), "lost")),
        panel("Connections to the broker", "That began, and that were lost.", "ops", each(rate("sluice_broker_connects_total"), "began"), each(rate("sluice_broker_disconnects_total"), "lost")),
        panel("Other nodes", "That the node knows of; those of them whose secret is another; and 1 while nothing comes to it, not even what it says itself.", "short", each(of("sluice_cluster_nodes"), "nodes"),
              each(of("sluice_cluster_other_secrets"), "with another secret"), each(of("sluice_cluster_cut_off"), "cut off", function="max")),
        panel("Nodes that came and went", "Of the other nodes: those that came, said goodbye, and were not heard of for 3 s.", "ops", each(rate("sluice_cluster_nodes_came_total"), "came"),
              each(rate("sluice_cluster_nodes_left_total"), "left"), each(rate("sluice_cluster_nodes_lost_total"), "lost")),
        panel("Questions to other nodes", "Calls that are for all, and requests that are carried; and answers that did not come or were errors.", "ops", each(rate("sluice_cluster_questions_total"), "asked"),
              each(rate("sluice_cluster_unanswered_total"), "unanswered")),
        panel("Answers of other nodes", "From a question to its last answer.", "s", quantile(0.5, "sluice_cluster_question_seconds"), quantile(0.99, "sluice_cluster_question_seconds")),
        panel("Questions of other nodes", "Taken, refused as too many were under way, and messages that nobody could understand.", "ops", each(rate("sluice_cluster_served_total"), "taken"),
              each(rate("sluice_cluster_refused_total"), "refused"), each(rate("sluice_cluster_messages_malformed_total"), "malformed")),
        panel("Backends at other nodes", "Replicas that have their share of what happens on the node.", "short", each(of("sluice_backends_elsewhere"), "replicas")),
        panel("Events between nodes", "Told to backends at other nodes, and of other nodes to those at the node.", "ops", each(rate("sluice_backend_events_told_total"), "told"),
              each(rate("sluice_backend_events_heard_total"), "heard")),
        panel("Events that could not be told", "Larger than what goes from node to node; and what other nodes said of backends that was not understood.", "ops",
              each(rate("sluice_backend_events_too_large_total"), "too large"), each(rate("sluice_backend_tellings_malformed_total"), "malformed")),
        panel("Kept for other nodes", "Connections whose ends the node tells should their own be lost, and rooms that it counts for all.", "short",
              each(of("sluice_kept_connections"), "connections"), each(of("sluice_cluster_rooms"), "rooms")),
        panel("Ends of lost nodes", "Of their connections: told to backends, and not told, as there were too many.", "ops", each(rate("sluice_announced_ends_total"), "told"),
              each(rate("sluice_unannounced_ends_total"), "not told")),
        panel("Carried between nodes", "Requests that went to the node where their session lives; sessions that went to where their WebSocket came.", "ops",
              each(rate("sluice_requests_carried_abroad_total"), "carried"), each(rate("sluice_sessions_left_total"), "sessions left"), each(rate("sluice_sessions_arrived_total"), "sessions arrived")),
        panel("Sockets to be written", "Socket.IO sockets of which the broker's store knows less than the node: what it would lose if it were killed.", "short",
              each(of("sluice_socket_records_waiting"), "waiting")),
        panel("Sockets written", "To the broker's store, so that they outlive the node; and tries that failed.", "ops",
              each(rate("sluice_socket_records_written_total"), "written"), each(rate("sluice_socket_records_unwritten_total"), "failed")),
    ]),
    ("UDP", [
        panel("Datagrams", "Read, and handed to the kernel.", "ops", each(rate("sluice_udp_received_total"), "read"), each(rate("sluice_udp_sent_total"), "sent")),
        panel("Datagrams lost", "Thrown away by the kernel as its buffer was full, refused by it, and messages too large for one.", "ops",
              each(rate("sluice_udp_overflows_total"), "overflowed"), each(rate("sluice_udp_lost_total"), "not sent"), each(rate("sluice_udp_too_large_total"), "too large")),
        panel("Addresses not proven", "Subscriptions that were challenged, and answers withheld.", "ops",
              each(rate("sluice_udp_challenges_total"), "challenges"), each(rate("sluice_udp_answers_withheld_total"), "withheld")),
    ]),
    ("Draining and restarts", [
        panel("Ready", "1 while a node takes new connections.", "short", each(of("sluice_ready"), "ready")),
        panel("Connections left", "Of nodes that are not ready: what a drain has still to do.", "short",
              each(f"{of('sluice_open_connections')} and on ({NODE_LABELS}) (sluice_ready == 0)", "left")),
        panel("Drained", "Connections that draining, shedding and old age ended.", "ops",
              over("reason", rate("sluice_connections_closed_total", 'reason=~"draining|shed|aged"')), stacked=True),
        panel("Drains", "1 while a node drains or has been drained.", "short", each(of("sluice_draining"), "draining")),
        panel("Time left", "Until the plan of a drain has closed all connections.", "s", each(of("sluice_drain_left_seconds"), "left")),
        panel("Uptime", "Since each process started.", "s", each(f"time() - {of_sluice(of('process_start_time_seconds'))}", "up", function="min")),
        panel("Versions", "Nodes of each.", "short", over("version", of("sluice_build_info")), stacked=True),
        panel("Worker threads", "That serve clients.", "short", each(of("sluice_workers"), "workers")),
        panel("Options read again", "By SIGHUP or as their file had changed; while the last attempt was refused, the node is not as its file has it.", "short",
              over("outcome", f"increase({of('sluice_reloads_total')}[$__rate_interval])"), each(of("sluice_options_refused"), "refused now", function="max")),
    ]),
]
