"""The service under a real systemd, booted in namespaces of its own: readiness, reload, drain, watchdog, what it may do.
Needs root, and a kernel that lets root mount cgroups."""
import contextlib
import os
import pathlib
import re
import subprocess
import time
import unittest

from commands import eventually, run
from debian import PATH, Debian

CGROUP = f"sluice-test-{os.getpid()}"
CONFIG = "/etc/sluice/sluice.toml"


class Service(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.debian = Debian("systemd,systemd-sysv,dbus,curl")
        cls.addClassCleanup(cls.debian.remove)
        cls.debian.install()
        cls.debian.unmount()
        (cls.debian.root / "etc/machine-id").write_text("")
        script = pathlib.Path(__file__).with_name("systemd_boot.sh")
        cls.boot = subprocess.Popen([script, cls.debian.root, CGROUP], stdin=subprocess.DEVNULL, start_new_session=True)
        cls.addClassCleanup(cls.end)
        cls.first = eventually(lambda: run("pgrep", "--parent", str(cls.boot.pid), "--exact", "systemd", code=None).strip())
        eventually(lambda: cls.inside("systemctl", "is-system-running", code=None).strip() in ("running", "degraded"))

    @classmethod
    def end(cls):
        cls.boot.kill()  # and with it process 1 of the namespaces, and so all that is in them
        cls.boot.wait(timeout=30)
        for hierarchy in ("", "systemd", "unified"):
            eventually(lambda where=f"/sys/fs/cgroup/{hierarchy}/{CGROUP}": cls.removed(where))

    @staticmethod
    def removed(cgroup):
        """Whether the cgroup is gone; it stays while a process in it ends."""
        for folder, _, _ in os.walk(cgroup, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(folder)
        return not os.path.exists(cgroup)

    @classmethod
    def inside(cls, *command, code=0):
        enter = ("nsenter", "--target", cls.first, "--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup", "--root", "--wd")
        return run(*enter, "env", "-i", f"PATH={PATH}", "LC_ALL=C.UTF-8", *command, code=code)

    def setUp(self):
        (self.debian.root / "etc/sluice/sluice.toml").write_text("workers = 1\n", encoding="utf-8")
        for name in ("default/sluice", "systemd/system/sluice.service.d/test.conf"):
            (self.debian.root / "etc" / name).unlink(missing_ok=True)
        self.inside("systemctl", "daemon-reload")
        self.inside("systemctl", "restart", "sluice")

    def change(self, unit, variables):
        """Restarts the service with a drop-in file for its unit, and with variables."""
        folder = self.debian.root / "etc/systemd/system/sluice.service.d"
        folder.mkdir(exist_ok=True)
        (folder / "test.conf").write_text(f"[Service]\n{unit}\n", encoding="utf-8")
        (self.debian.root / "etc/default/sluice").write_text(variables, encoding="utf-8")
        self.inside("systemctl", "daemon-reload")
        self.inside("systemctl", "restart", "sluice")

    def shown(self, name):
        return self.inside("systemctl", "show", "sluice", "--value", "--property", name).strip()

    def log(self):
        return self.inside("journalctl", "--no-pager", "--output", "cat", "--unit", "sluice")

    def test_started_it_is_ready_and_says_so(self):
        self.assertEqual(self.inside("sluice", "health", "--ready"), "ready\n")
        self.assertEqual(self.shown("ActiveState"), "active")
        self.assertRegex(self.shown("StatusText"), r"^Ready: 1 worker, room for \d+ connections$")

    def test_it_runs_as_nobody_special_with_no_capability(self):
        status = self.inside("cat", f"/proc/{self.shown('MainPID')}/status")
        self.assertRegex(status, r"\nCapEff:\t0+\n")
        self.assertRegex(status, r"\nCapBnd:\t0+\n")
        self.assertRegex(status, r"\nNoNewPrivs:\t1\n")
        self.assertRegex(status, r"\nSeccomp:\t2\n")
        uid = re.search(r"\nUid:\t(\d+)", status).group(1)
        self.assertEqual(self.inside("id", "--user", "sluice").strip(), uid)

    def test_a_reload_changes_what_is_live(self):
        (self.debian.root / "etc/sluice/sluice.toml").write_text('workers = 1\nlog-level = "debug"\n', encoding="utf-8")
        self.inside("systemctl", "reload", "sluice")
        eventually(lambda: "option_changed option=log-level value=debug" in self.log())
        eventually(lambda: self.shown("StatusText").startswith("Ready"))

    def test_a_reload_of_a_file_with_a_mistake_fails_and_the_service_lives(self):
        (self.debian.root / "etc/sluice/sluice.toml").write_text("wrokers = 3\n", encoding="utf-8")
        self.inside("systemctl", "reload", "sluice", code=1)
        self.assertIn(f"sluice check: {CONFIG}:1: wrokers: there is no such option", self.log())
        self.assertEqual(self.inside("sluice", "health"), "ok\n")

    def test_a_drain_may_take_longer_than_the_unit_gives_any_stop(self):
        self.change("TimeoutStopSec=2", "SLUICE_DRAIN_SECONDS=6\n")
        client = ("curl", "--silent", "--no-buffer", "--max-time", "60", "http://127.0.0.1:8080/sse")
        self.inside("sh", "-c", f"{' '.join(client)} >/dev/null 2>&1 & {' '.join(client)} >/dev/null 2>&1 &")
        eventually(lambda: self.inside("sluice", "connections").count(" sse ") == 2)
        began = time.monotonic()
        self.inside("systemctl", "stop", "--no-block", "sluice")
        eventually(lambda: self.shown("StatusText") == "Draining over 6.0s; connections: 2")
        eventually(lambda: self.shown("ActiveState") == "inactive")
        self.assertGreater(time.monotonic() - began, 2.5)
        self.assertEqual((self.shown("Result"), self.shown("ExecMainStatus")), ("success", "0"))

    def test_a_gateway_that_stands_still_is_started_anew(self):
        self.change("WatchdogSec=2", "")
        self.inside("systemctl", "kill", "--signal=STOP", "sluice")
        eventually(lambda: self.shown("NRestarts") == "1" and self.shown("ActiveState") == "active")
        self.assertEqual(self.inside("sluice", "health"), "ok\n")

    def test_low_ports_need_what_the_unit_says(self):
        allowed = "AmbientCapabilities=CAP_NET_BIND_SERVICE\nCapabilityBoundingSet=CAP_NET_BIND_SERVICE"
        self.change(allowed, "SLUICE_LISTEN=127.0.0.1:80\n")
        self.assertIn("what=clients address=127.0.0.1:80", self.log())

    def test_an_upgrade_starts_it_anew_and_a_removal_ends_it(self):
        before = self.shown("MainPID")
        self.inside("dpkg", "--install", "/sluice.deb")
        self.assertNotIn(self.shown("MainPID"), (before, "0"))
        self.inside("dpkg", "--remove", "sluice")
        self.assertEqual(self.inside("systemctl", "is-active", "sluice", code=None).strip(), "inactive")
        self.inside("dpkg", "--install", "/sluice.deb")
        self.assertEqual(self.inside("systemctl", "is-active", "sluice").strip(), "active")


if __name__ == "__main__":
    unittest.main(verbosity=2)
