#!/usr/bin/env python3
"""Makes the image of the one process that holds a pod's namespaces: pause_image.py FILE. Needs gcc and a static libc."""
import hashlib
import io
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile

NAME = "registry.local/pause:1"
SOURCE = """
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
static void end(int signal) { (void)signal; _exit(0); }
static void reap(int signal) { (void)signal; while (waitpid(-1, 0, WNOHANG) > 0) {} }
int main(void) { signal(SIGINT, end); signal(SIGTERM, end); signal(SIGCHLD, reap); for (;;) pause(); }
"""


def compiled():
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "pause"
        subprocess.run(["gcc", "-O2", "-static", "-x", "c", "-o", program, "-"], input=SOURCE, text=True, check=True)
        return program.read_bytes()


def packed(entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data, mode in entries:
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), mode
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def main():
    layer = packed([("pause", compiled(), 0o755)])
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Entrypoint": ["/pause"], "User": "65535"},
                         "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}}).encode()
    manifest = json.dumps([{"Config": "config.json", "RepoTags": [NAME], "Layers": ["layer.tar"]}]).encode()
    pathlib.Path(sys.argv[1]).write_bytes(packed([
        ("config.json", config, 0o644), ("layer.tar", layer, 0o644), ("manifest.json", manifest, 0o644)]))


if __name__ == "__main__":
    main()
