"""The rows: each is one load, put on every server that can take it."""

from dataclasses import dataclass, field

CPU_DELIVERY = "server_cpu_us_per_delivery"
CPU_ECHO = "server_cpu_us_per_echo"
CPU_CONNECTION = "server_cpu_us_per_connection"
CPU_MESSAGE = "server_cpu_us_per_message"
RSS = "rss_bytes_per_connection"
RATE = "messages_per_s"

# What a figure is, for tables and plots.
FIGURES = {
    CPU_DELIVERY: "CPU a delivery, µs",
    CPU_ECHO: "CPU an echo, µs",
    CPU_CONNECTION: "CPU a connection, µs",
    CPU_MESSAGE: "CPU a message, µs",
    RSS: "memory a connection, bytes",
    RATE: "messages a second",
    "rss_bytes_left": "memory left after all have gone, bytes",
    "server_cpu_us_per_connect": "CPU a connect, µs",
    "server_cpu_us_per_connection_s": "CPU a connection and second, µs",
    "server_cpu_us_per_join": "CPU a join, µs",
    "server_cpu_us_per_leave": "CPU a leave, µs",
    "deliveries_per_s": "deliveries a second",
    "echoes_per_s": "echoes a second",
    "connections_per_s": "connections a second",
    "latency_us.p50": "latency p50, µs",
    "latency_us.p99": "latency p99, µs",
    "echo_latency_us.p99": "an echo's p99, µs",
    "connect_us.p99": "handshake p99, µs",
}


@dataclass(frozen=True)
class Row:
    name: str
    shows: str
    load: tuple  # arguments of the generator; {seconds} is filled in, and {half-rate}
    figure: str  # the first one, which ratios are of
    also: tuple = ()
    needs: str = "relay"  # what a server must be able to do
    servers: tuple = ()  # only these, if any are named
    tool: str = "load"  # or grpc
    load_of: dict = field(default_factory=dict, hash=False)  # arguments instead of `load`, by server
    companions: tuple = ()  # loads that hold connections meanwhile
    prepare: tuple = ()  # a gRPC load before it
    arguments: tuple = ()  # further ones of Sluice
    group: str = "main"  # main, grpc or growth

    def load_for(self, server):
        return self.load_of.get(server, self.load)

    def is_at_a_rate(self):
        return "--rate" in self.load or "--echo-rate" in self.load


def fan_out(clients, window, *more):
    return ("--mode", "fan-out", "--clients", clients, "--window", window, "--seconds", "{seconds}", *more)


def fan_out_at(clients, rate, *more):
    return ("--mode", "fan-out", "--clients", clients, "--rate", rate, "--seconds", "{seconds}", *more)


def echoes(depth):
    return ("--mode", "echo", "--clients", 200, "--depth", depth, "--seconds", "{seconds}")


def idle(clients, *more):
    return ("--mode", "idle", "--clients", clients, *more)


def publishes(call, in_flight, *more):
    return ("--call", call, "--in-flight", in_flight, "--seconds", "{seconds}", *more)


CHURN = ("--mode", "churn", "--concurrency", 64, "--seconds", "{seconds}")
SLUICES = ("sluice", "sluice-2")
LISTENER = ("--mode", "idle", "--clients", 1, "--path", "/?room=bench", "--hold", 3600)

