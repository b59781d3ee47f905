"""Writes docs/benchmarks.md from results."""

import json
import textwrap
from pathlib import Path

from . import goals, plots
from .figures import Figures
from .places import DOCUMENT, PLOTS, PROJECT
from .rows import FIGURES, GROWTH, GRPC, MAIN
from .servers import SERVERS

METHOD = """\
One server process on one core, the generator on another, over loopback; a release build of Sluice with everything on:
rooms, order, history at its default, limits, heartbeats, and `/metrics` scraped once a second. Servers take turns,
round by round, each round beginning with another one, and only runs of the same round are compared: a ratio is the
median of the per-round ratios. {interval} CPU is the CPU clock of the server's processes over the
measured seconds, all threads and the kernel's work for them included. Memory is the growth of resident memory. Latency
counts from the moment at which a message was due, so a late generator hides nothing.

The *floor* is a loop around epoll that reads, unmasks and writes, and does nothing else: the kernel's own price. What
one read brought it sends to each client by one write.

A run with a failed or closed connection or a lost message is discarded, and so is one of latency whose generator was
late. In the other rows the generator may be busier than the server; the rate is then the generator's and marked
with *, while the CPU per unit stands.
"""


def write(paths):
    results = [json.loads(Path(path).read_text()) for path in paths]
    if not results:
        raise SystemExit("run.py: there are no results in build/bench")
    figures = Figures(results)
    drawn = list(plots.draw(figures))
    lines = [*head(figures), *plot_lines(drawn), *goal_lines(figures)]
    for title, rows in (("WebSocket", MAIN), ("gRPC", GRPC), ("Growth", GROWTH)):
        lines += section(figures, title, rows)
    lines += [*index_lines(figures), *discarded_lines(figures)]
    DOCUMENT.parent.mkdir(parents=True, exist_ok=True)
    DOCUMENT.write_text("\n".join(lines).rstrip() + "\n")
    print(f"run.py: wrote {DOCUMENT.relative_to(PROJECT)} and {len(drawn)} plots in {PLOTS.relative_to(PROJECT)}")


def head(figures):
    newest = figures.results[-1]
    machine, settings = newest["machine"], newest["settings"]
    confidence = max((found.confidence for _, found in goals.check(figures)), default=0)
    versions = {}
    for one in figures.results:
        versions.update(one["versions"])
    virtual = ", a virtual machine" if machine.get("is_virtual") else ""
    return [
        "# Benchmarks",
        "",
        "Made by `bench/run.py`; do not edit. How to run it, and what each row is: "
        "[bench/README.md](../bench/README.md).",
        "",
        "| machine | |",
        "| --- | --- |",
        f"| processor | {machine['processor']}, {machine['cores']} cores{virtual} |",
        f"| memory | {machine['memory']} |",
        f"| system | {machine['distribution']}, {machine['kernel']} |",
        f"| cores | server {settings['server_cores']}, generator {settings['load_cores']} |",
        f"| measured | {newest['started'][:10]}, {length_words(figures.results)} |",
        *(f"| {SERVERS[name].title} | {version} |" for name, version in versions.items() if name in SERVERS),
        "",
        "Events to backends: [benchmarks/events.md](benchmarks/events.md); tokens that are not good: "
        "[benchmarks/tokens.md](benchmarks/tokens.md);",
        "clients that have only HTTP: [benchmarks/http.md](benchmarks/http.md); datagrams: "
        "[benchmarks/udp.md](benchmarks/udp.md).",
        "",
        "## Method",
        *paragraphs(METHOD.format(interval=interval_words(confidence))),
    ]


def length_words(results):
    """How long was measured, of each call of run.py whose results these are."""
    lengths = {(one["settings"]["rounds"], one["settings"]["seconds"]) for one in results}
    return ", ".join(f"{rounds} rounds of {seconds:g} s" for rounds, seconds in sorted(lengths, reverse=True))


def paragraphs(text):
    """Wrapped at the width of all our documents."""
    for paragraph in text.strip().split("\n\n"):
        yield from textwrap.wrap(paragraph, 120, break_long_words=False)
        yield ""


