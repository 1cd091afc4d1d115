"""More calls than the server can carry: once, twice and four times as many. What is carried, how soon people hear, what is refused and how.

The server gets a share of a core only (it is stopped and let go on a hundred times a second), so that the load generator on the same machine can
offer more than it carries. What it carries is measured before and after each row, with as many calls at a time as give the most; the offer follows
the first, the share is of the mean of both, because machines have their moods. In memory only, unless --durable.
"""

import argparse
import contextlib
import json
import os
import re
import signal
import sys
import threading
import urllib.request

from server_process import cpu_seconds, running_load, running_server
from verdict import columns

TIMES = (1, 2, 4)
PERIOD_SECONDS = 0.01
DEVICES = 2000
TARGET_P99_MS, TARGET_SHARE = 250, 0.9


@contextlib.contextmanager
def slowed(pid, share):
    """The process runs for so much of the time."""
    over = threading.Event()

    def pace():
        while not over.wait(PERIOD_SECONDS * share):
            os.kill(pid, signal.SIGSTOP)
            over.wait(PERIOD_SECONDS * (1 - share))
            os.kill(pid, signal.SIGCONT)

    thread = threading.Thread(target=pace)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def refusals(url):
    text = urllib.request.urlopen(f"{url}/metrics").read().decode()
    return int(float(re.search(r"^offhook_overload_refusals_total (\S+)", text, re.MULTILINE)[1]))


def last_event(url, **options):
    with running_load(url, **options) as events:
        for event in events:
            if event["event"] == "done":
                return event
    raise SystemExit("the load generator did not come to its end")


def capacity(options):
    with running_server(data=options.durable) as (url, pid), slowed(pid, options.share):
        done = last_event(url, calls=options.calls, rate=0, devices=options.devices, live=options.live)
    return (done["done"] - done["refused"]) / max(done["seconds"], 0.001)


def measure_one(times, options):
    before = capacity(options)
    rate = max(1, round(before * times, 1))
    with running_server(data=options.durable) as (url, pid), slowed(pid, options.share):
        done = last_event(url, calls=max(20, round(rate * options.seconds)), rate=rate, devices=options.devices)
        refused, used = refusals(url), cpu_seconds(pid)
    carried = (before + capacity(options)) / 2
    wait = done["latency_ms"]
    accepted = done["done"] - done["refused"]
    return {"times": times, "capacity_per_s": round(carried, 1), "offered_per_s": rate, "carried_per_s": round(accepted / max(done["seconds"], 0.001), 1),
            "of_capacity": round(accepted / max(done["seconds"], 0.001) / carried, 2), "refused": done["refused"], "refused_by_server": refused,
            "cpu_s": round(used, 2), "seconds": done["seconds"], "placed": done["placed"], "wrong": done["wrong"] + done["unfinished"], "held_back": done["held_back"],
            "incoming_p50_ms": wait["incoming"]["p50"], "incoming_p99_ms": wait["incoming"]["p99"],
            "told_p50_ms": wait["told"]["p50"], "told_p99_ms": wait["told"]["p99"], "examples": done["examples"]}


def measure(options):
    return {"target_p99_ms": TARGET_P99_MS, "target_share": TARGET_SHARE,
            "rows": [measure_one(times, options) for times in options.times]}


def table(result):
    lines = [("offered", "carries", "calls/s", "carried/s", "of capacity", "refused", "ring p50", "ring p99", "told p50", "told p99", "wrong")]
    lines += [(f"{row['times']} ×", f"{row['capacity_per_s']:.0f}", f"{row['offered_per_s']:.0f}", f"{row['carried_per_s']:.0f}", f"{row['of_capacity']:.2f}", f"{row['refused']} of {row['placed']}",
               f"{row['incoming_p50_ms']:.0f}", f"{row['incoming_p99_ms']:.0f}", f"{row['told_p50_ms']:.0f}", f"{row['told_p99_ms']:.0f}", f"{row['wrong']}")
              for row in result["rows"]]
    return (f"{columns(lines)}\n\nWhat it carries and what is carried are calls a second. Times in ms, of accepted calls. "
            f"Goals at twice that: {TARGET_SHARE:.0%} of it carried, p99 {TARGET_P99_MS} ms, none wrong.")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench overload", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true", help="the rows as JSON instead of a table")
    parser.add_argument("--calls", type=int, default=5000, help="how many calls the capacity is measured with, twice for each row (5000)")
    parser.add_argument("--live", type=int, default=200, help="how many of these at a time (200)")
    parser.add_argument("--seconds", type=float, default=15, help="how long each row takes (15)")
    parser.add_argument("--share", type=float, default=0.25, help="of a core that the server gets (0.25)")
    parser.add_argument("--devices", type=int, default=DEVICES, help=f"who call each other ({DEVICES})")
    parser.add_argument("--times", type=int, nargs="+", default=TIMES, help="how many times the capacity is offered, a row for each (1 2 4)")
    parser.add_argument("--durable", action="store_true", help="with a data folder on this disk")
    options = parser.parse_args()
    result = measure(options)
    print(json.dumps(result, indent=1) if options.json else table(result))
    sys.exit(1 if any(row["wrong"] for row in result["rows"]) else 0)


if __name__ == "__main__":
    main()
