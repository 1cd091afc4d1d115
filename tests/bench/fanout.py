"""What a signal costs the server for each connection of the session that hears it.

Real WebSockets, the server in memory only. Its processor time holds all there is to it: the command, its answer, what the clients acknowledge. The
yardstick in the same run: Boost.Beast writing one frame of 300 bytes to as many connections.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys

from server_process import BUILD, echo
from verdict import columns

CONNECTIONS = (10, 100, 1000)
GOAL_US = 3
MOST_SIGNALS_EACH = 150  # of one client: a burst of 200 commands is allowed
MOST_DELIVERIES = 300_000


def measure_one(connections, signals):
    clients = pathlib.Path(__file__).with_name("fanout_clients.mjs")
    count = min(signals, MOST_SIGNALS_EACH * connections, MOST_DELIVERIES // connections)
    done = subprocess.run(["node", clients, str(connections), str(count)], capture_output=True, text=True, check=True,
                          env={**os.environ, "OFFHOOKD": str(BUILD / "offhookd")})
    found = json.loads(done.stdout)
    yardstick = echo("fanout", connections, count)["cpu_us_per_delivery"]
    return {"connections": connections, "deliveries": found["deliveries"], "cpu_us_per_delivery": round(found["cpu_us_per_delivery"], 2),
            "beast_us_per_delivery": yardstick, "ratio": round(found["cpu_us_per_delivery"] / yardstick, 2)}


def table(rows):
    lines = [("connections", "deliveries", "CPU each", "Beast's", "ratio")]
    lines += [(str(row["connections"]), f"{row['deliveries']:,}", f"{row['cpu_us_per_delivery']:.2f} µs", f"{row['beast_us_per_delivery']:.2f} µs",
               f"{row['ratio']:.2f}") for row in rows]
    return f"{columns(lines)}\n\nGoal: {GOAL_US} µs for each delivery where there are many."


def main():
    parser = argparse.ArgumentParser(prog="./dev bench fanout", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true", help="the rows as JSON instead of a table")
    parser.add_argument("--signals", type=int, default=5000, help="how many to each number of connections, fewer if the clients may not (5000)")
    parser.add_argument("--connections", type=int, nargs="+", default=CONNECTIONS, help="how many, a row for each (10 100 1000)")
    options = parser.parse_args()
    rows = [measure_one(connections, options.signals) for connections in options.connections]
    print(json.dumps({"rows": rows}, indent=1) if options.json else table(rows))
    sys.exit(0)


if __name__ == "__main__":
    main()
