"""Turns the Autobahn test suite's index.json into a table by section, and a document.

report.py INDEX VERSION [DOCUMENT]: prints the table; writes DOCUMENT too. Fails if a case failed.
"""
import collections
import json
import sys

SECTIONS = {
    "1": "Framing", "2": "Pings and pongs", "3": "Reserved bits", "4": "Opcodes", "5": "Fragmentation",
    "6": "UTF-8", "7": "Closing", "9": "Limits and performance", "10": "Miscellaneous",
    "12": "Compression, different payloads", "13": "Compression, different parameters",
}
VERDICTS = ["OK", "INFORMATIONAL", "NON-STRICT"]
# Why a case that is not OK is as it is.
REASONS = {
    "INFORMATIONAL": "The case only records what a server does; every behaviour is allowed.",
    "NON-STRICT": "The outcome is right but later than the case would like.",
}


def main() -> int:
    with open(sys.argv[1], encoding="utf-8") as file:
        cases = json.load(file)["sluice"]
    counts = collections.defaultdict(collections.Counter)
    others = []
    for name, case in cases.items():
        verdict = case["behavior"]
        closing = case["behaviorClose"]
        # A wrong way to close counts as much as a wrong answer.
        if verdict == "OK" and closing not in ("OK", "INFORMATIONAL"):
            verdict = "WRONG CLOSE: " + closing
        counts[name.split(".")[0]][verdict] += 1
        if verdict != "OK":
            others.append((name, verdict))
    verdicts = VERDICTS + sorted({v for _, v in others} - set(VERDICTS))
    lines = ["| section | " + " | ".join(verdicts) + " |", "| --- |" + " --- |" * len(verdicts)]
    for section in sorted(counts, key=int):
        cells = [str(counts[section][verdict]) for verdict in verdicts]
        lines.append(f"| {section} {SECTIONS.get(section, '')} | " + " | ".join(cells) + " |")
    totals = [str(sum(count[verdict] for count in counts.values())) for verdict in verdicts]
    lines.append("| all | " + " | ".join(totals) + " |")
    table = "\n".join(lines)
    print(table)
    others.sort(key=lambda one: [int(part) for part in one[0].split(".")])
    details = [f"| {name} | {verdict} | {REASONS.get(verdict, 'to be mended')} |" for name, verdict in others]
    if len(sys.argv) > 3:
        with open(sys.argv[3], "w", encoding="utf-8") as file:
            file.write(
                "# Conformance\n\n"
                "## RFC 6455: the Autobahn test suite\n\n"
                "Made by `tests/conformance/autobahn.sh`, the fuzzing client against `sluice serve --client-messages echo`,\n"
                f"{sys.argv[2].strip()}, sections 1-7, 9, 10, 12 and 13: {len(cases)} cases.\n\n{table}\n\n"
                + ("Every case that is not OK:\n\n| case | verdict | why |\n| --- | --- | --- |\n" + "\n".join(details) + "\n"
                   if details else "Every case is OK.\n"))
    failed = [name for name, verdict in others if verdict not in VERDICTS]
    for name in failed:
        print(f"failed: {name} {cases[name]['behavior']} {cases[name]['behaviorClose']}")
    return 1 if failed else 0


sys.exit(main())
