"""A gateway with one worker, on free ports, for benchmarks that are programs of their own."""

import json
import pathlib
import subprocess


class LoneGateway:
    """`ports` are the flags of what it listens at; `before` is put in front of its command, as taskset is."""

    def __init__(self, program, flags, ports=("--listen", "--grpc", "--admin"), before=()):
        self._command = [*before, program, "serve", "--workers", "1", "--log-format", "json", "--drain-seconds", "0",
                         "--close-timeout-seconds", "0.2", *flags]
        self._command += [part for flag in ports for part in (flag, "127.0.0.1:0")]
        self.addresses = {}

    def __enter__(self):
        self.process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            said = json.loads(line)
            if said["event"] == "listening":
                self.addresses[said["what"]] = said["address"]
            if said["event"] == "ready":
                return self
        raise RuntimeError("the gateway did not start")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate()

    def port(self, what):
        return self.addresses[what].rsplit(":", 1)[1]

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100
