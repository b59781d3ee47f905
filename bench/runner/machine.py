"""What the figures were measured on."""

import os
import platform
from pathlib import Path


def _first(path, key):
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return None
    return next(
        (line.split(":" if ":" in line else "=", 1)[1].strip().strip('"') for line in lines if line.startswith(key)),
        None,
    )


def describe():
    memory_kb = int((_first("/proc/meminfo", "MemTotal") or "0 kB").split()[0])
    return {
        "processor": _first("/proc/cpuinfo", "model name") or platform.machine(),
        "cores": os.cpu_count(),
        "memory": f"{memory_kb / 1024 / 1024:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "distribution": _first("/etc/os-release", "PRETTY_NAME") or "?",
        "is_virtual": "hypervisor" in (_first("/proc/cpuinfo", "flags") or ""),
    }
