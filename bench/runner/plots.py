"""Which plots the report has."""

from dataclasses import replace

from . import svg
from .figures import estimate
from .places import PLOTS
from .rows import CPU_CONNECTION, CPU_DELIVERY, CPU_ECHO, CPU_MESSAGE, RATE, RSS
from .servers import SERVERS

# name, title, subtitle, axis, [(row, figure, label)]
BARS = (
    (
        "fan-out",
        "The price of a delivery",
        "CPU of the server for each message to each of 1,000 clients; less is better",
        "µs of CPU",
        (
            ("fan1k", CPU_DELIVERY, "64 in flight"),
            ("fan1k-16", CPU_DELIVERY, "16 in flight"),
            ("fan1k-1", CPU_DELIVERY, "one in flight"),
            ("fan1k-2k", CPU_DELIVERY, "64 in flight, 2 KiB each"),
        ),
    ),
    (
        "echo",
        "The price of an echo",
        "CPU of the server for each message and its answer, 200 clients; less is better",
        "µs of CPU",
        (("echo", CPU_ECHO, "one in flight"), ("echo16", CPU_ECHO, "16 in flight")),
    ),
    (
        "connections",
        "The price of a connection",
        "CPU of the server to take, upgrade and end one; less is better",
        "µs of CPU",
        (("churn", CPU_CONNECTION, "64 at a time"),),
    ),
    (
        "memory",
        "Memory of a connection",
        "what the server grows by, for each of 10,000 idle connections; less is better",
        "bytes",
        (
            ("idle", RSS, "plain"),
            ("idle-deflate", RSS, "with permessage-deflate agreed"),
            ("idle-tls", RSS, "over TLS"),
        ),
    ),
    (
        "latency",
        "Latency under a steady load",
        "10 messages a second to 10,000 clients; less is better",
        "ms",
        (
            ("fan10k-rate", "latency_us.p50", "median of all deliveries"),
            ("fan10k-rate", "latency_us.p99", "99th percentile"),
            ("mixed", "echo_latency_us.p99", "an echo meanwhile, 99th percentile"),
        ),
    ),
    (
        "grpc",
        "Publishing over gRPC",
        "messages a second into a room of one member; more is better",
        "messages a second",
        (
            ("publish-1", RATE, "Publish, one in flight"),
            ("publish-16", RATE, "Publish, 16 in flight"),
            ("publish-64", RATE, "Publish, 64 in flight"),
            ("publish-stream", RATE, "stream, one message an item"),
            ("publish-stream-50", RATE, "stream, 50 messages an item"),
            ("publish-batch-50", RATE, "batches of 50"),
        ),
    ),
)


def draw(figures):
    """Writes all that there are figures for; gives their names and titles."""
    PLOTS.mkdir(parents=True, exist_ok=True)
    for name, title, subtitle, axis, parts in BARS:
        groups = [(label, members(figures, row, figure)) for row, figure, label in parts]
        groups = [group for group in groups if group[1]]
        if groups:
            (PLOTS / f"{name}.svg").write_text(svg.bars(title, subtitle, axis, groups))
            yield name, title
    for name, title, subtitle, x_axis, y_axis, series in growth(figures):
        series = [one for one in series if len(one[2]) > 1]
        if series:
            (PLOTS / f"{name}.svg").write_text(svg.lines(title, subtitle, x_axis, y_axis, series))
            yield name, title


def members(figures, row, figure):
    """The bars of a row, in the servers' order."""
    found = [(server, figures.value(row, server.name, figure)) for server in SERVERS.values()]
    return [
        (server.title, server.colour, in_plot(value, figure)) for server, value in found if value and value.median > 0
    ]


def in_plot(value, figure):
    """Latencies in milliseconds."""
    if "latency" not in figure:
        return value
    return replace(value, median=value.median / 1e3, low=value.low / 1e3, high=value.high / 1e3)


def growth(figures):
    def points(server, prefix, sizes, figure):
        found = [(size, figures.value(f"{prefix}-{size}", server, figure)) for size in sizes]
        return [(size, value) for size, value in found if value]

    def curve(server, prefix, sizes, figure):
        return SERVERS[server].title, SERVERS[server].colour, points(server, prefix, sizes, figure)

    sizes = (1, 10, 100, 1000, 10000)
    yield (
        "growth-members",
        "A delivery, by the size of the room",
        "one message in flight",
        "members of the room",
        "µs of CPU a delivery",
        [curve(one, "members", sizes, CPU_DELIVERY) for one in ("floor", "sluice")],
    )
    yield (
        "growth-rooms",
        "A publish, by how many rooms there are",
        "Publish over gRPC, 16 in flight, another room each time",
        "rooms",
        "µs of CPU a message",
        [curve("sluice", "rooms", (1000, 10000, 100000, 1000000), CPU_MESSAGE)],
    )
    yield (
        "growth-index",
        "Joining and leaving, by the size of the room",
        "the room index alone, without connections",
        "members of the room",
        "ns",
        room_index(figures),
    )


def room_index(figures):
    """Curves of the room index, from the newest results that have it."""
    passes = next((one["room_index"] for one in reversed(figures.results) if one.get("room_index")), [])
    curves = []
    for figure, name, colour in (("ns_per_join", "join", "#1f6feb"), ("ns_per_leave", "leave", "#bf8700")):
        by_size = {}
        for sizes in passes:
            for line in sizes:
                by_size.setdefault(line["members"], []).append(line[figure])
        curves.append((name, colour, [(size, estimate(values)) for size, values in sorted(by_size.items())]))
    return curves
