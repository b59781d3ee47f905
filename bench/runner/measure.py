"""One run, and the rounds of them."""

import contextlib
import json
import subprocess
import sys
import time

from . import process, rows
from .places import RESULTS
from .scrape import Scrape
from .servers import SERVERS, Launch


class Bench:
    """Runs servers and loads with the settings of one call of run.py."""

    def __init__(self, programs, settings):
        self.programs = programs
        self.settings = settings
        self.log = open(RESULTS / "servers.log", "ab")
        self.half_rate = None

    def run(self, server, row):
        """One run; gives the generator's object. Raises process.Failed if there is none."""
        port, admin_port, grpc_port = process.free_ports(3)
        launch = Launch(
            self.programs,
            port,
            admin_port,
            grpc_port,
            mode="echo" if row.needs == "echo" else "relay",
            tls=self._certificate() if row.needs == "tls" else None,
            deflate=row.needs == "deflate",
            arguments=list(row.arguments),
        )
        with contextlib.ExitStack() as stack:
            serving = self._start_server(server, launch, stack)
            scrape = stack.enter_context(Scrape(admin_port)) if server.name.startswith("sluice") else None
            if server.name in ("sluice", "sluice-2"):
                self._start_companions(row, launch, stack)
                if row.prepare:
                    self._generate("grpc", row.prepare, launch, server, [])
            result = self._generate(
                row.tool, row.load_for(server.name), launch, server, process.whole_family(serving.pid, server.processes)
            )
        if scrape:
            if scrape.failed:
                raise process.Failed(f"{scrape.failed} scrapes of /metrics failed")
            result["scrapes"] = scrape.count
        if "rss_bytes_after_close" in result:
            result["rss_bytes_left"] = result["rss_bytes_after_close"] - result["rss_bytes_at_start"]
        return result

    def find_half_rate(self):
        """Half of the highest rate of messages that one worker takes."""
        row = rows.ROWS["fan1k"]
        rates = sorted(self.run(SERVERS["sluice"], row)["messages_per_s"] for _ in range(3))
        self.half_rate = rates[1] / 2

    def room_index(self):
        """The room index alone: no server, a line a size."""
        command = ["taskset", "-c", self.settings["server_cores"], self.programs.rooms]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def _start_server(self, server, launch, stack):
        cores = server.cores or self.settings["server_cores"]
        command, environment = server.command(launch), server.environment(launch)
        serving = process.start(command, cores, self.log, environment, stdout=self.log)
        stack.callback(process.end, serving)
        process.wait_for_port(launch.grpc_port if server.name == "grpc-echo" else launch.port, serving)
        if server.name.startswith("sluice"):
            process.wait_for_port(launch.grpc_port, serving)
            process.wait_for_port(launch.admin_port, serving)
        return serving

    def _start_companions(self, row, launch, stack):
        for load in row.companions:
            command = [self.programs.load, "--port", launch.port, *load]
            holding = process.start(command, self.settings["load_cores"], subprocess.PIPE, stdout=self.log)
            stack.callback(process.end, holding)
            line = holding.stderr.readline().decode()
            if not line.startswith("connected"):
                raise process.Failed(f"a companion did not connect: {line.strip()}")

    def _generate(self, tool, load, launch, server, pids):
        fill = {"{seconds}": self.settings["seconds"], "{half-rate}": self.half_rate}
        load = [fill.get(word, word) for word in load]
        if tool == "grpc":
            command = [self.programs.grpc, "--server", f"127.0.0.1:{launch.grpc_port}"]
        else:
            command = [
                self.programs.load,
                "--port",
                launch.port,
                "--language",
                server.language,
                "--path",
                server.path,
                "--echo-path",
                self._echo_path(server, launch),
            ]
        for pid in pids:
            command += ["--pid", pid]
        generating = process.start(command + load, self.settings["load_cores"], self.log, stdout=subprocess.PIPE)
        try:
            output, _ = generating.communicate(timeout=900)
        except subprocess.TimeoutExpired as problem:
            raise process.Failed("the generator did not end") from problem
        finally:
            process.end(generating)
        if generating.returncode != 0:
            raise process.Failed(f"the generator ended with {generating.returncode}; see build/bench/servers.log")
        return json.loads(output)

    @staticmethod
    def _echo_path(server, launch):
        # Sluice echoes by an option. Where it relays, a client that is alone in its room gets its own message back.
        is_sluice = server.name.startswith("sluice")
        return "/" if is_sluice and launch.mode == "echo" else server.echo_path

    @staticmethod
    def _certificate():
        certificate, key = RESULTS / "certificate.pem", RESULTS / "key.pem"
        if not certificate.exists():
            subprocess.run(
                [
                    "openssl",
                    "req",
                    "-x509",
                    "-newkey",
                    "ec",
                    "-pkeyopt",
                    "ec_paramgen_curve:prime256v1",
                    "-nodes",
                    "-days",
                    "30",
                    "-subj",
                    "/CN=localhost",
                    "-keyout",
                    key,
                    "-out",
                    certificate,
                ],
                check=True,
                capture_output=True,
            )
        return certificate, key


