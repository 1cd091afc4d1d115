"""How soon people know: from the invite until the callee rings, and from the hang-up until the other side is told.

At half of what this machine carries at most, which is measured first; with the durable store. Times are between two devices of the load
generator, which shares the machine's cores.
"""

import argparse
import json
import sys

from calls import TARGET_P50_MS, TARGET_P99_MS, measure_one
from verdict import columns

LIVE = 100
ROWS = (("invite to the callee's ring", "incoming"), ("hang-up to the other side told", "told"))


def measure(calls):
    most = measure_one(LIVE, calls, 0)
    half = measure_one(LIVE, calls, max(1, round(most["calls_per_s"] / 2, 1)))
    rows = [{"what": sentence, "load": load, "calls_per_s": found["calls_per_s"], "p50_ms": found[f"{name}_p50_ms"], "p99_ms": found[f"{name}_p99_ms"]}
            for load, found in (("half", half), ("full", most)) for sentence, name in ROWS]
    return {"wrong": most["wrong"] + half["wrong"], "target_p50_ms": TARGET_P50_MS, "target_p99_ms": TARGET_P99_MS, "rows": rows}


def table(result):
    lines = [("what", "load", "calls/s", "p50", "p99")]
    lines += [(row["what"], row["load"], f"{row['calls_per_s']:.0f}", f"{row['p50_ms']:.2f} ms", f"{row['p99_ms']:.2f} ms") for row in result["rows"]]
    return f"{columns(lines)}\n\nGoals at half load: p50 {TARGET_P50_MS} ms, p99 {TARGET_P99_MS} ms. At full load as many calls wait as are live."


def main():
    parser = argparse.ArgumentParser(prog="./dev bench latency", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true", help="the rows as JSON instead of a table")
    parser.add_argument("--calls", type=int, default=20000, help="how many calls at full and at half load (20000)")
    options = parser.parse_args()
    result = measure(options.calls)
    print(json.dumps(result, indent=1) if options.json else table(result))
    sys.exit(1 if result["wrong"] else 0)


if __name__ == "__main__":
    main()
