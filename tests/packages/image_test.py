"""The container image: what is in it, and how it runs with everything taken away. Needs root, buildah, podman and runc."""
import contextlib
import json
import unittest

from commands import eventually
from containers import IMAGE, ROOT, build_image, free_ports, run
from websocket import WebSocket

TAKEN_AWAY = ("--read-only", "--read-only-tmpfs=false", "--cap-drop=all", "--security-opt=no-new-privileges")


class Container:
    def __init__(self, test, **variables):
        self.admin = f"127.0.0.1:{free_ports(1)[0]}"
        given = {"SLUICE_LISTEN": "127.0.0.1:0", "SLUICE_GRPC": "127.0.0.1:0", "SLUICE_ADMIN": self.admin,
                 "SLUICE_CLIENT_MESSAGES": "relay", "SLUICE_LOG_FORMAT": "json", "SLUICE_WORKERS": "1", **variables}
        flags = [part for name, value in given.items() for part in ("--env", f"{name}={value}")]
        self.name = run("podman", "run", "--detach", "--network", "host", *TAKEN_AWAY, *flags, IMAGE).split()[-1]
        test.addCleanup(run, "podman", "rm", "--force", "--time", "0", self.name, code=None)
        try:
            eventually(lambda: self.logged("ready"))
        except AssertionError:
            raise AssertionError(run("podman", "logs", self.name, code=None)) from None

    def logged(self, event):
        lines = []
        for line in run("podman", "logs", self.name).splitlines():
            with contextlib.suppress(ValueError):
                lines.append(json.loads(line))
        return [line for line in lines if line["event"] == event]

    def address(self, what):
        return next(line["address"] for line in self.logged("listening") if line["what"] == what)

    def inside(self, *command, code=0):
        return run("podman", "exec", self.name, *command, code=code)

    def state(self):
        return json.loads(run("podman", "inspect", self.name))[0]["State"]


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        build_image()
        cls.described = json.loads(run("buildah", "inspect", "--type", "image", IMAGE))["Docker"]["config"]

    def entry(self, *command, code=0):
        return run("podman", "run", "--rm", "--no-healthcheck", "--network", "host", *TAKEN_AWAY,
                   "--entrypoint", command[0], IMAGE, *command[1:], code=code)

    def test_it_says_who_it_runs_as_what_it_is_and_how_it_is_asked(self):
        self.assertEqual(self.described["User"], "10001:10001")
        self.assertEqual(self.described["Entrypoint"], ["sluice"])
        self.assertEqual(self.described["Cmd"], ["serve"])
        self.assertEqual(self.described["Healthcheck"]["Test"], ["CMD", "sluice", "health"])
        self.assertEqual(sorted(self.described["ExposedPorts"]), ["8080/tcp", "8081/tcp", "8082/tcp"])
        labels = self.described["Labels"]
        self.assertEqual(f"sluice {labels['org.opencontainers.image.version']}\n", self.entry("sluice", "version"))

    def test_what_is_in_it_is_of_the_commit_that_it_says(self):
        """A layer of an older build would have an older program."""
        commit, time_of = run("git", "-C", ROOT, "log", "-1", "--format=%H %ct").split()
        self.assertEqual(self.described["Labels"]["org.opencontainers.image.revision"], commit)
        self.assertEqual(self.entry("stat", "--format=%Y", "/usr/bin/sluice").split(), [time_of])

    def test_it_has_no_compiler_no_headers_and_no_source(self):
        tools = "for one in g++ gcc cc c++ ld make cmake ninja git curl python3; do command -v $one; done; ls /src /usr/include"
        found = self.entry("sh", "-c", tools, code=None)
        self.assertEqual([line for line in found.splitlines() if "No such file" not in line and "/usr/include" not in line], [])

    def test_no_file_of_it_belongs_to_its_user_or_to_everyone(self):
        find = ("find / -xdev -type f ( -user 10001 -o -perm /o=w ) -not -path /proc/* -not -path /dev/* "
                "-not -path /sys/* -not -path /run/*").split()
        found = self.entry(*find, code=None)
        self.assertEqual([line for line in found.splitlines() if not line.endswith("Permission denied")], [])

    def test_clients_meet_though_everything_is_taken_away(self):
        container = Container(self)
        status = container.inside("sh", "-c", "cat /proc/1/status; touch /tmp/x 2>&1 || true")
        self.assertRegex(status, r"\nUid:\t10001\t10001\t10001\t10001\n")
        self.assertRegex(status, r"\nCapEff:\t0+\n")
        self.assertRegex(status, r"\nNoNewPrivs:\t1\n")
        self.assertIn("Read-only file system", status)
        a, b = WebSocket(container.address("clients")), WebSocket(container.address("clients"))
        self.assertEqual((a.status, b.status), (101, 101))
        a.send("hello from inside")
        self.assertEqual(b.receive(), (1, b"hello from inside"))
        self.assertEqual(container.inside("sluice", "health"), "ok\n")
        self.assertEqual(container.inside("sluice", "health", "--ready"), "ready\n")
        # The image's own check, as a container engine runs it.
        run("podman", "healthcheck", "run", container.name)
        self.assertIn("matched=2", container.inside("sluice", "publish", "--grpc", container.address("grpc"), "--room",
                                                    "lobby", "hi"))
        a.close()
        b.close()

    def test_stopped_it_drains_and_ends_with_0(self):
        container = Container(self, SLUICE_DRAIN_SECONDS="1")
        client = WebSocket(container.address("clients"))
        run("podman", "kill", "--signal", "TERM", container.name)
        self.assertEqual(client.receive()[0], 8)
        client.close()
        eventually(lambda: container.state()["Status"] == "exited")
        self.assertEqual(container.state()["ExitCode"], 0)
        self.assertTrue(container.logged("stopped"))

    def test_a_check_of_a_gateway_that_is_gone_fails(self):
        lost = self.entry("sluice", "health", "--admin", f"127.0.0.1:{free_ports(1)[0]}", code=1)
        self.assertRegex(lost, r"^sluice health: 127\.0\.0\.1:\d+: ")

    def test_its_defaults_are_safe_beyond_loopback(self):
        """As it is started without any option: clients and probes may come from outside, callers may not."""
        variables = dict(one.split("=", 1) for one in self.described["Env"])
        self.assertEqual({name for name in variables if name.startswith("SLUICE_")}, {"SLUICE_ADMIN"})
        options = json.loads(self.entry("sluice", "options", "--json"))
        value = {option["name"]: option["value"] for option in options}
        self.assertEqual(value["grpc"], "127.0.0.1:8081")
        self.assertEqual(value["admin"], "[::]:8082")
        self.assertEqual(value["client-messages"], "backend")
        self.assertFalse(value["insecure-control"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
