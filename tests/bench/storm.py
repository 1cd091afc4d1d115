"""Five thousand clients, some of them in calls; the server is killed and started again. How soon they are back, how many were told to wait, and the calls.

Real clients (`offhook load`) over real sockets, all in one process that shares the machine's cores; the server with a data folder.
"""

import argparse
import contextlib
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

from server_process import BUILD, CONFIG, private_bytes, running_load
from verdict import columns

TARGET_SECONDS = 10
PATIENCE_SECONDS = 90
POLL_SECONDS = 0.05


def start(folder, port):
    command = [BUILD / "offhookd", "--dev", "--listen", f"127.0.0.1:{port}", "--config", folder / "offhook.toml", "--data", folder / "data"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for line in server.stdout:
        found = re.search(r"https?://127\.0\.0\.1:(\d+)", line)
        if found:
            return server, int(found[1])
    raise SystemExit("the server did not start")


def metric(port, name):
    """Nothing while nobody answers."""
    with contextlib.suppress(urllib.error.URLError, OSError):
        text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
        found = re.search(rf"^{name} (\S+)", text, re.MULTILINE)
        return float(found[1]) if found else 0
    return None


def time_until(port, count, begun):
    """Seconds from `begun` until so many clients are there."""
    watch = threading.Event()
    while time.monotonic() - begun < PATIENCE_SECONDS:
        if (metric(port, "offhook_clients") or 0) >= count:
            return round(time.monotonic() - begun, 2)
        watch.wait(POLL_SECONDS)
    raise SystemExit(f"not back within {PATIENCE_SECONDS} s: {metric(port, 'offhook_clients')} of {count}")


def until(events, wanted):
    for event in events:
        if wanted(event):
            return event
    raise SystemExit("the load generator did not come to its end")


def measure(options):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "offhook.toml").write_text(CONFIG)
        server, port = start(folder, 0)
        try:
            with running_load(f"http://127.0.0.1:{port}", devices=options.clients, calls=options.calls, rate=options.calls / 4, hold=f"{options.hold}s") as events:
                until(events, lambda event: event["event"] == "progress" and event["live"] >= options.calls)
                before = private_bytes(server.pid)
                server.send_signal(signal.SIGKILL)
                server.wait()
                begun = time.monotonic()
                server, _ = start(folder, port)
                took = [time_until(port, round(options.clients * share), begun) for share in (0.5, 0.99, 1)]
                after = private_bytes(server.pid)
                refused = metric(port, "offhook_overload_refusals_total")
                done = until(events, lambda event: event["event"] == "done")
        finally:
            server.send_signal(signal.SIGKILL)
            server.wait()
    return {"target_seconds": TARGET_SECONDS, "rows": [{
        "clients": options.clients, "half_back_s": took[0], "back_99_s": took[1], "all_back_s": took[2], "told_to_wait": int(refused),
        "bytes_before": before, "bytes_after": after, "calls": done["done"], "wrong": done["wrong"] + done["unfinished"], "examples": done["examples"]}]}


def table(result):
    lines = [("clients", "half back", "99 % back", "all back", "told to wait", "memory before", "after", "calls", "lost")]
    lines += [(f"{row['clients']}", f"{row['half_back_s']:.1f} s", f"{row['back_99_s']:.1f} s", f"{row['all_back_s']:.1f} s", f"{row['told_to_wait']}",
               f"{row['bytes_before'] / 1e6:.1f} MB", f"{row['bytes_after'] / 1e6:.1f} MB", f"{row['calls']}", f"{row['wrong']}") for row in result["rows"]]
    return f"{columns(lines)}\n\nFrom the kill on. Goal: 99 % back within {TARGET_SECONDS} s, no call lost."


def main():
    parser = argparse.ArgumentParser(prog="./dev bench storm", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true", help="the rows as JSON instead of a table")
    parser.add_argument("--clients", type=int, default=5000, help="how many (5000)")
    parser.add_argument("--calls", type=int, default=200, help="how many calls are under way (200)")
    parser.add_argument("--hold", type=int, default=25, help="seconds that each of them goes on for (25)")
    options = parser.parse_args()
    result = measure(options)
    print(json.dumps(result, indent=1) if options.json else table(result))
    sys.exit(0 if all(row["wrong"] == 0 and row["back_99_s"] <= TARGET_SECONDS for row in result["rows"]) else 1)


if __name__ == "__main__":
    main()