MAIN = (
    Row(
        "fan1k",
        "1,000 clients in one room, 64 messages in flight: throughput, and whether many messages share a system call",
        fan_out(1000, 64),
        CPU_DELIVERY,
        ("deliveries_per_s", "latency_us.p99"),
    ),
    Row(
        "fan1k-16",
        "the same with 16 in flight",
        fan_out(1000, 16),
        CPU_DELIVERY,
        ("deliveries_per_s", "latency_us.p99"),
    ),
    Row(
        "fan1k-1",
        "the same with one in flight: the price of one fan-out, one write a client",
        fan_out(1000, 1),
        CPU_DELIVERY,
        ("deliveries_per_s", "latency_us.p99"),
    ),
    Row(
        "fan1k-2k",
        "as fan1k with messages of 2 KiB",
        fan_out(1000, 64, "--size", 2048),
        CPU_DELIVERY,
        ("deliveries_per_s", "latency_us.p99"),
    ),
    Row(
        "fan10k-rate",
        "10,000 clients, 10 messages a second, so 100,000 deliveries a second: latency under a steady load",
        fan_out_at(10000, 10),
        "latency_us.p99",
        ("latency_us.p50", CPU_DELIVERY),
    ),
    Row(
        "echo",
        "200 clients, each with one message in flight",
        echoes(1),
        CPU_ECHO,
        ("echoes_per_s", "echo_latency_us.p99"),
        needs="echo",
    ),
    Row(
        "echo16",
        "200 clients, each with 16 in flight",
        echoes(16),
        CPU_ECHO,
        ("echoes_per_s", "echo_latency_us.p99"),
        needs="echo",
    ),
    Row(
        "idle",
        "10,000 connections that do nothing: memory, and what connecting costs",
        idle(10000),
        RSS,
        ("server_cpu_us_per_connect", "connect_us.p99"),
    ),
    Row(
        "idle-18k",
        "18,000 connections that come and go again",
        idle(18000, "--close-all"),
        RSS,
        ("rss_bytes_left", "server_cpu_us_per_connect"),
    ),
    Row(
        "idle-cpu",
        "10,000 connections that do nothing for a minute but answer pings",
        idle(10000, "--hold", 60),
        "server_cpu_us_per_connection_s",
        ("pings",),
        servers=("sluice", "uwebsockets", "bun"),
    ),
    Row("churn", "connect, upgrade, end; 64 at a time", CHURN, CPU_CONNECTION, ("connections_per_s", "connect_us.p99")),
    Row(
        "churn-2workers",
        "the same with Sluice's two workers, which share the generator's core",
        CHURN,
        CPU_CONNECTION,
        ("connections_per_s", "connect_us.p99"),
        servers=("floor", "uwebsockets", "ws", "sluice-2"),
    ),
    Row(
        "mixed",
        "20 clients measure their echoes while 10,000 others get 10 messages a second: fairness",
        (
            "--mode",
            "mixed",
            "--clients",
            10000,
            "--rate",
            10,
            "--echo-clients",
            20,
            "--echo-rate",
            20,
            "--seconds",
            "{seconds}",
        ),
        "echo_latency_us.p99",
        ("latency_us.p99",),
        needs="mixed",
    ),
    Row(
        "half-rate",
        "1,000 clients at half of the highest rate that one worker reached: what a second worker costs",
        fan_out_at(1000, "{half-rate}"),
        CPU_DELIVERY,
        ("messages_per_s", "latency_us.p99"),
        servers=SLUICES,
    ),
    Row(
        "fan1k-json",
        "1,000 clients, JSON of 2 KB, 16 in flight, as the measure for the next",
        fan_out(1000, 16, "--size", 2048, "--json"),
        CPU_DELIVERY,
        ("deliveries_per_s",),
        servers=("sluice",),
    ),
    Row(
        "fan1k-deflate",
        "the same, deflated",
        fan_out(1000, 16, "--size", 2048, "--json", "--deflate", "--inflate-every", 50),
        CPU_DELIVERY,
        ("deliveries_per_s",),
        needs="deflate",
        servers=("sluice", "bun", "ws"),
    ),
    Row(
        "idle-deflate",
        "10,000 connections that agreed to permessage-deflate",
        idle(10000, "--deflate"),
        RSS,
        ("server_cpu_us_per_connect",),
        needs="deflate",
    ),
    Row(
        "idle-tls",
        "10,000 connections over TLS",
        idle(10000, "--tls"),
        RSS,
        ("server_cpu_us_per_connect", "connect_us.p99"),
        needs="tls",
    ),
)


def grpc_row(name, shows, sluice, echo):
    loads = {"sluice": sluice}
    if echo:
        loads["grpc-echo"] = echo
    return Row(
        name,
        shows,
        sluice,
        RATE,
        (CPU_MESSAGE, "latency_us.p99"),
        servers=tuple(loads),
        tool="grpc",
        load_of=loads,
        companions=(LISTENER,),
        group="grpc",
    )


GRPC = (
    *(
        grpc_row(
            f"publish-{count}",
            f"`Publish` with a receipt, {count} in flight, into a room of one member",
            publishes("publish", count),
            publishes("echo", count),
        )
        for count in (1, 16, 64)
    ),
    grpc_row(
        "publish-stream",
        "`PublishStream`, one message an item, 64 items unanswered",
        publishes("stream", 64),
        publishes("echo-stream", 64),
    ),
    grpc_row(
        "publish-stream-50", "`PublishStream`, 50 messages an item", publishes("stream", 64, "--per-item", 50), None
    ),
    grpc_row(
        "publish-batch-50",
        "`PublishBatch` of 50 messages, 16 in flight",
        publishes("batch", 16, "--per-item", 50),
        None,
    ),
)


def members_row(members):
    return Row(
        f"members-{members}",
        f"one message at a time into a room of {members:,}",
        fan_out(members, 1),
        CPU_DELIVERY,
        ("deliveries_per_s",),
        servers=("floor", "sluice"),
        group="growth",
    )


def rooms_row(rooms):
    holders = idle(20, "--path", "/?room=holder-{i}", "--hold", 3600)
    return Row(
        f"rooms-{rooms}",
        f"`Publish` into {rooms:,} rooms that exist, another each time, 16 in flight",
        publishes("publish", 16, "--room", "room-{n}", "--rooms", rooms),
        CPU_MESSAGE,
        (RATE,),
        servers=("sluice",),
        tool="grpc",
        companions=(holders,),
        prepare=("--call", "make-rooms", "--room", "room-{n}", "--rooms", rooms, "--holders", 20),
        arguments=("--rooms-per-connection-max", 65535),
        group="growth",
    )


def join_row(members, room, crowd):
    movers = idle(50, "--path", "/?room=mover-{i}", "--hold", 3600)
    return Row(
        f"join-{members}",
        f"`JoinRooms` and `LeaveRooms`, one at a time, in rooms of {members:,}",
        ("--call", "join-leave", "--room", room, "--mover", "mover-{n}", "--movers", 50, "--seconds", "{seconds}"),
        "server_cpu_us_per_join",
        ("server_cpu_us_per_leave",),
        servers=("sluice",),
        tool="grpc",
        companions=(movers, crowd),
        group="growth",
    )


GROWTH = (
    *(members_row(members) for members in (1, 10, 100, 1000, 10000)),
    *(rooms_row(rooms) for rooms in (1000, 10000, 100000, 1000000)),
    join_row(10, "ten-{n}", idle(500, "--path", "/?room=ten-{i/10}", "--hold", 3600)),
    join_row(18000, "crowd", idle(18000, "--path", "/?room=crowd", "--hold", 3600)),
)

ROWS = {row.name: row for row in (*MAIN, *GRPC, *GROWTH)}
