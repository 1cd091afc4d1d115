"""What a device costs that is registered and waits for a call: memory of the process, of the kernel, and processor time.

Real clients (`offhook load`) say hello and keep quiet; the server is in memory only. The process's memory is what only it has. The kernel's is
what the whole machine's slab grew by, halved, for the clients' ends are there as well: take it as an order of magnitude. The yardstick
in the same run: an idle connection of a Boost.Beast server that does nothing else.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from server_process import cpu_seconds, echo, private_bytes, running_load, running_server
from verdict import columns

GOAL_KIB = {"plain": 3, "TLS": 20}
QUIET_SECONDS = 20
MOST_IN_ONE_PROCESS = 4000  # the yardstick holds both ends of each


def slab_bytes():
    return 1024 * int(re.search(r"^Slab: +(\d+) kB", pathlib.Path("/proc/meminfo").read_text(), re.MULTILINE)[1])


def make_certificate(folder):
    key, certificate = f"{folder}/key.pem", f"{folder}/certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return key, certificate


def measure_one(transport, devices, quiet_seconds):
    with tempfile.TemporaryDirectory() as folder:
        config, certificate = "", ""
        if transport == "TLS":
            key, certificate = make_certificate(folder)
            config = f'[tls]\ncertificate = "{certificate}"\nkey = "{key}"\n'
        with running_server(config=config) as (url, pid):
            before, slab_before = private_bytes(pid), slab_bytes()
            with running_load(url, ca_file=certificate, devices=devices, calls=1, live=1, rate=1, hold=f"{round(2 * quiet_seconds) + 60}s") as events:
                for event in events:
                    if event["event"] == "online":
                        break
                else:
                    raise SystemExit("the devices did not come online")
                time.sleep(2)  # what follows a hello
                grown, slab_grown = private_bytes(pid) - before, slab_bytes() - slab_before
                cpu = cpu_seconds(pid)
                time.sleep(quiet_seconds)
                cpu = cpu_seconds(pid) - cpu
    return {"transport": transport, "devices": devices, "process_bytes": round(grown / devices), "kernel_bytes": round(slab_grown / 2 / devices),
            "cpu_us_per_device_s": round(1e6 * cpu / quiet_seconds / devices, 3), "goal_bytes": 1024 * GOAL_KIB[transport]}


def measure(options):
    yardstick = echo("idle", min(options.devices, MOST_IN_ONE_PROCESS))["bytes_per_connection"]
    rows = [measure_one(transport, options.devices, options.seconds) for transport in GOAL_KIB]
    for row in rows:
        row["of_yardstick"] = round(row["process_bytes"] / yardstick, 2)
    return {"beast_bytes_per_connection": yardstick, "rows": rows}


def table(result):
    lines = [("transport", "devices", "process", "goal", "kernel, about", "CPU each second", "of Beast's")]
    lines += [(row["transport"], f"{row['devices']:,}", f"{row['process_bytes']:,} B", f"{row['goal_bytes']:,} B", f"{row['kernel_bytes']:,} B",
               f"{row['cpu_us_per_device_s']:.2f} µs", f"{row['of_yardstick']:.2f}") for row in result["rows"]]
    return f"{columns(lines)}\n\nFor each device. An idle connection of plain Boost.Beast, with no user behind it: {result['beast_bytes_per_connection']:,} B."


def main():
    parser = argparse.ArgumentParser(prog="./dev bench idle", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true", help="the rows as JSON instead of a table")
    parser.add_argument("--devices", type=int, default=10000, help="how many (10000)")
    parser.add_argument("--seconds", type=float, default=QUIET_SECONDS, help=f"how long their processor time is watched ({QUIET_SECONDS})")
    options = parser.parse_args()
    result = measure(options)
    print(json.dumps(result, indent=1) if options.json else table(result))
    sys.exit(0)


if __name__ == "__main__":
    main()
