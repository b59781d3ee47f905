"""A fresh Debian 12 in a folder, for a package to come into and to leave. Needs root and mmdebstrap."""
import pathlib
import shutil
import tempfile

from commands import run

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def package():
    """Builds the package; gives its path."""
    return ROOT / run(ROOT / "scripts/package.sh").splitlines()[-1]


class Debian:
    def __init__(self, include):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-package-"))
        self.root = self.folder / "root"
        self.root.mkdir()
        archive = self.folder / "root.tar"
        run("mmdebstrap", "--quiet", "--variant=apt", f"--include={include}", "bookworm", archive)
        run("tar", "--extract", "--file", archive, "--directory", self.root, "--exclude=./dev/*")
        archive.unlink()
        (self.root / "dev/null").touch()
        run("mount", "--bind", "/dev/null", self.root / "dev/null")
        run("mount", "-t", "proc", "proc", self.root / "proc")
        # Names are looked up as they are here.
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
        shutil.copy(package(), self.root / "sluice.deb")

    def inside(self, *command, code=0):
        environment = {"PATH": PATH, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
        return run("chroot", self.root, *command, code=code, env=environment)

    def install(self):
        self.inside("apt-get", "-q", "update")
        return self.inside("apt-get", "-q", "-y", "install", "--no-install-recommends", "/sluice.deb")

    def unmount(self):
        for name in ("proc", "dev/null"):
            run("umount", "--lazy", self.root / name, code=None)

    def remove(self):
        self.unmount()
        shutil.rmtree(self.folder)
