"""Statistics: per-round ratios, their median, and an interval by order statistics."""

import math
import statistics
from dataclasses import dataclass

from .measure import figure_of


@dataclass(frozen=True)
class Estimate:
    """A median, between the order statistics that hold the true one in 95 of 100 cases, if there are enough."""

    median: float
    low: float
    high: float
    count: int
    confidence: float  # of the interval; less than 0.95 if there were too few rounds


def confidence_without(count, cut):
    """How often the true median lies between the values that are left when `cut` are taken off each end."""
    return 1 - 2 * sum(math.comb(count, k) for k in range(cut + 1)) / 2**count


def estimate(values):
    """Nine rounds: from the 2nd to the 8th, 96.1 %. Nothing for no values."""
    values = sorted(value for value in values if value is not None)
    if not values:
        return None
    count, cut = len(values), 0
    while confidence_without(count, cut + 1) >= 0.95:
        cut += 1
    confidence = max(0.0, confidence_without(count, cut))
    return Estimate(statistics.median(values), values[cut], values[-1 - cut], count, confidence)


class Figures:
    """All valid runs of some result files. A row is taken from the newest file that has it: only what was measured
    together is compared."""

    def __init__(self, results):
        self.results = results
        self.source = {}  # row -> the results that it is from
        self._runs = {}  # (row, server) -> {round: result}
        self._discarded = {}  # (row, server) -> reasons
        for one in results:
            for row in {run["row"] for run in one["runs"]}:
                self.source[row] = one
        for row, one in self.source.items():
            for run in one["runs"]:
                if run["row"] == row:
                    self._take(run)

    def _take(self, run):
        key = (run["row"], run["server"])
        if run["discarded"]:
            self._discarded.setdefault(key, []).append(run["discarded"])
        else:
            self._runs.setdefault(key, {})[run["round"]] = run["result"]

    def servers(self, row):
        """Those with at least one valid run."""
        return [server for (name, server) in self._runs if name == row]

    def discarded(self, row, server):
        return self._discarded.get((row, server), [])

    def all_discarded(self):
        return self._discarded

    def values(self, row, server, figure):
        """By round."""
        runs = self._runs.get((row, server), {})
        found = {at: figure_of(result, figure) for at, result in runs.items()}
        return {at: value for at, value in found.items() if value is not None}

    def value(self, row, server, figure):
        return estimate(self.values(row, server, figure).values())

    def ratio(self, above, below):
        """Of two (row, server, figure), round by round; both rows must be from one file."""
        if self.source.get(above[0]) is not self.source.get(below[0]):
            return None
        tops, bottoms = self.values(*above), self.values(*below)
        return estimate(tops[at] / bottoms[at] for at in tops if bottoms.get(at))

    def generator_was_limit(self, row, server):
        """Share of the rounds in which the generator was busier than the server."""
        flags = self.values(row, server, "generator.is_the_limit").values()
        return sum(flags) / len(flags) if flags else 0
