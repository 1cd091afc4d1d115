"""Calls over a bad network: a fifth of the packets lost, black-outs of 4 s, a server that stands still for 2 s. None of them may end."""

import asyncio
import random

from causes import stop_server
from stage import now_ms

LOSS = 0.2
BLACK_OUT_SECONDS, BLACK_OUT_EVERY = 4, 20
STALL_SECONDS, STALL_EVERY = 2, 30
GROUP_BITS = 28  # sixteen devices share a black-out: a cell that everybody in the train has lost


async def run_false_ends(stage, pairs, minutes):
    """One result for a server that only stands still, and one for everything at once."""
    agents = [await stage.agent() for _ in range(4)]
    # First all callers, then all callees: a black-out takes one side of a call.
    callers = [await stage.device(agents[number % 2]) for number in range(pairs)]
    callees = [await stage.device(agents[2 + number % 2]) for number in range(pairs)]
    couples = list(zip(callers, callees))
    tags = await asyncio.gather(*(stage.talk(*couple) for couple in couples))
    stalled = await watch(couples, f"server stopped for {STALL_SECONDS} s", stalled_once(stage))
    loss = f"{LOSS:.0%} loss, " if hasattr(stage.network, "lose") else "(no loss: needs namespaces) "
    cause = f"{loss}black-outs of {BLACK_OUT_SECONDS} s, server stops of {STALL_SECONDS} s"
    spoilt = await watch(couples, cause, spoil(stage, now_ms() + minutes * 60_000))
    # Those that live can still be hung up by either side: they are calls and not corpses.
    for (caller, callee), tag in zip(couples, tags):
        if not ends_of([(caller, callee)]):
            caller.do("hangup", tag)
            await callee.told("ended", tag, outcome="ended")
    return [stalled, spoilt]


def ends_of(couples):
    return [(device, event) for couple in couples for device in couple for event in device.events if event["event"] == "ended"]


async def watch(couples, cause, trouble):
    """What became of the calls: {"cause", "calls", "minutes", "lived", "ended": in words, "unstable": how often a doubt was told}"""
    began = now_ms()
    await trouble
    ended = [(device, event) for device, event in ends_of(couples) if event["at"] >= began]
    unstable = sum(event["event"] == "peer_unstable" and event["at"] >= began for couple in couples for device in couple for event in device.events)
    return {"cause": cause, "calls": len(couples), "minutes": (now_ms() - began) / 60_000, "unstable": unstable,
            "lived": sum(not ends_of([couple]) for couple in couples),
            "ended": [f"{device.name} {event['outcome']} {event.get('reason', '')} after {(event['at'] - began) / 1000:.1f} s"
                      for device, event in ended]}


async def stalled_once(stage):
    await stop_server(stage, STALL_SECONDS)
    await all_online(stage)


async def all_online(stage):
    await asyncio.gather(*(agent.all_online() for agent in stage.agents))


async def spoil(stage, until):
    """Until that moment; then everything is mended, and the clients have the time of a grace to come back."""
    loses = hasattr(stage.network, "lose")
    if loses:
        await stage.network.lose(0x8000, LOSS, bits=17)
    tasks = [asyncio.create_task(stalls(stage, until)), asyncio.create_task(black_outs(stage, until))]
    await asyncio.gather(*tasks)
    if loses:
        await stage.network.heal(0x8000, bits=17)
    await all_online(stage)


async def stalls(stage, until):
    while now_ms() + STALL_EVERY * 1000 / 2 < until:
        await asyncio.sleep(STALL_EVERY / 2)
        await stop_server(stage, STALL_SECONDS)
        await asyncio.sleep(STALL_EVERY / 2 - STALL_SECONDS)


async def black_outs(stage, until):
    """Each group of devices has one in every period, at a moment of its own."""
    numbers = sorted(device.number for device in stage.devices.values())
    groups = sorted({number >> (32 - GROUP_BITS) << (32 - GROUP_BITS) for number in numbers})
    chance = random.Random(len(numbers))
    await asyncio.gather(*(black_outs_of(stage, group, chance.uniform(0, BLACK_OUT_EVERY - BLACK_OUT_SECONDS), until) for group in groups))


async def black_outs_of(stage, group, offset, until):
    whole = hasattr(stage.network, "lose")
    targets = [group] if whole else [device.number for device in stage.devices.values() if device.number >> (32 - GROUP_BITS) == group >> (32 - GROUP_BITS)]
    await asyncio.sleep(offset)
    while now_ms() + BLACK_OUT_SECONDS * 1000 < until:
        for target in targets:
            await (stage.network.silence(target, bits=GROUP_BITS) if whole else stage.network.silence(target))
        await asyncio.sleep(BLACK_OUT_SECONDS)
        for target in targets:
            await (stage.network.heal(target, bits=GROUP_BITS) if whole else stage.network.heal(target))
        await asyncio.sleep(BLACK_OUT_EVERY - BLACK_OUT_SECONDS)
