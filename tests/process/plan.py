"""What one call of a test is: who does what when, and what breaks. A plan is a function of (seed, cell, index) alone, so any call can
be tried again by itself.

A cell is a small world: user a with the devices a1 and a2, user b with b1 and b2, user c with c1, on three agent processes. It has one
call at a time (glare and moving: two tags that become one).
"""

import dataclasses
import random

# device → process; a1 and b1 call and answer, and each can be killed alone
PROCESS_OF = {"a1": 0, "b1": 1, "a2": 2, "b2": 2, "c1": 2}
DEVICES = tuple(PROCESS_OF)


@dataclasses.dataclass(frozen=True)
class Rule:
    """When `device` is told `event` for the first time, and `after_ms` more have passed, `actor` does `verb`."""
    event: str
    device: str
    after_ms: int
    verb: str
    actor: str


@dataclasses.dataclass(frozen=True)
class Fault:
    """What breaks: `what` in kill, stop, silence, silence_up, silence_down, refuse, server_stop, server_kill; `target` a device."""
    what: str
    target: str
    phase: str        # placed, incoming, connecting, active, ending: the first such event of any device
    after_ms: int
    duration_ms: int  # until it is mended: started again, going on, healed


@dataclasses.dataclass(frozen=True)
class Plan:
    seed: int
    cell: int
    index: int
    kind: str
    caller: str
    callee_user: str
    ring_timeout_ms: int
    rules: tuple
    faults: tuple

    def name(self):
        return f"{self.cell}:{self.index}"

    def describe(self):
        lines = [f"seed {self.seed}, call {self.name()}: {self.kind}, {self.caller} calls {self.callee_user}, ring timeout {self.ring_timeout_ms} ms"]
        lines += [f"  {rule.event}@{rule.device} + {rule.after_ms} ms: {rule.actor} {rule.verb}" for rule in self.rules]
        lines += [f"  {fault.phase} + {fault.after_ms} ms: {fault.what} {fault.target} for {fault.duration_ms} ms" for fault in self.faults]
        return "\n".join(lines)


def draw(seed, cell, index, fault_kinds):
    """`fault_kinds`: {what: weight}; which faults can be made depends on the network and the server."""
    chance = random.Random(f"{seed}/{cell}/{index}")
    caller = chance.choice(("a1", "b1"))
    callee_user = "b" if caller == "a1" else "a"
    kind = chance.choices(tuple(KINDS), weights=[weight for weight, _ in KINDS.values()])[0]
    rules = KINDS[kind][1](chance, caller, callee_user + "1", callee_user + "2")
    timeout = chance.randint(1000, 1500) if kind == "no_answer" else 8000
    if kind == "unreachable":
        callee_user = "nobody"
    faults = tuple(draw_faults(chance, kind, caller, callee_user, fault_kinds))
    return Plan(seed, cell, index, kind, caller, callee_user, timeout, tuple(rules), faults)


# --- the kinds: weight, and the rules; x calls, y and z are the callee's devices

def answered(chance, x, y, z, ends):
    winner = chance.choice((y, y, z))
    return [Rule("incoming", winner, chance.randint(0, 150), "answer", winner),
            Rule("active", ends or winner, chance.randint(0, 400), "hangup", ends or winner)]


def by_caller(chance, x, y, z):
    return answered(chance, x, y, z, x)


def by_callee(chance, x, y, z):
    return answered(chance, x, y, z, None)


def declined(chance, x, y, z):
    return [Rule("incoming", y, chance.randint(0, 150), "decline", y)]


def busy(chance, x, y, z):
    return [Rule("incoming", y, chance.randint(0, 100), "busy", y)]


def no_answer(chance, x, y, z):
    return [Rule("incoming", z, 50, "ignore", z)] if chance.random() < 0.3 else []


def cancelled(chance, x, y, z):
    return [Rule("placed", x, chance.randint(0, 400), "cancel", x)]


def cancel_or_answer(chance, x, y, z):
    return [Rule("incoming", y, chance.randint(0, 10), "answer", y), Rule("incoming", y, chance.randint(0, 10), "cancel", x),
            Rule("active", y, 200, "hangup", y)]


def both_answer(chance, x, y, z):
    return [Rule("incoming", y, 20, "answer", y), Rule("incoming", y, 20 + chance.randint(0, 5), "answer", z),
            Rule("active", x, chance.randint(0, 300), "hangup", x)]


def decline_or_answer(chance, x, y, z):
    return [Rule("incoming", y, 20 + chance.randint(0, 8), "answer", y), Rule("incoming", y, 20 + chance.randint(0, 8), "decline", z),
            Rule("active", x, chance.randint(0, 300), "hangup", x)]


def glare(chance, x, y, z):
    return [Rule("did", x, chance.randint(0, 15), "call_back", y), Rule("active", x, chance.randint(50, 300), "hangup", x),
            Rule("incoming", x, 2000, "answer", x)]


def group(chance, x, y, z):
    leaves = chance.choice((x, y))
    return [Rule("incoming", y, chance.randint(0, 50), "ring_more", "c1"), Rule("incoming", y, chance.randint(60, 200), "answer", y),
            Rule("incoming", "c1", chance.randint(0, 200), chance.choice(("answer", "answer", "decline")), "c1"),
            Rule("active", x, chance.randint(100, 500), "hangup", leaves), Rule("active", x, 700, "hangup", "c1"),
            Rule("active", x, 1200, "hangup", x)]


def moved(chance, x, y, z):
    other = x[0] + "2"
    return [Rule("incoming", y, chance.randint(0, 50), "answer", y), Rule("active", x, chance.randint(0, 200), "move", other),
            Rule("active", other, chance.randint(0, 300), "hangup", chance.choice((other, y))), Rule("active", x, 2500, "hangup", y)]


def unreachable(chance, x, y, z):
    return []


KINDS = {"by_caller": (22, by_caller), "by_callee": (16, by_callee), "declined": (8, declined), "busy": (4, busy),
         "no_answer": (6, no_answer), "cancelled": (10, cancelled), "cancel_or_answer": (8, cancel_or_answer),
         "both_answer": (7, both_answer), "decline_or_answer": (5, decline_or_answer), "glare": (6, glare), "group": (5, group),
         "moved": (5, moved), "unreachable": (3, unreachable)}


# --- faults

NO_FAULT_SHARE = 0.6
SHORT_MS, LONG_MS = (50, 900), (4500, 6000)  # surely mended within every grace of the test's timers, surely not


def draw_faults(chance, kind, caller, callee_user, fault_kinds):
    if not fault_kinds or chance.random() < NO_FAULT_SHARE:
        return
    callees = ["c1"] if callee_user == "nobody" else [callee_user + "1", callee_user + "2"]
    for _ in range(chance.choice((1, 1, 1, 2))):
        what = chance.choices(tuple(fault_kinds), weights=fault_kinds.values())[0]
        target = chance.choice((caller, caller, callees[0], callees[0], callees[-1]))
        span = chance.choice((SHORT_MS, SHORT_MS, (900, 4500), LONG_MS))
        yield Fault(what, target, chance.choice(("placed", "incoming", "connecting", "active", "active", "ending")),
                    chance.randint(0, 250), chance.randint(*span))
