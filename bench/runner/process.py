"""Starting and ending programs: on which cores, with which files, and how it is known that they are ready."""

import os
import random
import resource
import signal
import socket
import subprocess
import time
from pathlib import Path

FILES = 20_000


class Failed(Exception):
    """A run that gave no result; says why."""


def raise_file_limit():
    """For this process and what it starts: as many files as may be, and 20,000 if that can be had."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(hard, FILES), max(hard, FILES)))
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def free_ports(count):
    """Ports below those that clients connect from, so that no client of a last run holds one."""
    found = []
    while len(found) < count:
        port = random.randint(12_000, 30_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found


def start(command, cores, log, environment=None, **more):
    return subprocess.Popen(
        ["taskset", "-c", cores, *map(str, command)],
        stdin=subprocess.DEVNULL,
        stderr=log,
        env={**os.environ, **(environment or {})},
        **more,
    )


def wait_for_port(port, process, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise Failed(f"the server ended with {process.returncode}")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.02)
    raise Failed("the server took no connection")


def family(pid):
    """The process and all that it started."""
    pids = [pid]
    for one in pids:
        try:
            children = Path(f"/proc/{one}/task/{one}/children").read_text()
        except OSError:
            continue
        pids += [int(child) for child in children.split()]
    return pids


def whole_family(pid, count, seconds=20):
    """The same, once there are so many: a server may listen before it has started the process that serves."""
    end = time.monotonic() + seconds
    while len(pids := family(pid)) < count:
        if time.monotonic() > end:
            raise Failed(f"the server did not start {count} processes")
        time.sleep(0.02)
    return pids


def end(process, seconds=5):
    """Asks twice, then insists."""
    pids = family(process.pid)
    for number in (signal.SIGTERM, signal.SIGTERM):
        if process.poll() is None:
            process.send_signal(number)
            try:
                process.wait(seconds / 2)
            except subprocess.TimeoutExpired:
                continue
    for pid in pids if process.poll() is None else []:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.wait()
