"""What Sluice is to reach, as bounds on ratios and values; the report says of each whether it does."""

from dataclasses import dataclass

from .rows import CPU_CONNECTION, CPU_DELIVERY, CPU_ECHO, CPU_MESSAGE, RATE, RSS
from .servers import SERVERS


@dataclass(frozen=True)
class Goal:
    text: str
    above: tuple  # (row, server, figure)
    below: tuple  # the same; nothing for a bound on the value itself
    bound: float
    at_least: bool = False
    unit: str = "×"

    def is_met(self, measured):
        return measured >= self.bound if self.at_least else measured <= self.bound


def against(row, figure, peer, bound):
    return Goal(f"`{row}`, against {SERVERS[peer].title}", (row, "sluice", figure), (row, peer, figure), bound)


def value(text, row, figure, bound, unit, server="sluice", at_least=False):
    return Goal(text, (row, server, figure), (), bound, at_least, unit)


def same_server(text, above, below, figure, bound, server="sluice"):
    return Goal(text, (above, server, figure), (below, server, figure), bound)


FAN_OUT = (
    against("fan1k", CPU_DELIVERY, "floor", 1.15),
    against("fan1k", CPU_DELIVERY, "bun", 1),
    against("fan1k", CPU_DELIVERY, "uwebsockets", 1 / 10),
    against("fan1k", CPU_DELIVERY, "centrifuge", 1 / 4),
    against("fan1k", CPU_DELIVERY, "ws", 1 / 35),
    against("fan1k", CPU_DELIVERY, "socketio", 1 / 35),
    against("fan1k", CPU_DELIVERY, "nchan", 1 / 35),
    against("fan1k-16", CPU_DELIVERY, "floor", 1.15),
    against("fan1k-16", CPU_DELIVERY, "uwebsockets", 1),
    against("fan1k-2k", CPU_DELIVERY, "floor", 1.15),
    against("fan1k-2k", CPU_DELIVERY, "uwebsockets", 1),
    *(
        against(row, figure, peer, 1.1)
        for row, figure in (("fan1k-1", CPU_DELIVERY), ("echo", CPU_ECHO), ("echo16", CPU_ECHO))
        for peer in ("floor", "bun", "uwebsockets")
    ),
)

CONNECTIONS = (
    against("churn", CPU_CONNECTION, "floor", 1.2),
    against("churn", CPU_CONNECTION, "uwebsockets", 1.1),
    against("churn", CPU_CONNECTION, "ws", 1 / 4),
    *(
        Goal(
            f"`churn-2workers`, against {SERVERS[peer].title}",
            ("churn-2workers", "sluice-2", CPU_CONNECTION),
            ("churn-2workers", peer, CPU_CONNECTION),
            bound,
        )
        for peer, bound in (("floor", 1.2), ("uwebsockets", 1.1), ("ws", 1 / 4))
    ),
    value("memory a connection at 10,000", "idle", RSS, 450, "bytes"),
    value("memory a connection at 18,000", "idle-18k", RSS, 450, "bytes"),
    value("memory left after 18,000 have gone", "idle-18k", "rss_bytes_left", 20e6, "bytes"),
    value("memory a connection with TLS", "idle-tls", RSS, 16 * 1024, "bytes"),
    value("memory a connection with compression agreed", "idle-deflate", RSS, 600, "bytes"),
    value("CPU of an idle connection, a second", "idle-cpu", "server_cpu_us_per_connection_s", 2, "µs"),
)

LATENCY = (
    *(against("fan10k-rate", "latency_us.p99", peer, 1.1) for peer in ("floor", "uwebsockets", "bun")),
    value("an echo's p99 while 10,000 are fanned out to", "mixed", "echo_latency_us.p99", 5000, "µs"),
)

SCALE = (
    Goal(
        "two workers at half of one worker's highest rate, against one",
        ("half-rate", "sluice-2", CPU_DELIVERY),
        ("half-rate", "sluice", CPU_DELIVERY),
        1.15,
    ),
    same_server("deflated fan-out of 2 KB JSON, against undeflated", "fan1k-deflate", "fan1k-json", CPU_DELIVERY, 1.3),
    *(
        Goal(f"`{row}`: rate against the bare echo's", (row, "sluice", RATE), (row, "grpc-echo", RATE), bound, True)
        for row, bound in (("publish-1", 0.85), ("publish-16", 0.85), ("publish-64", 0.85), ("publish-stream", 0.8))
    ),
    value("`PublishStream`, 50 messages an item", "publish-stream-50", RATE, 500_000, "messages/s", at_least=True),
    same_server("a delivery in a room of 10,000, against 100", "members-10000", "members-100", CPU_DELIVERY, 1.3),
    same_server("a publish with 1,000,000 rooms, against 1,000", "rooms-1000000", "rooms-1000", CPU_MESSAGE, 1.5),
    same_server("joining a room of 18,000, against 10", "join-18000", "join-10", "server_cpu_us_per_join", 1.5),
    same_server("leaving a room of 18,000, against 10", "join-18000", "join-10", "server_cpu_us_per_leave", 1.5),
)

GOALS = (*FAN_OUT, *CONNECTIONS, *LATENCY, *SCALE)


def check(figures):
    """Each goal that was measured, with its estimate."""
    for goal in GOALS:
        found = figures.ratio(goal.above, goal.below) if goal.below else figures.value(*goal.above)
        if found:
            yield goal, found
