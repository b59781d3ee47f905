"""The servers that are measured: how each is started, and whether it is here."""

import json
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from .places import PEERS, PROJECT, RESULTS


@dataclass
class Launch:
    """What one start of a server is told."""

    programs: object
    port: int
    admin_port: int
    grpc_port: int
    mode: str = "relay"  # or echo
    tls: tuple = None  # (certificate, key)
    deflate: bool = False
    arguments: list = field(default_factory=list)


@dataclass(frozen=True)
class Server:
    name: str
    title: str
    can: frozenset  # of relay, echo, tls, deflate, grpc, grpc-echo
    colour: str
    language: str = "raw"
    path: str = "/"
    echo_path: str = "/echo"
    cores: str = ""  # instead of the run's, if not empty
    processes: int = 1

    def command(self, launch):
        """The program and its arguments."""
        raise NotImplementedError

    def environment(self, launch):
        return {}

    def missing(self, programs):
        """Why it cannot be measured here; nothing if it can."""
        raise NotImplementedError

    def version(self, programs):
        raise NotImplementedError


def first_line(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except OSError:
        return "?"
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[0].strip() if lines else "?"


def not_built(path):
    return None if path.exists() else f"{path.name} is not built"


class Floor(Server):
    def command(self, launch):
        return [launch.programs.floor, launch.port]

    def missing(self, programs):
        return not_built(programs.floor)

    def version(self, programs):
        return "bench/peers/floor.cpp"


@dataclass(frozen=True)
class Sluice(Server):
    workers: int = 1

    def command(self, launch):
        clients = f"127.0.0.1:{launch.port}"
        listen = ["--listen", clients]
        if launch.tls:
            certificate, key = launch.tls
            listen = ["--listen", "127.0.0.1:0", "--listen-tls", clients, "--tls-cert", certificate, "--tls-key", key]
        return [
            launch.programs.sluice,
            "serve",
            *listen,
            "--grpc",
            f"127.0.0.1:{launch.grpc_port}",
            "--admin",
            f"127.0.0.1:{launch.admin_port}",
            "--workers",
            self.workers,
            *(["--pin-workers"] if self.workers > 1 else []),
            "--client-messages",
            launch.mode,
            "--drain-seconds",
            0,
            *launch.arguments,
        ]

    def missing(self, programs):
        return not_built(programs.sluice)

    def version(self, programs):
        commit = first_line(["git", "-C", PROJECT, "rev-parse", "--short", "HEAD"])
        return f"commit {commit}, {self.workers} worker" + ("s" if self.workers > 1 else "")


class GrpcEcho(Server):
    def command(self, launch):
        return [launch.programs.grpc_echo, launch.grpc_port]

    def missing(self, programs):
        return not_built(programs.grpc_echo)

    def version(self, programs):
        return "bench/grpc/echo_server.cpp"


@dataclass(frozen=True)
class Npm(Server):
    package: str = ""
    script: str = ""

    def command(self, launch):
        program = PEERS / "node_modules" / "bun" / "bin" / "bun.exe" if self.package == "bun" else "node"
        return [program, PEERS / self.script, launch.port]

    def environment(self, launch):
        settings = {"BENCH_DEFLATE": "1" if launch.deflate else "0"}
        if launch.tls:
            settings["BENCH_TLS_CERT"], settings["BENCH_TLS_KEY"] = map(str, launch.tls)
        return settings

    def _folder(self):
        return PEERS / "node_modules" / self.package

    def missing(self, programs):
        if self.package != "bun" and shutil.which("node") is None:
            return "there is no node"
        return None if self._folder().exists() else "bench/peers/install.sh has not installed it"

    def version(self, programs):
        version = json.loads((self._folder() / "package.json").read_text())["version"]
        return version if self.package == "bun" else f"{version}, Node {first_line(['node', '--version'])}"


class Nchan(Server):
    def command(self, launch):
        return [PEERS / "nchan.sh", launch.port, RESULTS]

    def missing(self, programs):
        module = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
        return None if module.exists() else "libnginx-mod-nchan is not installed"

    def version(self, programs):
        package = first_line(["dpkg-query", "-W", "-f", "${Version}", "libnginx-mod-nchan"])
        return f"{package}, {first_line(['nginx', '-v']).replace('nginx version: ', '')}"


class Built(Server):
    """A peer that bench/peers/install.sh compiles."""

    def _program(self):
        return RESULTS / self.name

    def command(self, launch):
        return [self._program(), launch.port]

    def missing(self, programs):
        return None if self._program().exists() else "bench/peers/install.sh has not built it"

    def version(self, programs):
        if self.name == "centrifuge":
            lines = (PEERS / "centrifuge" / "go.mod").read_text().splitlines()
            return next(line.split()[-1] for line in lines if "centrifugal/centrifuge " in line)
        noted = self._program().with_suffix(".version")
        return noted.read_text().strip() if noted.exists() else "?"


def can(*features):
    return frozenset(features)


SERVERS = {
    server.name: server
    for server in (
        Floor("floor", "floor (bare epoll)", can("relay", "echo", "mixed"), "#9aa0a6"),
        Sluice(
            "sluice",
            "Sluice",
            can("relay", "echo", "mixed", "tls", "deflate", "grpc"),
            "#1f6feb",
            echo_path="/?room=own-{i}",
        ),
        Sluice("sluice-2", "Sluice, 2 workers", can("relay", "echo"), "#54aeff", cores="0,1", workers=2),
        Built("uwebsockets", "uWebSockets", can("relay", "echo", "mixed"), "#bf8700"),
        Npm("bun", "Bun", can("relay", "echo", "mixed", "tls", "deflate"), "#8250df", package="bun", script="bun.js"),
        Npm("ws", "ws", can("relay", "echo", "mixed", "tls", "deflate"), "#1a7f37", package="ws", script="ws.js"),
        Npm(
            "socketio",
            "socket.io",
            can("relay", "echo", "mixed"),
            "#cf222e",
            language="socketio",
            path="/socket.io/?EIO=4&transport=websocket",
            echo_path="/socket.io/?EIO=4&transport=websocket",
            package="socket.io",
            script="socketio.js",
        ),
        Built("centrifuge", "Centrifuge", can("relay"), "#0a7ea4", language="centrifuge", path="/connection/websocket"),
        Nchan("nchan", "nchan", can("relay"), "#99462c", processes=2),
        GrpcEcho("grpc-echo", "bare gRPC echo", can("grpc-echo"), "#9aa0a6"),
    )
}
