"""Where things are: this checkout, what was built, where results go."""

from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
PROJECT = BENCH.parent
PEERS = BENCH / "peers"
BUILD = PROJECT / "build" / "release"
RESULTS = PROJECT / "build" / "bench"
DOCUMENT = PROJECT / "docs" / "benchmarks.md"
PLOTS = PROJECT / "docs" / "benchmarks"


class Programs:
    """Our own programs, as a build with -DSLUICE_BENCH=ON makes them."""

    def __init__(self, build):
        self.build = Path(build).resolve()
        self.sluice = self.build / "sluice"
        self.load = self.build / "bench" / "sluice-bench-load"
        self.floor = self.build / "bench" / "sluice-bench-floor"
        self.grpc = self.build / "bench" / "sluice-bench-grpc"
        self.grpc_echo = self.build / "bench" / "sluice-bench-grpc-echo"
        self.rooms = self.build / "bench" / "sluice-bench-rooms"