def interval_words(confidence):
    if confidence < 0.9:
        return "There were too few rounds for an interval to trust: it is what was seen."
    return (
        f"Its interval holds the true median in {confidence:.0%} of cases with nine rounds (order statistics: the second "
        "to the eighth); with fewer it is what was seen."
    )


def plot_lines(drawn):
    lines = ["## At a glance"]
    for name, title in drawn:
        lines += [f"![{title}](benchmarks/{name}.svg)", ""]
    return lines


def goal_lines(figures):
    lines = ["## Goals", "| goal | bound | measured | interval | |", "| --- | --- | --- | --- | --- |"]
    for goal, found in goals.check(figures):
        sign = "≥" if goal.at_least else "≤"
        unit = " ×" if goal.unit == "×" else f" {goal.unit}"
        met = "reached" if goal.is_met(found.median) else "**missed**"
        interval = f"{number(found.low)} to {number(found.high)}"
        lines.append(
            f"| {goal.text} | {sign} {bound_words(goal.bound)}{unit} | {number(found.median)} | {interval} | {met} |"
        )
    return [*lines, ""]


def bound_words(bound):
    return f"1/{round(1 / bound)}" if bound < 0.5 else number(bound)


def section(figures, title, rows):
    rows = [row for row in rows if figures.servers(row.name)]
    lines = [f"## {title}"] if rows else []
    for row in rows:
        lines += table(figures, row)
    return lines


def table(figures, row):
    also = [name for name in row.also if name in FIGURES]
    base = "grpc-echo" if row.group == "grpc" else "floor"
    here = figures.servers(row.name)
    ours = "sluice" if "sluice" in here else "sluice-2"
    columns = ["server", FIGURES[row.figure]]
    columns += [f"× {SERVERS[base].title}"] if base in here else []
    compares = len(here) > 1 and ours in here
    columns += ["Sluice ÷ it"] if compares else []
    columns += [FIGURES[name] for name in also]
    lines = [f"### `{row.name}`", row.shows[0].upper() + row.shows[1:] + ".", ""]
    lines += ["| " + " | ".join(columns) + " |", "| " + " | ".join("---" for _ in columns) + " |"]
    for server in SERVERS.values():
        if server.name not in here:
            continue
        cells = [server.title, with_interval(figures.value(row.name, server.name, row.figure))]
        mine = (row.name, server.name, row.figure)
        if base in here:
            cells.append(
                "1" if server.name == base else with_interval(figures.ratio(mine, (row.name, base, row.figure)))
            )
        if compares:
            cells.append(
                "1" if server.name == ours else with_interval(figures.ratio((row.name, ours, row.figure), mine))
            )
        cells += [secondary(figures, row, server, name) for name in also]
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


def secondary(figures, row, server, name):
    found = figures.value(row.name, server.name, name)
    if found is None:
        return "-"
    is_generators = name.endswith("_per_s") and figures.generator_was_limit(row.name, server.name) > 0.5
    return number(found.median) + (" *" if is_generators else "")


def index_lines(figures):
    curves = {name: dict(points) for name, _, points in plots.room_index(figures)}
    if not curves.get("join"):
        return []
    lines = [
        "### The room index alone",
        "Joining and leaving a room, without connections, by its size.",
        "",
        "| members | ns a join | ns a leave |",
        "| --- | --- | --- |",
    ]
    for size, joining in curves["join"].items():
        lines.append(f"| {size:,} | {number(joining.median)} | {number(curves['leave'][size].median)} |")
    return [*lines, ""]


def discarded_lines(figures):
    discarded = figures.all_discarded()
    if not discarded:
        return ["Nothing was discarded."]
    lines = ["## Discarded runs", "| row | server | runs | why, at first |", "| --- | --- | --- | --- |"]
    for (row, server), reasons in discarded.items():
        lines.append(f"| `{row}` | {SERVERS[server].title} | {len(reasons)} | {reasons[0]} |")
    return lines


def with_interval(found):
    if found is None:
        return "-"
    return f"{number(found.median)} [{number(found.low)} to {number(found.high)}]"


def number(value):
    """Three digits that mean something, thousands apart."""
    if abs(value) >= 999.5:
        digits = max(0, len(f"{abs(value):.0f}") - 3)
        return f"{round(value, -digits):,.0f}"
    return f"{value:.3g}"
