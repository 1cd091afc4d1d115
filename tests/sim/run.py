"""The long run of the simulator: several processes over seeds of their own, then what all of them together have come through.

usage: run.py PROGRAM [--seeds A..B] [--jobs N]

PROGRAM is offhook_sim. Ends with `N passed, N failed`: a case for each process, for each check (it was looked at, and nothing was found) and for
each pair of state and event that must have happened (coverage.cpp).
"""

import collections
import os
import pathlib
import subprocess
import sys
import tempfile

DEFAULT_SEEDS = (1, 500)  # times 2 000 calls


def shares(first, last, jobs):
    """The seeds in as many neighbouring ranges of the same size."""
    count = last - first + 1
    jobs = min(jobs, count)
    borders = [first + count * job // jobs for job in range(jobs + 1)]
    return [(begin, end - 1) for begin, end in zip(borders, borders[1:])]


def read_report(path, counts, missing):
    for line in path.read_text().splitlines():
        kind, rest = line.split(" ", 1)
        if kind == "missing":
            missing.append(rest)
        elif kind == "pair":
            number, name = rest.split(" ", 1)
            counts["pair " + name] += int(number)
        elif kind == "check":
            name, number = rest.split(" ")
            counts["check " + name] += int(number)
        elif kind in ("calls", "hours"):
            counts[kind] += float(rest)


def run(program, seeds, jobs):
    """Returns (passed, failed). Every process writes its progress as it goes."""
    counts, missing, children = collections.Counter(), [], []
    with tempfile.TemporaryDirectory() as folder:
        for number, (first, last) in enumerate(shares(*seeds, jobs)):
            report = pathlib.Path(folder) / str(number)
            children.append((report, subprocess.Popen([program, "--seeds", f"{first}..{last}", "--report", str(report)])))
        fine = sum(child.wait() == 0 for _, child in children)
        for report, _ in children:
            if report.exists():
                read_report(report, counts, missing)
    if fine < len(children):
        return fine, len(children) - fine
    never_looked_at = [name for name, count in counts.items() if name.startswith("check ") and count == 0]
    never_happened = sorted({name for name in missing if counts["pair " + name] == 0})
    for name in never_looked_at + never_happened:
        print(f"NEVER: {name}")
    checks = sum(name.startswith("check ") for name in counts)
    pairs = sum(name.startswith("pair ") for name in counts)
    print(f"{counts['calls']:.0f} calls, {counts['hours']:.0f} virtual hours, {checks} checks, {pairs} kinds of pairs of state and event")
    return fine + checks - len(never_looked_at) + pairs, len(never_looked_at) + len(never_happened)


def main():
    words = sys.argv[1:]
    options = dict(zip(words[1::2], words[2::2]))
    first, _, last = options.get("--seeds", "{}..{}".format(*DEFAULT_SEEDS)).partition("..")
    passed, failed = run(words[0], (int(first), int(last or first)), int(options.get("--jobs", os.cpu_count() or 1)))
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
