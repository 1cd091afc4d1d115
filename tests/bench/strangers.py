"""What peers without a name cost the others: 8 000 slow sockets and 2 000 forged tokens a second, and how soon people hear of their calls meanwhile.

Slow sockets say nothing, or their request, or their hello, byte by byte; each is cut after 5 s and opened again at once. They come from so many
addresses that hardly any is refused for its address (the worst case), and from two (the limits hold). The calls are those of `offhook load`
on the same server, over the same two cores as all the rest; the server is in memory only.
"""

import argparse
import json
import multiprocessing
import sys
import time
import urllib.parse

import flood
from server_process import KEY, PROJECT, SECRET, cpu_seconds, private_bytes, running_load, running_server
from verdict import columns

TARGET_P99_MS = 250
SETTLE_SECONDS = 6  # more than the 5 s after which the first slow sockets are cut
WHO = {"OFFHOOK_API_KEY": KEY, "OFFHOOK_API_SECRET": SECRET}


def addresses(count):
    return [f"127.0.{1 + number // 250}.{1 + number % 250}" for number in range(count)]


def call_meanwhile(url, options):
    with running_load(url, project=WHO, calls=options.calls, rate=options.rate, devices=50) as events:
        for event in events:
            if event["event"] == "done":
                return event
    raise SystemExit("the load generator did not come to its end")


def measure_one(what, count, options):
    """`count` addresses; 0: nobody disturbs."""
    with running_server(config=PROJECT, dev=False) as (url, pid):
        until, results = multiprocessing.Event(), multiprocessing.Queue()
        before = private_bytes(pid)
        if count:
            arguments = (urllib.parse.urlsplit(url).port, addresses(count), options.slow, options.forged, KEY, until, results)
            multiprocessing.Process(target=flood.run, args=arguments, daemon=True).start()
            time.sleep(SETTLE_SECONDS)
        begun, cpu = time.monotonic(), cpu_seconds(pid)
        done = call_meanwhile(url, options)
        cpu = (cpu_seconds(pid) - cpu) / (time.monotonic() - begun)
        held = private_bytes(pid) - before
        until.set()
        seen = results.get() if count else {}
    wait = done["latency_ms"]
    seconds = seen.get("seconds", 1)
    return {"what": what, "slow_sockets": seen.get("slow_now", 0), "opened_per_s": round(seen.get("opened", 0) / seconds),
            "forged_refused_per_s": round(seen.get("forged_refused", 0) / seconds), "turned_away_per_s": round(seen.get("turned_away", 0) / seconds),
            "calls": done["done"], "wrong": done["wrong"] + done["unfinished"], "incoming_p50_ms": wait["incoming"]["p50"],
            "incoming_p99_ms": wait["incoming"]["p99"], "told_p99_ms": wait["told"]["p99"], "server_cpu": round(cpu, 2), "server_grew_bytes": held}


def measure(options):
    plan = (("nobody disturbs", 0), (f"from {options.addresses} addresses", options.addresses), ("from 2 addresses", 2))
    return {"target_p99_ms": TARGET_P99_MS, "rows": [measure_one(what, count, options) for what, count in plan]}


def table(result):
    lines = [("strangers", "slow sockets", "opened/s", "forged refused/s", "turned away/s", "calls", "ring p50", "ring p99", "told p99", "server's CPU", "it grew by")]
    lines += [(row["what"], f"{row['slow_sockets']}", f"{row['opened_per_s']}", f"{row['forged_refused_per_s']}", f"{row['turned_away_per_s']}", f"{row['calls']}",
               f"{row['incoming_p50_ms']:.1f}", f"{row['incoming_p99_ms']:.1f}", f"{row['told_p99_ms']:.1f}", f"{row['server_cpu']:.2f}",
               f"{row['server_grew_bytes'] / 1e6:.1f} MB") for row in result["rows"]]
    return f"{columns(lines)}\n\nTimes in ms, of calls between people who are signed in. Goal: p99 {TARGET_P99_MS} ms."


def is_good(row):
    return row["wrong"] == 0 and max(row["incoming_p99_ms"], row["told_p99_ms"]) <= TARGET_P99_MS


def main():
    parser = argparse.ArgumentParser(prog="./dev bench strangers", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true", help="the rows as JSON instead of a table")
    parser.add_argument("--slow", type=int, default=8000, help="how many slow sockets at a time (8000)")
    parser.add_argument("--forged", type=int, default=2000, help="how many forged tokens a second (2000)")
    parser.add_argument("--addresses", type=int, default=200, help="from how many addresses the many come (200)")
    parser.add_argument("--calls", type=int, default=400, help="how many calls are measured (400)")
    parser.add_argument("--rate", type=int, default=20, help="how many of them a second (20)")
    options = parser.parse_args()
    result = measure(options)
    print(json.dumps(result, indent=1) if options.json else table(result))
    sys.exit(0 if all(map(is_good, result["rows"])) else 1)


if __name__ == "__main__":
    main()
