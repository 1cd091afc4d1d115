"""What a deadline costs: to arm, to cancel, to expire, and in memory, beside boost::asio::steady_timer and std::multimap.

Processor time of one thread, deadlines spread over a minute. "Move" is one cancelled and armed anew. The random numbers that choose the
deadline are in every row.
"""

import argparse
import json
import pathlib
import subprocess
import sys

from verdict import columns

BENCH = pathlib.Path(__file__).resolve().parents[2] / "build/release/tests/bench/offhook_timers_bench"
OUTSTANDING = (100_000, 1_000_000, 10_000_000)
MOST_MOVE_NS = {100_000: 20, 10_000_000: 60}
MOST_EXPIRE_NS, MOST_BYTES = 100, 48


def measure(outstanding):
    rows = []
    for count in outstanding:
        done = subprocess.run([BENCH, str(count)], capture_output=True, text=True, check=True)
        rows += [json.loads(line) for line in done.stdout.splitlines()]
    return [{**row, "ratio": ratio_of(row, rows)} for row in rows]


def ratio_of(row, rows):
    """How often the wheel could do it in the time that this one takes."""
    wheel = next(other for other in rows if other["outstanding"] == row["outstanding"] and other["what"] == "wheel")
    return round(row["move_ns"] / wheel["move_ns"], 2)


def table(rows):
    lines = [("timers", "outstanding", "move", "expire", "bytes each", "times the wheel")]
    lines += [(row["what"], f"{row['outstanding']:,}", f"{row['move_ns']:.0f} ns", f"{row['expire_ns']:.0f} ns", f"{row['bytes']:.0f}", f"{row['ratio']:.1f}")
              for row in rows]
    return (f"{columns(lines)}\n\nGoals for the wheel: move {MOST_MOVE_NS[100_000]} ns at 100,000 and {MOST_MOVE_NS[10_000_000]} ns at 10,000,000 outstanding, "
            f"expire {MOST_EXPIRE_NS} ns, {MOST_BYTES} bytes each.")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench timers", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true", help="the rows as JSON instead of a table")
    parser.add_argument("--outstanding", type=int, nargs="+", default=OUTSTANDING, help="how many are armed, a group of rows for each (100000 1000000 10000000)")
    options = parser.parse_args()
    rows = measure(options.outstanding)
    print(json.dumps({"rows": rows}, indent=1) if options.json else table(rows))
    sys.exit(0)


if __name__ == "__main__":
    main()
