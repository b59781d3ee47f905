"""The container image: what is in it, and how it runs with everything taken away. Needs root, buildah, podman and runc."""
import contextlib
import json
import os
import pathlib
import socket
import subprocess
import time
import unittest

from websocket import WebSocket

ROOT = pathlib.Path(__file__).resolve().parents[2]
IMAGE = "localhost/sluice:under-test"
# Images and their layers are kept from run to run, apart from those of whoever runs this.
STORAGE = ROOT / "build/containers"
ENVIRONMENT = {**os.environ, "CONTAINERS_STORAGE_CONF": str(STORAGE / "storage.conf")}
# crun wants cgroups of another kind than some hosts have; and some forbid to raise what the runtime asks for.
PODMAN = ("podman", "--runtime", "runc", "--cgroup-manager", "cgroupfs")
LIMITS = ("--ulimit", "nofile=20000:20000", "--ulimit", "nproc=20000:20000")
TAKEN_AWAY = ("--read-only", "--read-only-tmpfs=false", "--cap-drop=all", "--security-opt=no-new-privileges")


def run(*command, code=0):
    """Gives what a command prints, on both of its outputs."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          env=ENVIRONMENT)
    if code is not None and done.returncode != code:
        raise AssertionError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout[-4000:]}")
    return done.stdout


def eventually(condition, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("waited in vain")


def free_port():
    """The health check has to know the admin port before the gateway says it."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Container:
    def __init__(self, test, **variables):
        self.admin = f"127.0.0.1:{free_port()}"
        given = {"SLUICE_LISTEN": "127.0.0.1:0", "SLUICE_GRPC": "127.0.0.1:0", "SLUICE_ADMIN": self.admin,
                 "SLUICE_CLIENT_MESSAGES": "relay", "SLUICE_LOG_FORMAT": "json", "SLUICE_WORKERS": "1", **variables}
        flags = [part for name, value in given.items() for part in ("--env", f"{name}={value}")]
        self.name = run(*PODMAN, "run", "--detach", "--network", "host", *LIMITS, *TAKEN_AWAY, *flags, IMAGE).split()[-1]
        test.addCleanup(run, *PODMAN, "rm", "--force", "--time", "0", self.name, code=None)
        try:
            eventually(lambda: self.logged("ready"))
        except AssertionError:
            raise AssertionError(run(*PODMAN, "logs", self.name, code=None)) from None

    def logged(self, event):
        lines = []
        for line in run(*PODMAN, "logs", self.name).splitlines():
            with contextlib.suppress(ValueError):
                lines.append(json.loads(line))
        return [line for line in lines if line["event"] == event]

    def address(self, what):
        return next(line["address"] for line in self.logged("listening") if line["what"] == what)

    def inside(self, *command, code=0):
        return run(*PODMAN, "exec", self.name, *command, code=code)

    def state(self):
        return json.loads(run(*PODMAN, "inspect", self.name))[0]["State"]


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        STORAGE.mkdir(parents=True, exist_ok=True)
        driver = os.environ.get("STORAGE_DRIVER", "overlay")
        (STORAGE / "storage.conf").write_text(f'[storage]\ndriver = "{driver}"\ngraphroot = "{STORAGE}/graph"\n'
                                              f'runroot = "{STORAGE}/run"\n', encoding="utf-8")
        began = time.monotonic()
        built = run(ROOT / "deploy/build-image.sh", "--with", "buildah", IMAGE)
        print(f"{built.splitlines()[-1]}, built in {time.monotonic() - began:.0f} s", flush=True)
        cls.described = json.loads(run("buildah", "inspect", "--type", "image", IMAGE))["Docker"]["config"]

    def entry(self, *command, code=0):
        return run(*PODMAN, "run", "--rm", "--no-healthcheck", "--network", "host", *LIMITS, *TAKEN_AWAY,
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
        run(*PODMAN, "healthcheck", "run", container.name)
        self.assertIn("matched=2", container.inside("sluice", "publish", "--grpc", container.address("grpc"), "--room",
                                                    "lobby", "hi"))
        a.close()
        b.close()

    def test_stopped_it_drains_and_ends_with_0(self):
        container = Container(self, SLUICE_DRAIN_SECONDS="1")
        client = WebSocket(container.address("clients"))
        run(*PODMAN, "kill", "--signal", "TERM", container.name)
        self.assertEqual(client.receive()[0], 8)
        client.close()
        eventually(lambda: container.state()["Status"] == "exited")
        self.assertEqual(container.state()["ExitCode"], 0)
        self.assertTrue(container.logged("stopped"))

    def test_a_check_of_a_gateway_that_is_gone_fails(self):
        lost = self.entry("sluice", "health", "--admin", f"127.0.0.1:{free_port()}", code=1)
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
