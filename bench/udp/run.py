#!/usr/bin/env python3
"""Measures how many datagrams of clients one worker takes and hands on, and what is lost: docs/benchmarks/udp.md.
  bench/udp/run.py [ROUNDS]     5 if not said; needs build/release with -DSLUICE_BENCH=ON
"""
import json
import pathlib
import statistics
import subprocess
import sys
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
from runner import machine, places  # noqa: E402
from runner.lone_gateway import LoneGateway  # noqa: E402

BUILD = places.BUILD
SECONDS = 5
SENDERS = 16
PAYLOAD_BYTES = 128
RATES = (50_000, 200_000, 220_000, 250_000)


class Gateway(LoneGateway):
    """One on the first core, which relays."""

    def __init__(self):
        kinds = ("--listen", "--listen-tcp", "--listen-udp", "--grpc", "--admin")
        super().__init__(BUILD / "sluice", ["--client-messages", "relay"], kinds, ["taskset", "-c", "0"])

    def metric(self, name):
        text = urllib.request.urlopen(f"http://{self.addresses['admin']}/metrics").read().decode()
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.split("{")[0].split(" ")[0] == name)


def measure(rate):
    with Gateway() as gateway:
        before = gateway.cpu_seconds()
        command = ["taskset", "-c", "1", BUILD / "bench/sluice-bench-udp", gateway.port("udp"), gateway.port("tcp"), str(rate),
                   str(SECONDS), str(SENDERS), str(PAYLOAD_BYTES)]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        received = gateway.metric("sluice_udp_received_total")
        found["sent_a_second"] = found["sent"] / found["seconds"]
        found["received_share"] = received / found["sent"]
        found["heard_share"] = found["heard"] / found["sent"]
        found["cpu_us"] = (gateway.cpu_seconds() - before) / received * 1e6
        return found


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    results = {rate: [] for rate in RATES}
    for _ in range(rounds):
        for rate, found in results.items():
            found.append(measure(rate))
            print(rate, found[-1], flush=True)
    here = machine.describe()
    lines = ["# Datagrams that publish", "",
             f"Made by `bench/udp/run.py`; do not edit. {SENDERS} sockets send datagrams of {PAYLOAD_BYTES} bytes of data that publish into "
             "one room, at a", "steady rate, to a gateway with one worker on one core; a member that speaks lines over TCP hears all of "
             f"them. The generator and the", f"member share the other core. Medians of {rounds} rounds of {SECONDS} s; shares are of what was "
             "sent, with the worst round in brackets. The gateway may have the receive buffer that it asks for "
             "(`--udp-receive-bytes`); under a", "usual `net.core.rmem_max` of 208 KiB it bridges a millisecond of 200,000 a second.", "",
             f"{here['processor']}, {here['cores']} cores, {here['distribution']}.", "",
             "| asked for, a second | sent, a second | read by the gateway | heard by the member | gateway's CPU each |",
             "| --- | --- | --- | --- | --- |"]
    for rate, found in results.items():
        middle = {name: statistics.median(one[name] for one in found) for name in ("sent_a_second", "received_share", "heard_share", "cpu_us")}
        worst = {name: min(one[name] for one in found) for name in ("received_share", "heard_share")}
        lines.append(f"| {rate:,} | {middle['sent_a_second']:,.0f} | {middle['received_share']:.3%} ({worst['received_share']:.3%}) | "
                     f"{middle['heard_share']:.3%} ({worst['heard_share']:.3%}) | {middle['cpu_us']:.2f} µs |")
    (ROOT / "docs/benchmarks/udp.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
