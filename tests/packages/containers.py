"""Images and containers of these tests, apart from those of whoever runs them. Needs root, buildah, podman and runc."""
import contextlib
import os
import pathlib
import socket
import time

import commands

ROOT = pathlib.Path(__file__).resolve().parents[2]
IMAGE = "localhost/sluice:under-test"
# What deploy/build-image.sh begins from, pulled or made.
BASE = "localhost/sluice-base:bookworm"
# Images and their layers are kept from run to run.
STORAGE = ROOT / "build/containers"
ENVIRONMENT = {**os.environ, "CONTAINERS_STORAGE_CONF": str(STORAGE / "storage.conf"),
               "CONTAINERS_CONF": str(STORAGE / "containers.conf")}
# Some hosts forbid to raise what the runtime asks for unless told.
LIMITS = {"nofile": 20000, "nproc": 20000}


def run(*command, **options):
    """As commands.run, with these images and containers."""
    return commands.run(*command, env=ENVIRONMENT, **options)


def free_ports(count):
    """For what has to know a port before who listens says it."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def build_image():
    """Builds the gateway's image as IMAGE, and says how large it is and how long that took."""
    STORAGE.mkdir(parents=True, exist_ok=True)
    driver = os.environ.get("STORAGE_DRIVER", "overlay")
    (STORAGE / "storage.conf").write_text(f'[storage]\ndriver = "{driver}"\ngraphroot = "{STORAGE}/graph"\n'
                                          f'runroot = "{STORAGE}/run"\n', encoding="utf-8")
    # crun, podman's own choice, wants cgroups of another kind than some hosts have. Containers find each other by name
    # in netavark's networks only.
    limits = ", ".join(f'"{name}={value}:{value}"' for name, value in LIMITS.items())
    (STORAGE / "containers.conf").write_text(
        f'[containers]\ndefault_ulimits = [{limits}]\n[network]\nnetwork_backend = "netavark"\n'
        f'network_config_dir = "{STORAGE}/networks"\n[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\n'
        'events_logger = "file"\n', encoding="utf-8")
    began = time.monotonic()
    built = run(ROOT / "deploy/build-image.sh", "--with", "buildah", IMAGE)
    print(f"{built.splitlines()[-1]}, built in {time.monotonic() - began:.0f} s", flush=True)
