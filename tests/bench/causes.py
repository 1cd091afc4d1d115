"""Each cause, and what is measured of it. A sample is a number of milliseconds from the cause to the device that knows."""

import asyncio
import collections
import signal

from stage import now_ms

QUICK_PAIRS = 6   # rounds of these follow one another at once
SLOW_PAIRS = 24   # of causes that last as long as a timer: all at the same time, once
STAGGER_MS = 40   # they begin a little apart, each at another moment of its heartbeat


class Samples(collections.defaultdict):
    def __init__(self):
        super().__init__(list)

    def add(self, cause, measured, milliseconds):
        self[(cause, measured)].append(milliseconds)


async def measure_quick(stage, samples, rounds):
    """What is told at once, while nothing else goes on."""
    for one in (hang_up, decline, cancel, answered_elsewhere):
        await quick(stage, samples, rounds, one)
    for reset in (False, True):
        await closed_in_call(stage, samples, rounds, reset)


async def measure_slow(stage, samples, rounds):
    """What lasts as long as a timer, all at the same time."""
    pairs = max(2, min(SLOW_PAIRS, 3 * rounds))
    stage.shared = [await stage.agent() for _ in range(4)]
    await asyncio.gather(*(slow(one, stage, samples, number) for number in range(pairs) for one in (
        closed_while_ringing, killed_in_call, killed_while_ringing, silent_in_call, caller_silent_while_ringing,
        callee_silent_while_ringing, nobody_reachable, nobody_answers)))


async def slow(one, stage, samples, number):
    await asyncio.sleep(number * STAGGER_MS / 1000)
    await one(stage, samples)


# --- told at once

async def quick(stage, samples, rounds, one):
    agents = [await stage.agent() for _ in range(2)]

    async def one_pair():
        callee_user = stage.name("user")
        caller = await stage.device(agents[0])
        callees = [await stage.device(agents[1], callee_user) for _ in range(2)]
        for _ in range(rounds):
            await one(stage, samples, caller, *callees)
    await asyncio.gather(*(one_pair() for _ in range(QUICK_PAIRS)))


async def act(who, verb, tag, whom):
    """Milliseconds from the act to the end at the other device."""
    who.do(verb, tag)
    ended = await whom.told("ended", tag)
    return ended["at"] - (await who.told("did", tag, what=verb))["at"]


async def hang_up(stage, samples, caller, callee, other):
    tag = await stage.talk(caller, callee)
    await other.told("ended", tag)
    samples.add("clean hang-up", "the other side knows", await act(caller, "hangup", tag, callee))


async def decline(stage, samples, caller, callee, other):
    tag = await stage.ring(caller, callee)
    samples.add("decline", "the caller knows", await act(callee, "decline", tag, caller))
    await other.told("ended", tag)


async def cancel(stage, samples, caller, callee, other):
    tag = await stage.ring(caller, callee)
    samples.add("cancel", "the callee's devices know", await act(caller, "cancel", tag, callee))
    await other.told("ended", tag)


async def answered_elsewhere(stage, samples, caller, callee, other):
    tag = await stage.ring(caller, callee)
    await other.told("incoming", tag)
    samples.add("answered elsewhere", "the other device stops ringing", await act(callee, "answer", tag, other))
    await caller.told("active", tag)
    await act(caller, "hangup", tag, callee)


# --- sockets and processes

async def closed_in_call(stage, samples, rounds, reset):
    agents = [await stage.agent() for _ in range(2)]

    async def one_pair():
        caller, callee = await stage.device(agents[0]), await stage.device(agents[1], relay=True)
        for _ in range(rounds):
            tag = await stage.talk(caller, callee)
            at = now_ms()
            callee.relay.cut(reset)
            unstable = await caller.told("peer_unstable", tag)
            samples.add(f"socket closed ({'RST' if reset else 'FIN'}) in a call", "peer_unstable", unstable["at"] - at)
            await caller.told("peer_stable", tag)
            await act(caller, "hangup", tag, callee)
    await asyncio.gather(*(one_pair() for _ in range(QUICK_PAIRS)))


