"""The long run of the simulator: processes over shares of the seeds, then what all of them together have come through.

usage: run.py PROGRAM [--seeds A..B] [--jobs N] [--calls N] [--swarm key=value,…]

PROGRAM is offhook_sim. Says on stderr how far it is, and ends with `N passed, N failed`: a case for each share of the seeds, for each check (it
was looked at, and nothing was found) and for each pair of state and event that must have happened (coverage.cpp; not with --calls or --swarm).
Without options it also has to come to a million calls and a thousand virtual hours.
"""

import collections
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile
import time

DEFAULT_SEEDS = (1, 500)  # times 2 000 calls
PROMISED = {"calls": 1_000_000, "hours": 1_000}
SEEDS_OF_A_SHARE = 10
PROGRESS_SECONDS = 10


def shares(first, last):
    return [(begin, min(begin + SEEDS_OF_A_SHARE - 1, last)) for begin in range(first, last + 1, SEEDS_OF_A_SHARE)]


def read_report(text, counts, missing):
    for line in text.splitlines():
        kind, rest = line.split(" ", 1)
        if kind == "missing":
            missing.add(rest)
        elif kind == "pair":
            number, name = rest.split(" ", 1)
            counts["pair " + name] += int(number)
        elif kind == "check":
            name, number = rest.split(" ")
            counts["check " + name] += int(number)
        elif kind in PROMISED:
            counts[kind] += float(rest)


def live_through(command, share):
    """Returns the report, or nothing, and what the program has said."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report"
        done = subprocess.run([command[0], "--seeds", "{}..{}".format(*share), "--report", str(report), *command[1:]], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        is_fine = done.returncode == 0 and report.exists()
        return report.read_text() if is_fine else None, done.stdout


def live_through_all(command, seeds, jobs, counts, missing):
    """Returns (passed, failed). Ends with the first share in which something was found."""
    began = told = time.monotonic()
    passed = 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        waiting = [pool.submit(live_through, command, share) for share in shares(*seeds)]
        for done in concurrent.futures.as_completed(waiting):
            report, output = done.result()
            if report is None:
                pool.shutdown(cancel_futures=True)
                print(output)
                return passed, 1
            passed += 1
            read_report(report, counts, missing)
            if time.monotonic() - told >= PROGRESS_SECONDS or passed == len(waiting):
                told = time.monotonic()
                print(f"sim: {counts['calls']:.0f} calls, {counts['hours']:.0f} virtual hours in {told - began:.0f} s", file=sys.stderr, flush=True)
    return passed, 0


def run(command, seeds, jobs, promised):
    """`command`: the program and its options; with some it need not come through everything. Returns (passed, failed)."""
    counts, missing = collections.Counter(), set()
    passed, failed = live_through_all(command, seeds, jobs, counts, missing)
    if failed:
        return passed, failed
    if len(command) > 1:
        missing.clear()
    checks = [name for name in counts if name.startswith("check ")]
    pairs = sum(name.startswith("pair ") for name in counts)
    never = [name for name in checks if counts[name] == 0] + sorted(name for name in missing if counts["pair " + name] == 0)
    short = [f"{name}: {counts[name]:.0f} of {least}" for name, least in promised.items() if counts[name] < least]
    for name in never:
        print(f"NEVER: {name}")
    for name in short:
        print(f"TOO FEW {name}")
    print(f"{counts['calls']:.0f} calls, {counts['hours']:.0f} virtual hours, {len(checks)} checks, {pairs} kinds of pairs of state and event")
    looked_at = len(checks) - sum(name.startswith("check ") for name in never)
    return passed + looked_at + pairs + len(promised) - len(short), len(never) + len(short)


def main():
    words = sys.argv[1:]
    options = dict(zip(words[1::2], words[2::2]))
    jobs = int(options.pop("--jobs", os.cpu_count() or 1))
    promised = {} if options else PROMISED
    first, _, last = options.pop("--seeds", "{}..{}".format(*DEFAULT_SEEDS)).partition("..")
    command = [words[0], *(word for option in options.items() for word in option)]
    passed, failed = run(command, (int(first), int(last or first)), jobs, promised)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
