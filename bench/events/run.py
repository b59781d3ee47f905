#!/usr/bin/env python3
"""Measures how many messages of clients reach a backend, in C++ and in Node, and how long one takes: docs/benchmarks/events.md.
  bench/events/run.py [ROUNDS]     3 if not said; needs build/release with -DSLUICE_BENCH=ON
"""
import json
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
from runner import machine, places  # noqa: E402
from runner.lone_gateway import LoneGateway  # noqa: E402

BUILD = places.BUILD
SECONDS = 4
# Name, clients, messages a segment, messages a second of all (0: as many as are taken).
ROWS = (
    ("as many as are taken", 100, 64, 0),
    ("100,000 a second", 100, 64, 100_000),
    ("1,000 a second, one at a time", 1, 1, 1000),
)


def gateway_of_backends():
    return LoneGateway(BUILD / "sluice", ["--client-messages", "backend"])


def generator(gateway, backend, row, seconds):
    _, clients, segment, rate = row
    port = gateway.port("clients")
    return [BUILD / "bench/sluice-bench-events", port, backend, str(clients), str(segment), str(rate), str(seconds)]


def in_cpp(row):
    with gateway_of_backends() as gateway:
        output = subprocess.run(generator(gateway, gateway.addresses["grpc"], row, SECONDS), check=True,
                                capture_output=True, text=True).stdout
    return json.loads(output)


def in_node(row):
    with gateway_of_backends() as gateway:
        backend = subprocess.Popen(["node", ROOT / "bench/events/backend.mjs", gateway.addresses["grpc"], str(SECONDS)],
                                   stdout=subprocess.PIPE, text=True)
        time.sleep(1)  # to attach
        clients = subprocess.Popen(generator(gateway, "-", row, SECONDS + 4), stdout=subprocess.DEVNULL)
        output, _ = backend.communicate()
        clients.terminate()
        clients.wait()
    return json.loads(output)


def middle(found, name):
    return statistics.median(one[name] for one in found)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    lines = ["# Events to backends", "",
             "Made by `bench/events/run.py`; do not edit. How many messages of WebSocket clients (32 bytes each) reach a "
             "backend that does", "nothing but acknowledge them, and how long one takes from the client's write to the "
             "backend's hearing: with one worker, the", f"gateway, the clients and the backend on the same two cores; the "
             f"median of {rounds} rounds of {SECONDS} s, and the range of the rates.", ""]
    here = machine.describe()
    lines += [f"{here['processor']}, {here['cores']} cores, {here['distribution']}.", "",
              "| backend | clients say | messages a second | range | p50 | p99 |", "| --- | --- | --- | --- | --- | --- |"]
    results = {(name, row): [] for name in ("C++", "Node") for row in ROWS}
    for _ in range(rounds):
        for (name, row), found in results.items():
            found.append(in_cpp(row) if name == "C++" else in_node(row))
            print(name, row[0], found[-1], flush=True)
    for (name, row), found in results.items():
        rates = sorted(one["messages_a_second"] for one in found)
        # With more than is taken, what waits is what the buffer holds.
        times = [f"{middle(found, key):,.0f} µs" if row[3] else "the buffer's" for key in ("p50_us", "p99_us")]
        lines.append(f"| {name} | {row[0]} | {middle(found, 'messages_a_second'):,.0f} | "
                     f"{rates[0]:,.0f} to {rates[-1]:,.0f} | {times[0]} | {times[1]} |")
    batched = middle(results[("C++", ROWS[0])], "events_a_response")
    single = middle(results[("C++", ROWS[2])], "events_a_response")
    lines += ["", f"Events come several in one response under load, {batched:,.0f} in the first row, and one at a time "
              f"({single:.1f}) where they are few. The", "gateway reads no further from clients while "
              "`--backend-buffer-bytes-max` of them wait: in the first row what a message takes is the", "length of "
              "that buffer."]
    (ROOT / "docs/benchmarks/events.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
