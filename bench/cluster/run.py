#!/usr/bin/env python3
"""Measures what a shared broker costs beside the embedded one: docs/benchmarks/cluster.md.
  bench/cluster/run.py [--rounds N] [--seconds S] [--sluice PATH]     needs nats-server, and build/release with
                                                                       -DSLUICE_BENCH=ON
"""

import argparse
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
from runner import machine, places, process  # noqa: E402
from runner.lone_gateway import LoneGateway  # noqa: E402

DOCUMENT = ROOT / "docs/benchmarks/cluster.md"
LATENCY_RATE = 1000  # messages a second
LISTENERS = 999

INTRODUCTION = """\
Made by `bench/cluster/run.py`; do not edit. What NATS as the broker costs beside the embedded one, on one machine: one
nats-server with a stream of one replica in files, gateways of one worker, and the generator, all on the same {cores} cores of
{processor} ({distribution}). {rounds} rounds of {seconds:g} s, all rows in turn; medians, in brackets the least and the most.
"""


class Nats:
    """A server with JetStream, on a port of its own, with a folder of its own."""

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(["nats-server", "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd",
                                         self._folder.name], stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if "Server is ready" in line:
                # What it writes later must not fill the pipe.
                self._rest = subprocess.Popen(["cat"], stdin=self.process.stderr, stdout=subprocess.DEVNULL)
                return self
        raise RuntimeError("nats-server did not start")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self._rest.wait()
        self._folder.cleanup()

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)

    def flags(self, secret):
        return ["--broker", "nats", "--nats-url", f"nats://127.0.0.1:{self.port}", "--secret-file", secret]


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def gateway(asked, flags=()):
    return LoneGateway(asked.sluice, ["--client-messages", "relay", "--allowed-origins", "*", "--history-messages", "256",
                                      *flags])