async def pair(stage, agent=None, **options):
    """Two devices on processes that others use as well; with `agent` the first is there, to be killed with it."""
    one, other = stage.shared[stage.names % 2], stage.shared[2 + stage.names % 2]
    return await stage.device(agent or one, **options), await stage.device(other)


async def closed_while_ringing(stage, samples):
    caller, callee = await pair(stage, relay=True)
    tag = await stage.ring(caller, callee)
    at = now_ms()
    caller.relay.refuse()
    cause = "caller's socket closed while it rings, no way back"
    samples.add(cause, "peer_unstable", (await callee.told("peer_unstable", tag))["at"] - at)
    samples.add(cause, "the ringing ends", (await callee.told("ended", tag, outcome="missed"))["at"] - at)


async def killed_in_call(stage, samples):
    gone, other = await pair(stage, await stage.agent())
    tag = await stage.talk(gone, other)
    at = now_ms()
    await gone.agent.kill()
    samples.add("process killed in a call", "peer_unstable", (await other.told("peer_unstable", tag))["at"] - at)
    samples.add("process killed in a call", "dropped", (await other.told("ended", tag, outcome="dropped"))["at"] - at)


async def killed_while_ringing(stage, samples):
    caller, callee = await pair(stage, await stage.agent())
    tag = await stage.ring(caller, callee)
    at = now_ms()
    await caller.agent.kill()
    samples.add("caller's process killed while it rings", "the ringing ends", (await callee.told("ended", tag, outcome="missed"))["at"] - at)


# --- silence

async def silence(stage, device):
    """The moment from which on nothing of this device passes; told a little too early rather than too late."""
    at = now_ms()
    await stage.network.silence(device.number)
    return at


async def silent_in_call(stage, samples):
    gone, other = await pair(stage)
    tag = await stage.talk(gone, other)
    at = await silence(stage, gone)
    samples.add("silent loss in a call", "peer_unstable", (await other.told("peer_unstable", tag))["at"] - at)
    samples.add("silent loss in a call", "dropped", (await other.told("ended", tag, outcome="dropped"))["at"] - at)
    samples.add("silent loss in a call", "the lost side's own watchdog", (await gone.told("ended", tag, outcome="lost_contact"))["at"] - at)


async def caller_silent_while_ringing(stage, samples):
    caller, callee = await pair(stage)
    tag = await stage.ring(caller, callee)
    at = await silence(stage, caller)
    samples.add("silent loss of the caller while it rings", "the ringing ends", (await callee.told("ended", tag, outcome="missed"))["at"] - at)


async def callee_silent_while_ringing(stage, samples):
    caller, callee = await pair(stage)
    tag = await stage.ring(caller, callee)
    at = await silence(stage, callee)
    samples.add("silent loss of the callee while it rings", "its own ringing ends", (await callee.told("ended", tag))["at"] - at)
    await act(caller, "cancel", tag, caller)


# --- nobody there

async def nobody_reachable(stage, samples):
    caller = await stage.device(stage.shared[0])
    tag = stage.name("call")
    caller.do("call", tag, stage.name("nobody"))
    ended = await caller.told("ended", tag, outcome="unreachable")
    samples.add("nobody reachable", "the caller knows", ended["at"] - (await caller.told("did", tag, what="call"))["at"])


async def nobody_answers(stage, samples):
    caller, callee = await pair(stage)
    tag = await stage.ring(caller, callee)
    rang = await caller.told("ringing", tag)
    ended = await caller.told("ended", tag, outcome="no_answer")
    samples.add("nobody answers", "the caller knows", ended["at"] - rang["at"])


async def stop_server(stage, seconds):
    stage.server.signal(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    stage.server.signal(signal.SIGCONT)