def why_discarded(row, result):
    """Why a result counts for nothing; nothing if it counts."""
    for problem in ("failed", "closed", "undelivered"):
        if result.get(problem):
            return f"{result[problem]} {problem}"
    if result.get("server_died"):
        return "the server died"
    if result.get("server_cores") == 0 and result.get("mode") != "idle":
        return "the server was not seen to work"
    # A late generator is no measure of latency. Where CPU per unit is asked for, it stands, as in a closed loop, and the
    # report says who was the limit.
    if row.is_at_a_rate() and "latency" in row.figure and result["generator"]["is_the_limit"]:
        return "the generator was late"
    return None


def servers_of(row, chosen):
    """Those of the chosen servers that the row is for, in their order."""
    names = row.servers or tuple(name for name in SERVERS if row.needs in SERVERS[name].can and name != "sluice-2")
    needed = {"grpc-echo"} if row.group == "grpc" else set()
    if "sluice" in chosen:
        needed.add("sluice-2")
    return [SERVERS[name] for name in names if name in chosen or name in needed]


def summary(row, result):
    figures = [(name, figure_of(result, name)) for name in (row.figure, *row.also)]
    return "  ".join(f"{name}={value:.4g}" for name, value in figures if value is not None)


def figure_of(result, name):
    """A figure by its dotted name."""
    for part in name.split("."):
        if not isinstance(result, dict) or part not in result:
            return None
        result = result[part]
    return result


def rounds(bench, chosen_rows, chosen_servers, count, keep):
    """Runs everything `count` times, in turn, beginning with another server each time; keep(run) after each."""
    if any(row.name == "half-rate" for row in chosen_rows) and "sluice" in chosen_servers:
        bench.find_half_rate()
    for at in range(count):
        for row in chosen_rows:
            servers = servers_of(row, chosen_servers)
            shift = at % len(servers) if servers else 0
            for server in servers[shift:] + servers[:shift]:
                keep(one_run(bench, at, row, server))


def one_run(bench, at, row, server):
    run = {"round": at, "row": row.name, "server": server.name, "result": None, "discarded": None}
    began = time.monotonic()
    try:
        run["result"] = bench.run(server, row)
        run["discarded"] = why_discarded(row, run["result"])
    except (process.Failed, OSError, ValueError) as problem:
        run["discarded"] = str(problem)
    seen = summary(row, run["result"]) if run["result"] else ""
    note = f"  DISCARDED: {run['discarded']}" if run["discarded"] else ""
    line = f"{at + 1:3} {row.name:18} {server.name:12} {time.monotonic() - began:5.1f} s  {seen}{note}"
    print(line, file=sys.stderr, flush=True)
    return run
