"""Debian's package: what is in it, and what it does to a fresh Debian 12 when it comes and goes. Needs root."""
import os
import re
import unittest

from commands import run
from debian import ROOT, Debian, package


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.deb = package()

    def field(self, name):
        return run("dpkg-deb", "--field", self.deb, name).strip()

    def test_lintian_finds_nothing(self):
        """deploy/debian/lintian-overrides says what it need not find."""
        self.assertEqual(run("lintian", "--fail-on", "warning", "--allow-root", self.deb, code=None).strip()
                         .replace("running with root privileges is not recommended!", ""), "")

    def test_its_dependencies_are_the_libraries_that_the_program_was_linked_with(self):
        depends = self.field("Depends")
        for library in ("libc6 (>=", "libgrpc++1.51 (>=", "libprotobuf32 (>=", "libssl3 (>=", "libcurl4 (>="):
            self.assertIn(library, depends)
        self.assertNotIn("-dev", depends)

    def test_it_has_the_program_the_unit_the_page_and_the_options_and_nobody_elses_files(self):
        names = [line.split()[-1] for line in run("dpkg-deb", "--contents", self.deb).splitlines()]
        files = sorted(name for name in names if not name.endswith("/"))
        self.assertEqual(files, [
            "./etc/sluice/sluice.toml",
            "./usr/bin/sluice",
            "./usr/lib/systemd/system/sluice.service",
            "./usr/share/doc/sluice/changelog.gz",
            "./usr/share/doc/sluice/copyright",
            "./usr/share/doc/sluice/examples/sluice.sample.toml",
            "./usr/share/lintian/overrides/sluice",
            "./usr/share/man/man1/sluice.1.gz",
        ])

    def test_the_file_of_options_is_a_conffile(self):
        self.assertEqual(run("dpkg-deb", "--info", self.deb, "conffiles").strip(), "/etc/sluice/sluice.toml")

    def test_the_same_source_makes_the_same_package(self):
        before = self.deb.read_bytes()
        package()
        self.assertEqual(self.deb.read_bytes(), before)

    def test_the_unit_is_exposed_to_little(self):
        """systemd's own measure, from 0 (safe) to 10; 2 is where it begins to say so."""
        unit = ROOT / "deploy/debian/sluice.service"
        text = run("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", unit)
        print(re.search(r"Overall exposure level.*", text).group())


class Installed(unittest.TestCase):
    """The tests stand in the order of a package's life, which is the order of their names."""

    @classmethod
    def setUpClass(cls):
        cls.debian = Debian("man-db,systemd")
        cls.addClassCleanup(cls.debian.remove)
        cls.root, cls.inside = cls.debian.root, cls.debian.inside

    def status(self):
        return self.inside("dpkg-query", "--show", "--showformat=${db:Status-Status}", "sluice", code=None)

    def test_1_installs_with_its_libraries_and_makes_its_user(self):
        self.debian.install()
        self.assertEqual(self.status(), "installed")
        user = self.inside("getent", "passwd", "sluice").strip().split(":")
        self.assertLess(int(user[2]), 1000)
        self.assertEqual(user[5:], ["/nonexistent", "/usr/sbin/nologin"])
        self.assertEqual(self.inside("stat", "-c", "%U:%G %a", "/etc/sluice/sluice.toml").strip(), "root:sluice 640")
        # Enabled for the next boot, but nothing was started: no systemd runs in here.
        self.assertTrue((self.root / "etc/systemd/system/multi-user.target.wants/sluice.service").is_symlink())

    def test_2_the_program_runs_and_likes_its_file(self):
        self.assertRegex(self.inside("sluice", "version"), r"^sluice \d+\.\d+\.\d+\n$")
        as_service = ("setpriv", "--reuid=sluice", "--regid=sluice", "--init-groups")
        self.assertEqual(self.inside(*as_service, "sluice", "check", "--config", "/etc/sluice/sluice.toml"), "ok\n")
        sample = "/usr/share/doc/sluice/examples/sluice.sample.toml"
        self.assertEqual(self.inside("sluice", "check", "--config", sample), "ok\n")

    def test_3_every_key_that_the_file_shows_is_an_option(self):
        """Its values stand in comments."""
        text = (self.root / "etc/sluice/sluice.toml").read_text()
        shown = re.findall(r"^# ([a-z-]+ = .*)$", text, flags=re.MULTILINE)
        self.assertGreater(len(shown), 3)
        (self.root / "tmp/shown.toml").write_text("\n".join(shown) + "\n")
        self.assertEqual(self.inside("sluice", "check", "--config", "/tmp/shown.toml"), "ok\n")

    def test_4_the_manual_page_is_found_and_has_no_mistake(self):
        page = self.inside("man", "sluice")
        for words in ("gateway for real-time clients", "OPTIONS OF SERVE", "--drain-delay-seconds", "EXIT STATUS"):
            self.assertIn(words, page)
        self.assertEqual(self.inside("sh", "-c", "man --warnings -E UTF-8 -Tutf8 -Z sluice 2>&1 >/dev/null"), "")

    def test_5_installed_again_it_keeps_what_the_administrator_changed(self):
        config = self.root / "etc/sluice/sluice.toml"
        config.write_text('log-level = "debug"\n')
        config.chmod(0o600)
        self.inside("systemctl", "disable", "sluice.service")
        self.inside("dpkg", "--install", "/sluice.deb")
        self.assertEqual(config.read_text(), 'log-level = "debug"\n')
        self.assertEqual(config.stat().st_mode & 0o777, 0o600)
        self.assertFalse((self.root / "etc/systemd/system/multi-user.target.wants/sluice.service").is_symlink())

    def test_6_removed_it_leaves_the_options_and_purged_nothing_but_the_user(self):
        self.inside("apt-get", "-q", "-y", "remove", "sluice")
        self.assertEqual(self.status(), "config-files")
        self.assertTrue((self.root / "etc/sluice/sluice.toml").exists())
        self.assertFalse((self.root / "usr/bin/sluice").exists())
        self.inside("apt-get", "-q", "-y", "purge", "sluice")
        self.assertIn(self.status(), ("not-installed", "dpkg-query: no packages found matching sluice\n"))
        # What man keeps of pages that were read is its own.
        left = run("find", ".", "-xdev", "-path", "./var/cache/man", "-prune", "-o", "-name", "*sluice*", "-print",
                   cwd=self.root).split()
        self.assertEqual(left, ["./sluice.deb"])
        self.assertTrue(self.inside("getent", "passwd", "sluice"))


if __name__ == "__main__":
    os.umask(0o022)
    unittest.main(verbosity=2)
