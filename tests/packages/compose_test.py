"""deploy/compose as an engine runs it: podman's, which Debian's Compose asks over the engine's API. NATS and Prometheus are
Debian's, in images under the names that compose.yaml has; of Grafana there is no package, so it is left out. Needs root,
buildah, podman, netavark, aardvark-dns, runc and docker-compose."""
import http.client
import itertools
import json
import re
import shutil
import subprocess
import tempfile
import unittest
import urllib.request
from pathlib import Path

from commands import eventually
from containers import BASE, ENVIRONMENT, IMAGE, LIMITS, ROOT, build_image, free_ports, run

PROJECT = "sluice-under-test"
SERVICES = ("gateway-a", "gateway-b", "nats", "publisher", "prometheus")
GATEWAYS = ("gateway-a", "gateway-b")
FILES = {"nats": ROOT / "tests/kubernetes/nats.Dockerfile", "prometheus": ROOT / "tests/packages/prometheus.Dockerfile"}


def build_images(composed):
    build_image()
    for image in set(re.findall(r"^ *image: (\S+)$", composed, re.MULTILINE)):
        name = re.split("[/:]", image)[-2]
        if name == "sluice":
            run("podman", "tag", IMAGE, f"localhost/{image}")
        elif name in FILES:
            run("buildah", "bud", "--quiet", "--isolation", "chroot", "--pull-never", "--layers",
                "--build-arg", f"BASE={BASE}", "--file", FILES[name], "--tag", f"localhost/{image}", ROOT / "tests/packages")


class Stream:
    """A client of server-sent events that does not come back by itself."""

    def __init__(self, port, last_id=""):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.connection.request("GET", "/sse?room=lobby", headers={"Last-Event-ID": last_id} if last_id else {})
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.read()
        self.last_id = last_id

    def __iter__(self):
        """The data of each event, until the gateway ends the stream."""
        while line := self.answer.readline():
            field, _, value = line.decode().rstrip("\n").partition(": ")
            if field == "id":
                self.last_id = value
            elif field == "data":
                yield value

    def take(self, count):
        return list(itertools.islice(self, count))

    def close(self):
        self.answer.close()
        self.connection.close()


