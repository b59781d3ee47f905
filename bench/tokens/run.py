#!/usr/bin/env python3
"""Measures what a connect costs that is refused for its token beside one that is accepted, and what a flood of bad tokens
does to clients that are connected: docs/benchmarks/tokens.md.
  bench/tokens/run.py [ROUNDS]     3 if not said; needs build/release with -DSLUICE_BENCH=ON, node and openssl
"""
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
from runner import machine, places  # noqa: E402

SLUICE = places.BUILD / "sluice"
CONNECTS, RATE = 4000, 2000
KINDS = {
    "HS256": None,
    "RS256": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "ES256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "EdDSA": ["-algorithm", "ED25519"],
}
ECHO = ["--mode", "echo", "--clients", "200", "--echo-path", "/", "--echo-rate", "20", "--size", "128", "--warm", "1", "--seconds", "6"]


class Gateway:
    def __init__(self, flags):
        ports = [part for flag in ("--listen", "--grpc", "--admin") for part in (flag, "127.0.0.1:0")]
        self.process = subprocess.Popen([SLUICE, "serve", "--client-messages", "echo", "--workers", "1", "--log-format",
                                         "json", "--drain-seconds", "0", "--close-timeout-seconds", "0.2", *ports, *flags],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            said = json.loads(line)
            if said["event"] == "listening" and said["what"] == "clients":
                self.port = said["address"].rsplit(":", 1)[1]
            if said["event"] == "ready":
                # What it logs of refusals is read, so that it does not wait for that.
                self.log = subprocess.Popen(["cat"], stdin=self.process.stderr, stdout=subprocess.DEVNULL)
                return
        raise RuntimeError("the gateway did not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.terminate()
        self.log.wait()

    def cpu_seconds(self):
        threads = pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(one.read_text().split()[0]) for one in threads) / 1e9


def sluice(*arguments):
    return subprocess.run([SLUICE, *arguments], check=True, capture_output=True, text=True).stdout.strip()


def connects(gateway, token):
    return ["node", ROOT / "bench/tokens/connects.mjs", gateway.port, token, str(CONNECTS), str(RATE)]


class Keys:
    """For each kind what the gateway is given, a good token, and one that only its signature makes bad."""

    def __init__(self, folder):
        self.found = {}
        for name, how in KINDS.items():
            makers = [self.key(folder, f"{name}-{which}", how) for which in ("ours", "another")]
            good, bad = (sluice("token", *signing, "--user", "ann") for _, signing in makers)
            self.found[name] = (makers[0][0], good, bad)

    @staticmethod
    def key(folder, name, how):
        if how is None:
            secret = (name * 8)[:40]
            return ["--token-secret", secret], ["--token-secret", secret]
        private, public = folder / f"{name}.pem", folder / f"{name}.pub"
        subprocess.run(["openssl", "genpkey", *how, "-out", private], check=True, capture_output=True)
        subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True, capture_output=True)
        return ["--token-keys", str(public)], ["--signing-key", str(private)]


def cost(gateway, token, wanted):
    before = gateway.cpu_seconds()
    output = json.loads(subprocess.run(connects(gateway, token), check=True, capture_output=True, text=True).stdout)
    if output["statuses"] != {wanted: CONNECTS}:
        raise RuntimeError(f"wanted {wanted}: {output}")
    return (gateway.cpu_seconds() - before) / CONNECTS * 1e6


def echo_p99(gateway, good, flood):
    flooder = None
    if flood:
        command = ["node", ROOT / "bench/tokens/connects.mjs", gateway.port, flood, str(RATE * 12), str(RATE)]
        flooder = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    load = [places.BUILD / "bench/sluice-bench-load", "--port", gateway.port, "--pid", str(gateway.process.pid), *ECHO,
            "--header", f"Authorization: Bearer {good}"]
    output = json.loads(subprocess.run(load, check=True, capture_output=True, text=True).stdout)
    if flooder:
        flooder.terminate()
        flooder.wait()
    if output["failed"] > 0 or output["echo_latency_us"]["count"] == 0:
        raise RuntimeError(f"the echoes failed: {output}")
    return output


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    costs = {name: [] for name in KINDS}
    delays = []
    with tempfile.TemporaryDirectory() as folder:
        keys = Keys(pathlib.Path(folder))
        for _ in range(rounds):
            for name, (flags, good, bad) in keys.found.items():
                with Gateway(flags) as gateway:
                    cost(gateway, good, "101")  # to warm up
                    costs[name].append((cost(gateway, good, "101"), cost(gateway, bad, "401")))
                print(name, costs[name][-1], flush=True)
            flags, good, bad = keys.found["ES256"]
            with Gateway(flags) as gateway:
                runs = [echo_p99(gateway, good, flood) for flood in (None, bad)]
            delays.append([run["echo_latency_us"]["p99"] / 1000 for run in runs])
            print("p99", delays[-1], flush=True)
    here = machine.describe()
    lines = ["# Tokens that are not good", "",
             "Made by `bench/tokens/run.py`; do not edit. CPU of the gateway for one connect with its TCP connection, "
             "handshake and end;", f"a bad token has a wrong signature of the same algorithm; the median of {rounds} "
             f"rounds of {CONNECTS:,} each. {here['processor']},", f"{here['cores']} cores, {here['distribution']}.", "",
             "| algorithm | accepted | refused | refused / accepted |", "| --- | --- | --- | --- |"]
    for name, found in costs.items():
        good, bad = (statistics.median(one[at] for one in found) for at in (0, 1))
        ratio = statistics.median(one[1] / one[0] for one in found)
        lines.append(f"| {name} | {good:.0f} µs | {bad:.0f} µs | {ratio:.2f} |")
    quiet, flooded = (statistics.median(one[at] for one in delays) for at in (0, 1))
    lines += ["", f"200 clients that echo 20 messages a second each: p99 {quiet:.2f} ms alone, {flooded:.2f} ms beside a "
              f"flood of {RATE:,} bad", "tokens (ES256) a second, each on a TCP connection of its own; one worker, the "
              "flood and the clients on the same two cores."]
    (ROOT / "docs/benchmarks/tokens.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
