#!/usr/bin/env python3
"""Measures Sluice beside other servers and writes docs/benchmarks.md. See bench/README.md."""

import argparse
import datetime
import json
import os
import sys

from runner import machine, measure, process, report
from runner.places import BUILD, RESULTS, Programs
from runner.rows import GROWTH, GRPC, MAIN, ROWS
from runner.servers import SERVERS

GROUPS = {"main": MAIN, "grpc": GRPC, "growth": GROWTH}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default="main", help="names of rows, and main, grpc, growth or all; commas between")
    parser.add_argument("--servers", default="all", help="names of servers, commas between")
    parser.add_argument("--rounds", type=int, default=9, help="nine give an interval that can be trusted")
    parser.add_argument("--seconds", type=float, default=4, help="measured in each run, after a second of warming up")
    parser.add_argument("--server-cores", default="0")
    parser.add_argument("--load-cores", default="1" if (os.cpu_count() or 1) < 4 else "1,2,3")
    parser.add_argument("--build", default=BUILD, help="where -DSLUICE_BENCH=ON was built")
    parser.add_argument("--list", action="store_true", help="show rows and servers, and what is missing")
    parser.add_argument(
        "--report",
        nargs="*",
        metavar="FILE",
        help="measure nothing; write the report from these results (default: all in build/bench)",
    )
    parser.add_argument("--no-report", action="store_true", help="measure only")
    return parser.parse_args()


def chosen_rows(text):
    names = []
    for word in text.split(","):
        if word == "all":
            names += ROWS
        elif word in GROUPS:
            names += [row.name for row in GROUPS[word]]
        elif word in ROWS:
            names.append(word)
        else:
            sys.exit(f"run.py: there is no row {word}")
    return [ROWS[name] for name in dict.fromkeys(names)]


def chosen_servers(text, programs):
    names = list(SERVERS) if text == "all" else text.split(",")
    here = []
    for name in names:
        if name not in SERVERS:
            sys.exit(f"run.py: there is no server {name}")
        missing = SERVERS[name].missing(programs)
        if missing:
            print(f"LEFT OUT: {name}: {missing}", file=sys.stderr)
        else:
            here.append(name)
    return here


def show_all(programs):
    for row in ROWS.values():
        print(f"{row.name:18} {row.shows}")
    print()
    for server in SERVERS.values():
        print(f"{server.name:18} {server.missing(programs) or server.version(programs)}")


def measure_all(asked, programs):
    rows, servers = chosen_rows(asked.rows), chosen_servers(asked.servers, programs)
    for needed in (programs.load, programs.grpc):
        if not needed.exists():
            sys.exit(f"run.py: {needed.name} is not built; configure with -DSLUICE_BENCH=ON and build")
    started = datetime.datetime.now()
    settings = {"server_cores": asked.server_cores, "load_cores": asked.load_cores, "seconds": asked.seconds}
    results = {
        "started": started.isoformat(timespec="seconds"),
        "machine": machine.describe(),
        "settings": {**settings, "rounds": asked.rounds},
        "versions": {name: SERVERS[name].version(programs) for name in servers},
        "runs": [],
        "room_index": [],
    }
    path = RESULTS / f"run-{started:%Y%m%d-%H%M%S}.json"
    bench = measure.Bench(programs, settings)

    def keep(run):
        results["runs"].append(run)
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(results, indent=1))
        unfinished.replace(path)

    if any(row.group == "growth" for row in rows):
        results["room_index"] = [bench.room_index() for _ in range(min(asked.rounds, 3))]
    measure.rounds(bench, rows, servers, asked.rounds, keep)
    print(f"run.py: results are in {path.relative_to(RESULTS.parent.parent)}", file=sys.stderr)


def main():
    asked = arguments()
    programs = Programs(asked.build)
    RESULTS.mkdir(parents=True, exist_ok=True)
    if asked.list:
        show_all(programs)
        return
    if asked.report is None:
        process.raise_file_limit()
        # This program's own work, the scraping, is done where the generator runs.
        os.sched_setaffinity(0, {int(core) for core in asked.load_cores.split(",")})
        measure_all(asked, programs)
    if not asked.no_report:
        report.write(asked.report or sorted(RESULTS.glob("run-*.json")))


if __name__ == "__main__":
    main()
