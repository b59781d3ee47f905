#!/usr/bin/env python3
"""Measures clients that have only HTTP, server-sent events and held polls, beside WebSockets and nchan: docs/benchmarks/http.md.
  bench/http/run.py [--rounds N] [--seconds S] [--sluice PATH]     needs build/release with -DSLUICE_BENCH=ON
"""

import argparse
import dataclasses
import datetime
import json
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
from runner import machine, measure, places, process  # noqa: E402
from runner.figures import Figures  # noqa: E402
from runner.goals import Goal  # noqa: E402
from runner.report import bound_words, discarded_lines, number, paragraphs, with_interval  # noqa: E402
from runner.rows import CPU_DELIVERY, ROWS, RSS, Row, fan_out, idle  # noqa: E402
from runner.servers import SERVERS  # noqa: E402

DOCUMENT = ROOT / "docs/benchmarks/http.md"


def of_sluice(row):
    return dataclasses.replace(row, servers=("sluice",))


FAN, IDLE = of_sluice(ROWS["fan1k"]), of_sluice(ROWS["idle"])
FAN_SSE = Row(
    "fan1k-sse",
    "the same with 1,000 streams of server-sent events; whoever publishes has a WebSocket",
    fan_out(1000, 64, "--access", "sse", "--path", "/sse", "--publisher-path", "/"),
    CPU_DELIVERY,
    FAN.also,
    servers=("sluice", "nchan"),
)
IDLE_SSE = Row(
    "idle-sse",
    "10,000 streams of server-sent events without any",
    idle(10_000, "--access", "sse", "--path", "/sse?room=idle"),
    RSS,
    ("server_cpu_us_per_connect",),
    servers=("sluice",),
)
IDLE_POLL = Row(
    "idle-poll",
    "10,000 held polls, each on a connection that is kept alive: the connection and the session together",
    # Their sessions have no file, so that a limit of 20,000 open files leaves room for them.
    idle(10_000, "--access", "poll", "--path", "/poll?room=idle"),
    RSS,
    ("server_cpu_us_per_connect",),
    servers=("sluice",),
)
FAN_OUTS, IDLES = (FAN, FAN_SSE), (IDLE, IDLE_SSE, IDLE_POLL)

SSE_CPU = (FAN_SSE.name, "sluice", CPU_DELIVERY)
GOALS = (
    Goal("CPU a delivery by SSE, against WebSocket", SSE_CPU, (FAN.name, "sluice", CPU_DELIVERY), 1.2),
    Goal("CPU a delivery by SSE, against nchan", SSE_CPU, (FAN_SSE.name, "nchan", CPU_DELIVERY), 1 / 10),
    Goal("memory a stream of events", (IDLE_SSE.name, "sluice", RSS), (), 1000, unit="bytes"),
    Goal("memory a held poll", (IDLE_POLL.name, "sluice", RSS), (), 1000, unit="bytes"),
)

FAN_OUT = """\
1,000 clients in one room, 64 messages of 128 bytes in flight. Whoever publishes has a WebSocket, and is in the room:
beside streams of events, messages are written in two forms.
"""

METHOD = """\
One server process on core 0, the generator on core 1, over loopback, as in [benchmarks.md](../benchmarks.md), by the
same programs: a release build with one worker and everything on, `/metrics` scraped once a second. All runs of a round
follow each other, each round beginning with another; only runs of the same round are compared: a ratio is the median of
the per-round ratios, in brackets what was seen, from the second to the eighth of nine rounds. CPU is the CPU clock of
the server's processes, the kernel's work for them included. Memory is the growth of resident memory from the server
without clients, scraped once, to all of them connected and the server at rest. A poll is asked for as by a client that
has been there: with the cursor of an answer before, on the same connection. A run with a failed or closed connection or
a lost message is discarded.
"""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="nine give an interval that can be trusted")
    parser.add_argument("--seconds", type=float, default=4, help="measured of each fan-out, after one of warming up")
    parser.add_argument("--sluice", type=pathlib.Path, default=places.BUILD / "sluice", help="the gateway's program")
    parser.add_argument("--rows", help="only these, commas between; writes no document")
    return parser.parse_args()


def chosen_runs(asked, programs):
    """Each row with each of its servers that is here."""
    names = asked.rows.split(",") if asked.rows else [row.name for row in (*FAN_OUTS, *IDLES)]
    runs = [(row, SERVERS[name]) for row in (*FAN_OUTS, *IDLES) if row.name in names for name in row.servers]
    for server in {server.name: server for _, server in runs}.values():
        missing = server.missing(programs)
        if missing:
            print(f"LEFT OUT: {server.name}: {missing}", file=sys.stderr)
            runs = [run for run in runs if run[1] is not server]
    return runs


