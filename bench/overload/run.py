#!/usr/bin/env python3
"""Measures what clients that read nothing do to the others, under a limit on memory: docs/benchmarks/overload.md.
  bench/overload/run.py [ROUNDS]     5 if not said; needs build/release with its tests
"""
import http.client
import json
import os
import pathlib
import statistics
import subprocess
import sys
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
from runner import machine, places  # noqa: E402
from runner.lone_gateway import LoneGateway  # noqa: E402

BUILD = places.BUILD
MIB = 1 << 20
LIMIT = 64 * 1000 * 1000
DEAF, HEALTHY, RATE, PAYLOAD_BYTES = 1000, 100, 200, 2048
FLAGS = ["--memory-max", str(LIMIT), "--socket-send-bytes-max", "8KiB", "--outbox-bytes-max", "1GiB",
         "--outbox-age-ms-max", "3600000"]


class Gateway(LoneGateway):
    """One on the first core, whose own limits on slow clients would come later than the limit on memory."""

    def __init__(self):
        super().__init__(BUILD / "sluice", [*FLAGS, "--client-messages", "relay"], ("--listen", "--grpc", "--admin"), ["taskset", "-c", "0"])

    def metrics(self):
        text = urllib.request.urlopen(f"http://{self.addresses['admin']}/metrics").read().decode()
        return dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))


class Crowd:
    """The clients, in another process on the other core."""

    def __init__(self, port, deaf):
        command = ["taskset", "-c", "1", str(BUILD / "deaf"), str(port), "crowd", str(deaf), str(HEALTHY)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.line()["open"] == deaf + HEALTHY

    def line(self):
        return json.loads(self.process.stdout.readline())

    def report(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.line()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Watch(threading.Thread):
    """Looks ten times a second: at the gateway's own count, and at the kernel's of the same process."""

    def __init__(self, gateway, pid):
        super().__init__()
        self.gateway, self.pid, self.begun, self.rows, self.ended = gateway, pid, {}, [], threading.Event()

    def run(self):
        started = time.monotonic()
        while not self.ended.wait(0.1):
            now, metrics = time.monotonic() - started, self.gateway.metrics()
            resident = int(pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
            self.rows.append((now, resident + float(metrics["sluice_socket_bytes"])))
            for name, value in metrics.items():
                if name.startswith("sluice_overload_actions_total") and float(value) > 0:
                    self.begun.setdefault(name.split('"')[1], now)


def publish(address, seconds):
    """At a steady rate, each message with the time at which it was sent; gives how many were taken."""
    connection = http.client.HTTPConnection(address)
    taken, started = 0, time.monotonic()
    for at in range(int(seconds * RATE)):
        wait = started + at / RATE - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        text = f"{time.monotonic_ns()}|".ljust(PAYLOAD_BYTES, "x")
        body = json.dumps({"target": {"rooms": ["crowd"]}, "payload": {"text": text}})
        connection.request("POST", "/sluice.v1.Gateway/Publish", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        taken += answer.status == 200
    return taken


def measure(deaf, seconds):
    with Gateway() as gateway:
        crowd = Crowd(gateway.port("clients"), deaf)
        watch = Watch(gateway, gateway.process.pid)
        watch.start()
        published = publish(gateway.addresses["admin"], seconds)
        time.sleep(1)
        found = crowd.report()
        metrics = gateway.metrics()
        crowd.end()
        ended = time.monotonic()
        while any(float(value) for name, value in gateway.metrics().items() if name.startswith("sluice_overload_action{")):
            time.sleep(0.1)
        watch.ended.set()
        watch.join()
        return found | {"published": published, "begun": watch.begun, "recovery": time.monotonic() - ended,
                        "highest": max(used for _, used in watch.rows), "last": watch.rows[-1][1],
                        "relieved": {name.split('"')[1]: float(value) for name, value in metrics.items()
                                     if name.startswith("sluice_overload_relieved_total")}}


def summary(rounds):
    """Medians of times and counts; of memory, the most of all rounds."""
    names = ("published", "messages", "p50_ms", "p99_ms", "max_ms", "healthy", "deaf")
    return {name: statistics.median(one[name] for one in rounds) for name in names} | {
        "highest": max(one["highest"] for one in rounds), "p99_ms_least": min(one["p99_ms"] for one in rounds)}


def row(name, found):
    return (f"| {name} | {found['published']:,.0f} | {found['messages']:,.0f} | {found['p50_ms']:.2f} ms | {found['p99_ms']:.2f} ms ({found['p99_ms_least']:.2f}) | "
            f"{found['max_ms']:.1f} ms | {found['highest'] / 1e6:.1f} MB | {found['healthy']:.0f} | {found['deaf']:.0f} |")


def main():
    count, seconds = (int(sys.argv[1]) if len(sys.argv) > 1 else 5), 10
    rounds = {0: [], DEAF: []}
    for _ in range(count):
        for deaf, found in rounds.items():
            found.append(measure(deaf, seconds))
            print(deaf, json.dumps(found[-1]), flush=True)
    here, last = machine.describe(), rounds[DEAF][-1]
    begun = sorted(last["begun"].items(), key=lambda one: one[1])
    recoveries = [one["recovery"] for one in rounds[DEAF]]
    lines = ["# Clients that read nothing, under a limit on memory", "",
             f"Made by `bench/overload/run.py`; do not edit. {HEALTHY} healthy clients in a room, alone and beside {DEAF:,} with receive buffers "
             f"of 4 KiB that read nothing;", f"{RATE} messages a second of {PAYLOAD_BYTES} bytes for {seconds} s; process and sockets may have "
             f"{LIMIT / 1e6:.0f} MB. The gateway has one core and one worker; clients, publisher and the watch", "share the other. Medians of "
             f"{count} rounds, taken in turns; of memory, the most of all rounds; in brackets, the quietest round's.", f"Flags: `{' '.join(FLAGS)}`.", "",
             f"{here['processor']}, {here['cores']} cores, {here['distribution']}.", "",
             "| | published | heard by the healthy | p50 | p99 | longest | most memory | healthy at the end | deaf at the end |",
             "| --- | --- | --- | --- | --- | --- | --- | --- | --- |", row("alone", summary(rounds[0])),
             row(f"beside {DEAF:,}", summary(rounds[DEAF])), "",
             "In the last round, when each action was first seen in the metrics: " + ", ".join(f"`{name}` after {at:.1f} s" for name, at in begun) + ".",
             f"When all clients had left, all actions ended within {min(recoveries):.1f} to {max(recoveries):.1f} s, and memory was at most "
             f"{max(one['last'] for one in rounds[DEAF]) / 1e6:.1f} MB.",
             f"Closed in a round, in the median: {statistics.median(one['relieved']['close_outboxes'] for one in rounds[DEAF]):,.0f}."]
    (ROOT / "docs/benchmarks/overload.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
