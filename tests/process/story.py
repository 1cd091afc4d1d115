"""What became of one call: everything its devices said and everything that was done to them, by one clock."""

import dataclasses

from plan import PROCESS_OF


@dataclasses.dataclass
class Hurt:
    """A stretch of time in which something was broken. `device` None: the server."""
    device: str | None
    what: str
    since: float
    until: float | None = None  # not mended yet


@dataclasses.dataclass
class Handle:
    """One call object of one device: what the application holds. `life` counts the starts of its process."""
    device: str
    life: int
    number: int
    role: str  # placed or incoming
    events: list
    call_id: str | None = None

    def is_over(self):
        return any(event["event"] == "ended" for event in self.events)

    def end(self):
        return next((event for event in self.events if event["event"] == "ended"), None)

    def has(self, name):
        return any(event["event"] == name for event in self.events)


class Story:
    """Of one plan. Tags: the plan's own, with "r" the call back of glare, with "m" the second device's call that moves it."""

    def __init__(self, plan, began):
        self.plan = plan
        self.began = began
        self.settled_at = None
        self.tag = f"{plan.seed}-{plan.cell}-{plan.index}"
        self.events = []      # of devices, in the order heard
        self.handles = {}     # (device, life, number) → Handle
        self.hurts = []       # of devices
        self.notes = []       # (moment, sentence) of what the harness did
        self.dead_lives = set()  # (device, life) whose process was killed
        self.records = {}     # call id → the server's record, None once the server has forgotten it
        self.late = []        # events after it was settled
        self.unsettled = set()  # devices that have lost their link not long before: they come back more slowly

    def hear(self, event, life):
        self.events.append(event)
        if self.settled_at is not None:
            self.late.append(event)
        if "handle" not in event or event["event"] == "did":
            return
        key = (event["device"], life, event["handle"])
        if event["event"] in ("placed", "incoming"):
            self.handles[key] = Handle(*key, event["event"], [])
        handle = self.handles[key]
        handle.events.append(event)
        handle.call_id = event.get("call_id", handle.call_id)
        if handle.call_id:
            self.records.setdefault(handle.call_id, None)

    def note(self, at, sentence):
        self.notes.append((at, sentence))

    def hurt(self, device, what, at):
        """Of a process, all its devices are hurt."""
        whole = what in ("kill", "stop")
        devices = [other for other, process in PROCESS_OF.items() if process == PROCESS_OF[device]] if whole else [device]
        new = [Hurt(one, what, at) for one in devices]
        self.hurts += new
        self.note(at, f"{what} {' '.join(devices)}")
        return new

    def starved(self, device, since, until):
        """The machine gave it no time; of a process that we have stopped ourselves we know already."""
        if not any(hurt.device == device and hurt.what == "stop" and hurt.since <= until for hurt in self.hurts):
            self.hurts.append(Hurt(device, "starved", since, until))

    def is_dead(self, handle):
        return (handle.device, handle.life) in self.dead_lives

    def living(self):
        return [handle for handle in self.handles.values() if not self.is_dead(handle)]

    def live_tag(self, device):
        """The tag by which a device knows the call it is in now."""
        found = [handle for handle in self.living() if handle.device == device and not handle.is_over()]
        return found[-1].events[0]["tag"] if found else None

    def call_id(self):
        return next((handle.call_id for handle in self.handles.values() if handle.call_id), None)

    def timeline(self, server_hurts=()):
        """Lines in ms since the call was placed."""
        lines = [(at, sentence) for at, sentence in self.notes]
        lines += [(event["at"], text_of(event)) for event in self.events]
        for hurt in server_hurts:
            lines.append((hurt.since, f"server: {hurt.what}"))
            if hurt.until is not None:
                lines.append((hurt.until, "server: mended"))
        return "\n".join(f"{at - self.began:10.1f}  {text}" for at, text in sorted(lines))


def text_of(event):
    skipped = ("at", "event", "device")
    fields = " ".join(f"{name}={value}" for name, value in event.items() if name not in skipped)
    return f"{event['device']}: {event['event']} {fields}"
