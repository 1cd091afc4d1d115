"""What a whole call costs the server: invite, ring, answer, hang-up; durable before anybody is told; and how long people wait for it.

Real devices over real WebSockets (`offhook load`), the server with a data folder on this disk. CPU time is the server's own, as the
operating system counts it. The yardstick in the same run: what Boost.Beast takes to echo one frame of 300 bytes.
"""

import argparse
import json
import resource
import sys

from server_process import cpu_seconds, echo, loop_cpu_seconds, running_load, running_server
from verdict import columns

LIVE = (1, 100, 1000, 10000)  # calls at a time
MOST_CALLS_OF_ONE = 1000  # one after the other: each waits for five syncs of the disk
TARGET_CPU_MS, TARGET_P50_MS, TARGET_P99_MS = 0.10, 2, 10


def load(url, pid, **options):
    """One run of the load generator: its closing line and, measured from when all devices were online, CPU time: the server's, and that of its loop."""
    before = None
    used = lambda: (cpu_seconds(pid), loop_cpu_seconds(pid))
    with running_load(url, **options) as events:
        for event in events:
            if event["event"] == "online":
                before = used()
            if event["event"] == "done" and before is not None:
                return event, *(now - then for now, then in zip(used(), before))
    raise SystemExit("the load generator did not come to its end")


def most_live():
    """As many calls at a time as a process may have sockets: two for each, and room for devices that connect again because it took too long."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1] * 2 // 5


def devices_for(calls, live):
    """So many that none says more commands than a client may at once, which are refused beyond 200."""
    return min(max(200, 2 * live, calls // 20), 2 * most_live())


def measure_one(live, calls, rate, threads=0):
    with running_server("--network-threads", str(threads), data=True) as (url, pid):
        done, cpu, loop_cpu = load(url, pid, calls=calls, rate=rate, devices=devices_for(calls, live), live=live, name=f"bench{live}")
    wait = done["latency_ms"]
    return {"live": live, "network_threads": threads, "calls": done["done"], "offered_per_s": rate or "as fast as it goes", "calls_per_s": done["calls_per_second"],
            "cpu_ms_per_call": round(cpu * 1000 / max(1, done["done"]), 4), "loop_cpu_ms_per_call": round(loop_cpu * 1000 / max(1, done["done"]), 4),
            "wrong": done["wrong"] + done["unfinished"],
            "incoming_p50_ms": wait["incoming"]["p50"], "incoming_p99_ms": wait["incoming"]["p99"],
            "told_p50_ms": wait["told"]["p50"], "told_p99_ms": wait["told"]["p99"]}


def measure(options):
    echo_us = echo()["cpu_us_per_frame"]
    rows = [measure_one(min(live, most_live()), min(options.calls, MOST_CALLS_OF_ONE * live), 0, threads)
            for threads in options.network_threads for live in options.live]
    fastest = max(row["calls_per_s"] for row in rows)
    rows.append({**measure_one(100, options.calls, round(fastest / 2, 1)), "half_load": True})
    for row in rows:
        row["echoes_per_call"] = round(row["cpu_ms_per_call"] * 1000 / echo_us, 1)
    return {"echo_cpu_us_per_frame": echo_us, "target_cpu_ms_per_call": TARGET_CPU_MS, "target_p50_ms": TARGET_P50_MS,
            "target_p99_ms": TARGET_P99_MS, "rows": rows}


def table(result):
    head = ("calls live", "threads", "calls/s", "CPU-ms/call", "of the loop", "= echoes", "ring p50", "ring p99", "told p50", "told p99", "wrong")
    lines = [head]
    for row in result["rows"]:
        lines.append(("half load" if row.get("half_load") else str(row["live"]), str(row["network_threads"]), f"{row['calls_per_s']:.0f}",
                      f"{row['cpu_ms_per_call']:.3f}", f"{row['loop_cpu_ms_per_call']:.3f}", f"{row['echoes_per_call']:.0f}", *(f"{row[name]:.2f}" for name in
                      ("incoming_p50_ms", "incoming_p99_ms", "told_p50_ms", "told_p99_ms")), str(row["wrong"])))
    return (f"{columns(lines)}\n\nAn echo is one frame there and back by Boost.Beast: {result['echo_cpu_us_per_frame']:.1f} CPU-µs here. Times in ms, from the device that "
            f"acts to the one that is told.\nGoals: {TARGET_CPU_MS} CPU-ms a call; at half load p50 {TARGET_P50_MS} ms, p99 {TARGET_P99_MS} ms. "
            "The load generator shares this machine's cores.")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench calls", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true", help="the rows as JSON instead of a table")
    parser.add_argument("--calls", type=int, default=20000, help="how many calls for each row (20000)")
    parser.add_argument("--live", type=int, nargs="+", default=LIVE, help="how many calls at a time, a row for each (1 100 1000 10000)")
    parser.add_argument("--network-threads", type=int, nargs="+", default=(0, 2), help="threads that hold sockets, all rows for each (0 2)")
    options = parser.parse_args()
    result = measure(options)
    print(json.dumps(result, indent=1) if options.json else table(result))
    sys.exit(1 if any(row["wrong"] for row in result["rows"]) else 0)


if __name__ == "__main__":
    main()