class Compose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        composed = (ROOT / "deploy/compose/compose.yaml").read_text(encoding="utf-8")
        build_images(composed)
        cls.folder = Path(tempfile.mkdtemp(prefix="sluice-compose-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        shutil.copytree(ROOT / "deploy", cls.folder / "deploy")
        cls.here = cls.folder / "deploy/compose"

        # The ports of compose.yaml may be in use here. And Debian's Compose is older than the project's name in the file.
        published = re.findall(r'"127\.0\.0\.1:(\d+):\d+"', composed)
        cls.ports = dict(zip(published, free_ports(len(published)), strict=True))
        for port, free in cls.ports.items():
            composed = composed.replace(f'"127.0.0.1:{port}:', f'"127.0.0.1:{free}:')
        (cls.here / "compose.yaml").write_text(re.sub(r"^name: .*\n", "", composed, flags=re.MULTILINE), encoding="utf-8")
        # What the host allows at most.
        own = {"services": {name: {"ulimits": LIMITS} for name in GATEWAYS}}
        (cls.here / "limits.yaml").write_text(json.dumps(own), encoding="utf-8")
        # As the README says.
        run("sh", "-c", "(umask 027 && head -c 48 /dev/urandom | base64 > secret); chgrp 10001 secret", cwd=cls.here)

        socket = cls.folder / "engine.sock"
        # It complains of each container's health check that there is no systemd to run it; the test runs it.
        cls.engine = subprocess.Popen(["podman", "--log-level", "fatal", "system", "service", "--time", "0", f"unix://{socket}"],
                                      env=ENVIRONMENT, stderr=subprocess.DEVNULL)
        cls.addClassCleanup(cls.end_engine)
        eventually(socket.exists)
        cls.command = ("docker-compose", "--host", f"unix://{socket}", "--project-name", PROJECT, "--file", "compose.yaml",
                       "--file", "limits.yaml")
        cls.remove()
        cls.addClassCleanup(cls.remove)
        cls.compose("up", "--detach", *SERVICES)

    @classmethod
    def compose(cls, *arguments):
        return run(*cls.command, *arguments, cwd=cls.here)

    @classmethod
    def end_engine(cls):
        cls.engine.terminate()
        cls.engine.wait()

    @classmethod
    def remove(cls):
        """Also what an earlier run left. Compose's own way does not know that podman has containers depend on others."""
        ours = ("--filter", f"label=com.docker.compose.project={PROJECT}", "--quiet")
        if left := run("podman", "ps", "--all", *ours).split():
            run("podman", "rm", "--force", "--time", "0", "--depend", *left)
        for kind in ("network", "volume"):
            if left := run("podman", kind, "ls", *ours).split():
                run("podman", kind, "rm", "--force", *left)

    def container(self, service):
        return json.loads(run("podman", "inspect", f"{PROJECT}_{service}_1"))[0]

    def stream(self, gateway, last_id=""):
        """A stream at the port that the gateway has on this machine."""
        port = self.ports["8080" if gateway == "gateway-a" else "8090"]
        opened = eventually(lambda: self.try_stream(port, last_id))
        self.addCleanup(opened.close)
        return opened

    @staticmethod
    def try_stream(port, last_id):
        try:
            return Stream(port, last_id)
        except (OSError, http.client.HTTPException, AssertionError):
            return None

    def test_the_gateways_are_healthy_and_have_nothing_that_they_do_not_need(self):
        for name in GATEWAYS:
            container = self.container(name)
            eventually(lambda: run("podman", "healthcheck", "run", container["Name"], code=None).strip() == "")
            self.assertEqual(container["Config"]["User"], "10001:10001")
            self.assertTrue(container["HostConfig"]["ReadonlyRootfs"])
            self.assertIn("no-new-privileges", str(container["HostConfig"]["SecurityOpt"]))
            self.assertRegex(self.compose("exec", "-T", name, "cat", "/proc/1/status"), r"\nCapEff:\t0+\n")
            self.assertEqual(container["State"]["Status"], "running")
            self.assertEqual(container["RestartCount"], 0)

    def test_only_this_machine_reaches_them_and_only_the_clients_ports(self):
        for name in GATEWAYS:
            bindings = self.container(name)["HostConfig"]["PortBindings"]
            published = {port: [one["HostIp"] for one in there] for port, there in bindings.items() if there}
            self.assertEqual(published, {"8080/tcp": ["127.0.0.1"]})

    def test_both_are_one_and_a_stream_goes_on_after_a_restart(self):
        whole, first = self.stream("gateway-a"), self.stream("gateway-b")
        begun = first.take(2)
        self.assertRegex(begun[0], r"^it is \d\d:\d\d:\d\d$")
        self.assertIn("sse", self.compose("exec", "-T", "gateway-a", "sluice", "connections"))
        nodes = self.compose("exec", "-T", "gateway-a", "sluice", "nodes")
        for name in GATEWAYS:
            self.assertRegex(nodes, rf"\b{name}\b")

        restart = subprocess.Popen([*self.command, "restart", "gateway-b"], cwd=self.here, env=ENVIRONMENT,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        begun += list(first)
        self.assertEqual(restart.wait(), 0)
        begun += self.stream("gateway-b", first.last_id).take(3)
        # It may have come earlier; from there on it has heard the same.
        heard = itertools.dropwhile(lambda data: data != begun[0], whole)
        self.assertEqual(list(itertools.islice(heard, len(begun))), begun)

    def test_prometheus_asks_both_and_has_the_rules(self):
        url = f"http://127.0.0.1:{self.ports['9090']}/api/v1"

        def asked(path):
            with urllib.request.urlopen(f"{url}/{path}") as answer:
                return json.load(answer)["data"]

        def up():
            # It begins within its interval of 15 s.
            found = asked("query?query=sluice_connections")["result"]
            return {one["metric"]["instance"] for one in found} == {f"{name}:8082" for name in GATEWAYS}

        eventually(up, seconds=40)
        groups = asked("rules")["groups"]
        written = (ROOT / "deploy/prometheus/sluice.rules.yaml").read_text(encoding="utf-8")
        self.assertCountEqual([group["name"] for group in groups], re.findall(r"^ *- name: (\S+)$", written, re.MULTILINE))
        self.assertEqual([rule["name"] for group in groups for rule in group["rules"] if rule["health"] == "err"], [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
