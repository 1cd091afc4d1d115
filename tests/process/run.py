"""Calls between real processes that are killed, stopped and cut off; each is judged by its cause (oracle.py).

usage: run.py [--calls N] [--cells N] [--seed N] [--network auto|namespaces|relay] [--replay CELL:INDEX]

Prints a line of figures, the failures with seed, plan and time line, and `N passed, N failed` at the end.
"""

import argparse
import asyncio
import collections
import random
import sys
import time

from cell import Cell, World
from network import make_network
from oracle import judge
from plan import draw
from processes import Server, now_ms

TIMERS = {"wake_timeout": "2s", "ring_timeout": "8s", "setup_timeout": "8s", "place_timeout": "5s", "caller_grace": "3s",
          "drop_grace": "3s", "connect_timeout": "5s", "unstable_after": "1s", "heartbeat_live": "500ms", "heartbeat_idle": "2s",
          "resume_window": "5s", "move_timeout": "2s", "alone_timeout": "1s"}
FAULTS = {"kill": 20, "stop": 14, "silence": 22, "silence_up": 8, "silence_down": 8, "refuse": 20, "server_stop": 2, "server_kill": 2}
MOST_SHOWN = 5


class Run:
    def __init__(self, options, world):
        self.options = options
        self.world = world
        self.clock_offset = time.time() * 1000 - now_ms()
        self.left = options.calls
        self.stories = []
        self.failures = []  # (story, problems)
        self.counts = collections.Counter()

    async def work(self, cell):
        index = 0
        while self.left > 0:
            self.left -= 1
            await self.one(cell, draw(self.options.seed, cell.number, index, FAULTS))
            index += 1

    async def one(self, cell, plan):
        try:
            story, problems = await cell.run(plan), []
        except asyncio.TimeoutError:
            story, problems = cell.story, ["a device has not come back within 30 s after the call"]
        problems += cell.all_troubles()
        self.stories.append(story)
        self.count(story)
        problems = problems or self.judge(story)
        if problems:
            self.fail(story, problems)
        if self.world.server.crash():
            self.left = 0  # nothing more can be learnt
        elif problems:
            await cell.recover()

    def judge(self, story):
        return judge(story, self.hurts_of(story), self.clock_offset, self.world.durable)

    def hurts_of(self, story):
        return self.world.hurts_between(story.began, story.settled_at or now_ms())

    def fail(self, story, problems):
        self.failures.append((story, problems))
        if len(self.failures) <= MOST_SHOWN:
            print("\n".join([f"FAILED {story.plan.describe()}", *(f"  ! {problem}" for problem in problems),
                             story.timeline(self.hurts_of(story)),
                             f"  again: ./dev test process --seed {story.plan.seed} --replay {story.plan.name()}", ""]), flush=True)

    def count(self, story):
        self.counts["calls"] += 1
        self.counts["broken"] += bool(story.hurts or self.hurts_of(story))
        for record in story.records.values():
            self.counts[f"{record['outcome']}/{record.get('reason', '-')}" if record and "outcome" in record else "forgotten"] += 1
        for hurt in story.hurts:
            self.counts[f"fault {hurt.what}"] += 1

    async def quiescence(self):
        """Nothing is left when the faults are over: no live call, no record that has changed, nobody who is told something else."""
        if self.world.server.crash():
            return [self.world.server.crash()]
        problems = [f"still live: {record}" for record in await self.world.server.live()]
        now = {record["call_id"]: record for record in await self.world.server.records()}
        last_kill = max((hurt.since for hurt in self.world.hurts if hurt.what == "server_kill"), default=0)
        known = {}
        for story in self.stories:
            if story.late and not any(failed is story for failed, _ in self.failures):
                problems += [f"call {story.plan.name()}, after it was settled: {problem}" for problem in self.judge(story)]
            if self.world.durable or story.began > last_kill:
                known.update(story.records)
        problems += [f"the record of {call_id} has changed from {record} to {now.get(call_id)}"
                     for call_id, record in known.items() if record != now.get(call_id)]
        if self.world.durable or last_kill == 0:
            problems += [f"nobody knows of the call {now[call_id]}" for call_id in now.keys() - known.keys()]
        return problems


async def run_calls(options, network):
    server = Server(network, TIMERS, data=options.data)
    await server.start()
    world = World(network, server, durable=options.data)
    run = Run(options, world)
    replay = tuple(map(int, options.replay.split(":"))) if options.replay else None
    cells = [Cell(world, number) for number in ([replay[0]] if replay else range(options.cells))]
    try:
        await asyncio.gather(*(cell.start() for cell in cells))
        watching = asyncio.create_task(world.watch())
        if replay:
            await run.one(cells[0], draw(options.seed, *replay, FAULTS))
            print(run.stories[-1].timeline(world.hurts) if run.stories else "")
        else:
            await asyncio.gather(*(run.work(cell) for cell in cells))
        watching.cancel()
        left_over = await run.quiescence()
    finally:
        await asyncio.gather(*(cell.stop() for cell in cells), return_exceptions=True)
        await server.kill()
        await network.close()
    return run, left_over


def report(run, left_over, seconds):
    counts = run.counts
    print(f"{counts['calls']} calls in {seconds:.0f} s, {counts['broken']} of them with something broken, "
          f"{sum(hurt.what == 'server_kill' for hurt in run.world.hurts)} times the server killed, "
          f"{sum(hurt.what == 'server_stop' for hurt in run.world.hurts)} times stopped; seed {run.options.seed}")
    print("  " + ", ".join(f"{word} {number}" for word, number in sorted(counts.items()) if word not in ("calls", "broken")))
    for problem in left_over[:MOST_SHOWN]:
        print(f"FAILED at the end: {problem}")
    failed = bool(run.failures) + bool(left_over)
    if run.failures:
        print(f"{len(run.failures)} calls failed: {' '.join(story.plan.name() for story, _ in run.failures[:40])}")
    print(f"{2 - failed} passed, {failed} failed")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--cells", type=int, default=40, help="small worlds with one call at a time each")
    parser.add_argument("--seed", type=int, default=None, help="default: another one each time")
    parser.add_argument("--network", choices=("auto", "namespaces", "relay"), default="auto")
    parser.add_argument("--replay", metavar="CELL:INDEX", help="only this call of the seed, with its time line")
    parser.add_argument("--data", action="store_true", help="the server keeps its calls in a folder")
    options = parser.parse_args()
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1_000_000)
    network, sentence = make_network(options.network)
    print(f"{sentence} Seed {options.seed}.", flush=True)
    began = time.monotonic()
    run, left_over = asyncio.run(run_calls(options, network))
    sys.exit(report(run, left_over, time.monotonic() - began))


if __name__ == "__main__":
    main()
