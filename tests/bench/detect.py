"""How soon the other side knows: from each cause of an end, or of a doubt, to the device that is told of it.

The real server with its default timers, real C++ clients in their own processes, and faults by iptables between two network
namespaces (or by a relay, where namespaces are not permitted). Every moment is CLOCK_MONOTONIC, taken where the thing happens.
"""

import argparse
import asyncio
import json
import sys

import causes
from false_ends import run_false_ends
from stage import Stage, make_network
from verdict import rows_of, table


async def measure(options, network):
    stage, bad_network = Stage(network), Stage(network, first_number=0x8000)
    samples = causes.Samples()
    try:
        await stage.start()
        await causes.measure_quick(stage, samples, options.rounds)
        await bad_network.start()
        _, false_ends = await asyncio.gather(causes.measure_slow(stage, samples, options.rounds),
                                             run_false_ends(bad_network, options.pairs, options.false_ends))
    finally:
        await stage.stop()
        await bad_network.stop()
        await network.close()
    return samples, false_ends


def main():
    parser = argparse.ArgumentParser(prog="./dev bench detect", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true", help="the rows as JSON instead of a table")
    parser.add_argument("--rounds", type=int, default=8, help="how often each cause is tried on each of its pairs of devices (8); "
                        "causes that take as long as a timer are tried once on more pairs")
    parser.add_argument("--false-ends", type=float, default=1.0, metavar="MINUTES", help="how long the calls over a bad network last (1)")
    parser.add_argument("--pairs", type=int, default=100, help="how many calls over a bad network at once (100)")
    parser.add_argument("--network", choices=("auto", "namespaces", "relay"), default="auto")
    options = parser.parse_args()
    network, sentence = make_network(options.network)
    samples, false_ends = asyncio.run(measure(options, network))
    rows = rows_of(samples, false_ends)
    if options.json:
        print(json.dumps({"network": network.name, "rows": rows}, indent=1))
    else:
        print(sentence)
        print(table(rows))
    sys.exit(0 if all(row["verdict"] == "holds" for row in rows) else 1)


if __name__ == "__main__":
    main()