def run(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{program}: {done.stderr or done.stdout}")
    return json.loads(done.stdout)


def load(programs, node, *arguments):
    return run(programs.load, "--port", node.port("clients"), "--pid", node.process.pid, *arguments)


def latency(programs, node, asked):
    """Ten clients hear what another says at a steady rate."""
    found = load(programs, node, "--mode", "fan-out", "--clients", 10, "--rate", LATENCY_RATE, "--seconds", asked.seconds)
    return {"p50": found["latency_us"]["p50"] / 1000, "p99": found["latency_us"]["p99"] / 1000}


def throughput(programs, node, nats, asked):
    """One stream of publishes, with many in flight, to rooms in which nobody is."""
    before = node.cpu_seconds(), nats.cpu_seconds() if nats else 0
    found = run(programs.grpc, "--call", "stream", "--server", node.addresses["grpc"], "--pid", node.process.pid,
                "--in-flight", 64, "--per-item", 50, "--room", "room-{n}", "--rooms", 1000, "--seconds", asked.seconds)
    spent = node.cpu_seconds() - before[0], (nats.cpu_seconds() if nats else 0) - before[1]
    # The generator warms up, which counts for the CPU as well.
    messages = found["messages_per_s"] * (asked.seconds + 1)
    return {"rate": found["messages_per_s"], "gateway_us": spent[0] / messages * 1e6, "nats_us": spent[1] / messages * 1e6}


def fan_out(programs, nodes, asked):
    """Three crowds of LISTENERS clients together in a room, each at one of `nodes`, which may be the same; 100 messages
    a second from one of them."""
    held, each = [], LISTENERS // 3
    try:
        for node in nodes[1:]:
            held.append(subprocess.Popen([str(programs.load), "--port", node.port("clients"), "--mode", "idle", "--clients",
                                          str(each), "--hold", "3600"], stdout=subprocess.DEVNULL))
        for node in set(nodes[1:]):
            wait_for(node, each * nodes[1:].count(node))
        before = {node: node.cpu_seconds() for node in set(nodes)}
        found = load(programs, nodes[0], "--mode", "fan-out", "--clients", each, "--rate", 100, "--seconds", asked.seconds)
        spent = sum(node.cpu_seconds() - was for node, was in before.items())
        messages = found["deliveries_per_s"] / each * (asked.seconds + 1)
        return {"us": spent / (messages * LISTENERS) * 1e6}
    finally:
        for one in held:
            one.terminate()
            one.wait()


def wait_for(node, clients):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if connections_of(node) >= clients:
            return
        time.sleep(0.05)
    raise RuntimeError("the listeners did not come")


def connections_of(node):
    import urllib.request
    page = urllib.request.urlopen(f"http://{node.addresses['admin']}/metrics").read().decode()
    return next(float(line.split()[1]) for line in page.splitlines() if line.startswith("sluice_open_connections "))


def one_round(programs, asked, secret):
    figures = {}
    with gateway(asked) as node:
        figures["embedded latency"] = latency(programs, node, asked)
    with gateway(asked) as node:
        figures["embedded publish"] = throughput(programs, node, None, asked)
    with gateway(asked) as node:
        figures["embedded fan-out"] = fan_out(programs, [node] * 3, asked)
    with Nats() as nats, gateway(asked, nats.flags(secret)) as node:
        figures["nats latency"] = latency(programs, node, asked)
    # Each with a stream of its own, so that none pays for what another left there.
    with Nats() as nats, gateway(asked, nats.flags(secret)) as node:
        figures["nats publish"] = throughput(programs, node, nats, asked)
    with Nats() as nats:
        flags = nats.flags(secret)
        with gateway(asked, flags) as one, gateway(asked, flags) as two, gateway(asked, flags) as three:
            figures["nats fan-out"] = fan_out(programs, [one, two, three], asked)
    return figures


def cell(rounds, row, name, scale=1):
    values = [one[row][name] * scale for one in rounds]
    words = [f"{value:,.0f}" if value >= 100 else f"{value:.2f}" for value in
             (statistics.median(values), min(values), max(values))]
    return f"{words[0]} [{words[1]} to {words[2]}]"


def difference(rounds, name):
    values = [one["nats latency"][name] - one["embedded latency"][name] for one in rounds]
    return f"{statistics.median(values):.2f} [{min(values):.2f} to {max(values):.2f}]"


def write(rounds, asked):
    here = machine.describe()
    tax = [one["nats fan-out"]["us"] / one["embedded fan-out"]["us"] for one in rounds]
    lines = ["# A cluster over NATS", "", INTRODUCTION.format(**here, rounds=asked.rounds, seconds=asked.seconds),
             f"## Latency, ten clients, {LATENCY_RATE:,} messages a second of one publisher", "",
             "| broker | p50, ms | p99, ms |", "| --- | --- | --- |"]
    lines += [f"| {name} | {cell(rounds, f'{name} latency', 'p50')} | {cell(rounds, f'{name} latency', 'p99')} |"
              for name in ("embedded", "nats")]
    lines += [f"| added | {difference(rounds, 'p50')} | {difference(rounds, 'p99')} |", "",
              "## Publishing, one stream of gRPC, 3,200 messages of 128 bytes in flight, 1,000 rooms without members", "",
              "| broker | messages a second | gateway's CPU a message, µs | nats-server's, µs |", "| --- | --- | --- | --- |"]
    lines += [f"| {name} | {cell(rounds, f'{name} publish', 'rate')} | {cell(rounds, f'{name} publish', 'gateway_us')} | "
              f"{cell(rounds, f'{name} publish', 'nats_us')} |" for name in ("embedded", "nats")]
    lines += ["", f"## Fan-out, {LISTENERS} clients of three processes in a room, 100 messages a second", "",
              "| nodes | CPU of all gateways a delivery, µs |", "| --- | --- |",
              f"| one, embedded | {cell(rounds, 'embedded fan-out', 'us')} |",
              f"| three, over NATS | {cell(rounds, 'nats fan-out', 'us')} |",
              f"| ratio | {statistics.median(tax):.2f} [{min(tax):.2f} to {max(tax):.2f}] |"]
    DOCUMENT.write_text("\n".join(lines) + "\n")
    print(f"run.py: wrote {DOCUMENT.relative_to(ROOT)}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--sluice", type=pathlib.Path, default=places.BUILD / "sluice", help="the gateway's program")
    parser.add_argument("--look", action="store_true", help="writes no document")
    asked = parser.parse_args()
    programs = places.Programs(places.BUILD)
    process.raise_file_limit()
    rounds = []
    with tempfile.NamedTemporaryFile("w") as secret:
        secret.write(os.urandom(32).hex())
        secret.flush()
        for at in range(asked.rounds):
            rounds.append(one_round(programs, asked, secret.name))
            print(f"run.py: round {at + 1}: {json.dumps(rounds[-1])}", file=sys.stderr)
    if not asked.look:
        write(rounds, asked)


if __name__ == "__main__":
    main()