def measure_all(asked):
    programs = places.Programs(places.BUILD)
    programs.sluice = asked.sluice.resolve()
    if not programs.load.exists():
        sys.exit(f"run.py: {programs.load.name} is not built; configure with -DSLUICE_BENCH=ON and build")
    runs = chosen_runs(asked, programs)
    started = datetime.datetime.now()
    settings = {"server_cores": "0", "load_cores": "1", "seconds": asked.seconds}
    results = {
        "started": started.isoformat(timespec="seconds"),
        "machine": machine.describe(),
        "settings": {**settings, "rounds": asked.rounds},
        "versions": {server.name: server.version(programs) for _, server in runs},
        "runs": [],
    }
    bench = measure.Bench(programs, settings)
    for at in range(asked.rounds):
        shift = at % len(runs)
        for row, server in runs[shift:] + runs[:shift]:
            results["runs"].append(measure.one_run(bench, at, row, server))
    # Not by the name of bench/run.py's own, which its report takes all together.
    path = places.RESULTS / f"http-{started:%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps(results, indent=1))
    print(f"run.py: results are in {path.relative_to(ROOT)}", file=sys.stderr)
    return results


def goal_lines(figures):
    lines = ["| goal | bound | measured | |", "| --- | --- | --- | --- |"]
    for goal in GOALS:
        found = figures.ratio(goal.above, goal.below) if goal.below else figures.value(*goal.above)
        if found:
            bound = f"≤ {bound_words(goal.bound)} {goal.unit}"
            met = "reached" if goal.is_met(found.median) else "**missed**"
            lines.append(f"| {goal.text} | {bound} | {with_interval(found)} | {met} |")
    return [*lines, ""]


def fan_out_lines(figures):
    lines = ["## Fan-out", *paragraphs(FAN_OUT)]
    lines += ["| server | clients | CPU a delivery, µs | deliveries a second | latency p99, µs |"]
    lines += ["| --- | --- | --- | --- | --- |"]
    for row, server, clients in ((FAN, "sluice", "WebSocket"), (FAN_SSE, "sluice", "SSE"), (FAN_SSE, "nchan", "SSE")):
        found = [figures.value(row.name, server, name) for name in (row.figure, *row.also)]
        if all(found):
            others = " | ".join(number(one.median) for one in found[1:])
            lines.append(f"| {SERVERS[server].title} | {clients} | {with_interval(found[0])} | {others} |")
    return [*lines, ""]


def idle_lines(figures):
    lines = ["## Memory", "10,000 clients of Sluice in one room in which nothing is said.", ""]
    lines += ["| clients | memory a client, bytes | CPU a connect, µs |", "| --- | --- | --- |"]
    for row, clients in ((IDLE, "WebSocket"), (IDLE_SSE, "SSE"), (IDLE_POLL, "a held poll: connection and session")):
        memory, connect = (figures.value(row.name, "sluice", name) for name in (RSS, row.also[0]))
        if memory:
            lines.append(f"| {clients} | {with_interval(memory)} | {number(connect.median)} |")
    return [*lines, ""]


def write(results):
    figures = Figures([results])
    here, settings = results["machine"], results["settings"]
    versions = "; ".join(f"{SERVERS[name].title} {version}" for name, version in results["versions"].items())
    lines = ["# Clients that have only HTTP", ""]
    lines += paragraphs(
        "Made by `bench/http/run.py`; do not edit. What streams of server-sent events and held polls cost beside "
        f"WebSockets, and beside nchan. {here['processor']}, {here['cores']} cores, {here['distribution']}; {versions}; "
        f"{settings['rounds']} rounds of {settings['seconds']:g} s."
    )
    lines += [*goal_lines(figures), *fan_out_lines(figures), *idle_lines(figures)]
    lines += ["## Method", *paragraphs(METHOD), *discarded_lines(figures)]
    DOCUMENT.write_text("\n".join(lines).rstrip() + "\n")
    print(f"run.py: wrote {DOCUMENT.relative_to(ROOT)}", file=sys.stderr)


def main():
    asked = arguments()
    places.RESULTS.mkdir(parents=True, exist_ok=True)
    process.raise_file_limit()
    # This program's own work, the scraping, is done where the generator runs.
    os.sched_setaffinity(0, {1})
    results = measure_all(asked)
    if not asked.rows:
        write(results)


if __name__ == "__main__":
    main()
