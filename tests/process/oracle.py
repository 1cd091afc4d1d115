"""Judges a call by its cause alone: who acted, who was hurt and for how long. It knows PROTOCOL.md and nothing of the server's code.

`CAUSES` says for each outcome of a record what must have happened; `party_problem` says for each device what it may have been told,
given the record. Whatever is not admissible is a problem, in words.
"""

import dataclasses

# Of the test's timers (run.py), with margins for a busy machine.
GRACE_MS = 3000
SURELY_MENDED_MS = 1300    # shorter breaks can never use up a grace, whatever TCP and the reconnecting add to them
PREMATURE_MS = 1200        # heartbeat and stalls: how much less than the grace a party may seem to have been away
TOLD_WITHIN_MS = 5000      # a party with a sound link learns of the end; far above what is measured by ./dev bench detect
ACT_RACE_MS = 3000         # an act so shortly before a break, or before the end, may not have been heard in time

ANSWERED = {"ended", "dropped", "connect_failed"}
UNANSWERED = {"declined", "busy", "no_answer", "unreachable", "cancelled"}


@dataclasses.dataclass
class View:
    """One call of a story, and the questions that the causes ask of it."""
    story: object
    call_id: str
    record: dict | None
    server_hurts: list
    clock_offset: float  # wall clock minus monotonic clock, ms

    def __post_init__(self):
        self.handles = [handle for handle in self.story.handles.values() if handle.call_id == self.call_id]
        self.tags = {handle.events[0]["tag"] for handle in self.handles} or {self.story.tag}
        placed = [handle.device[0] for handle in self.handles if handle.role == "placed"]
        self.caller = self.record["caller"][0] if self.record else (placed or [self.story.plan.caller[0]])[0]
        self.ended_at = self.record["ended_at_ms"] - self.clock_offset if self.record and "ended_at_ms" in self.record else None

    def is_callee(self, device):
        return device[0] != self.caller

    def acts(self, whose, *verbs):
        """What was really done, by the caller's devices (True) or the callees' (False)."""
        return [event for event in self.story.events if event["event"] == "did" and event["what"] in verbs
                and event["tag"] in self.tags and (event["device"][0] == self.caller) == whose]

    def spans(self, device, since=None, until=None):
        """Lengths of the breaks of a device; the server's own are everybody's."""
        out = []
        for hurt in [hurt for hurt in self.story.hurts if hurt.device == device] + self.server_hurts:
            end = hurt.until if hurt.until is not None else float("inf")
            if (until is None or hurt.since <= until) and (since is None or end >= since):
                out.append((hurt, end - hurt.since))
        return out

    def is_hurt(self, device, since=None, until=None):
        return bool(self.spans(device, since, until))

    def was_killed(self, whose):
        return any(hurt.what == "kill" and (hurt.device[0] == self.caller) == whose for hurt in self.story.hurts)

    def is_lost(self, whose, least_ms=SURELY_MENDED_MS):
        """Was a device of that side away for so long (breaks of one device, and the server's, may add up)?"""
        # Of the whole story: a caller that was cut off at once does not know which call its own has become.
        devices = {handle.device for handle in self.story.handles.values() if (handle.device[0] == self.caller) == whose}
        if any(self.is_hurt(device) for device in devices & self.story.unsettled):
            return True
        longest = max((sum(span for _, span in self.spans(device)) for device in devices), default=0)
        return self.was_killed(whose) or longest >= least_ms

    def is_answered(self):
        # In glare the second invite is the answer, though its own caller may never have heard so.
        called_back = any(event["event"] == "did" and event["what"] == "call" and event["tag"] == self.story.tag + "r"
                          for event in self.story.events)
        return bool(self.acts(False, "answer")) or called_back

    def was_given_up_unheard(self):
        """The caller's client has given up an invite that the server had not answered; it cancels the call when it hears of it."""
        return any(handle.role == "placed" and handle.end() and handle.end().get("reason") == "server_unreachable"
                   for handle in self.story.handles.values())

    def is_any_hurt(self):
        return bool(self.story.hurts or self.server_hurts)

    def heard_answers(self):
        """Answers that must have reached the server well before the end."""
        rang = {handle.device for handle in self.handles if handle.role == "incoming"}
        return [act for act in self.acts(False, "answer") if act["device"] in rang and act["at"] < self.ended_at - ACT_RACE_MS
                and not self.is_hurt(act["device"], act["at"] - ACT_RACE_MS, act["at"] + ACT_RACE_MS)]

    def is_lost_for_the_grace(self, whose):
        """No end before its time: the first break began a grace ago. An application that was started anew says itself that it is out."""
        if not self.is_lost(whose):
            return False
        if self.was_killed(whose) or self.server_hurts:
            return True
        begins = [hurt.since for hurt in self.story.hurts if (hurt.device[0] == self.caller) == whose and hurt.since <= self.ended_at]
        return bool(begins) and self.ended_at >= min(begins) + GRACE_MS - PREMATURE_MS


def is_out_of_reach(view):
    """Was every device of the callee broken when it should have rung?"""
    if view.story.plan.callee_user == "nobody":
        return True
    user = view.record["callee"][0]
    return all(view.is_hurt(user + number) for number in "12")


CALLER, CALLEE = True, False
CAUSES = {
    ("ended", "by_caller"): lambda v: v.is_answered() and v.acts(CALLER, "hangup", "cancel"),
    ("ended", "by_callee"): lambda v: v.is_answered() and v.acts(CALLEE, "hangup", "decline"),
    ("ended", "alone"): lambda v: "legs" in v.record and (v.acts(CALLER, "hangup") or v.acts(CALLEE, "hangup") or v.is_any_hurt()),
    ("ended", "all_left"): lambda v: "legs" in v.record and (v.acts(CALLER, "hangup") or v.acts(CALLEE, "hangup") or v.is_any_hurt()),
    ("declined", "by_user"): lambda v: v.acts(CALLEE, "decline", "hangup"),
    ("busy", "in_call"): lambda v: v.acts(CALLEE, "busy") or v.story.plan.kind in ("glare", "moved"),
    ("no_answer", None): lambda v: any(h.role == "incoming" for h in v.handles) and not v.heard_answers(),
    ("unreachable", "no_devices"): is_out_of_reach,
    ("unreachable", "push_unacked"): is_out_of_reach,
    ("cancelled", "by_user"): lambda v: v.acts(CALLER, "cancel", "hangup") or v.was_killed(CALLER) or v.was_given_up_unheard(),
    ("cancelled", "caller_lost"): lambda v: v.is_lost_for_the_grace(CALLER),
    ("connect_failed", "timeout"): lambda v: v.is_answered() and v.is_any_hurt(),
    ("dropped", "caller_lost"): lambda v: v.is_answered() and v.is_lost_for_the_grace(CALLER),
    ("dropped", "callee_lost"): lambda v: v.is_answered() and v.is_lost_for_the_grace(CALLEE),
    ("dropped", "both_lost"): lambda v: v.is_answered() and v.is_lost(CALLER) and v.is_lost(CALLEE),
}


def record_problems(view):
    record = view.record
    word = (record.get("outcome"), record.get("reason"))
    if record["phase"] != "ended":
        return [f"the record is still {record['phase']}"]
    if word not in CAUSES:
        return [f"the record says {word}, which nothing in these tests can cause"]
    if not CAUSES[word](view):
        return [f"the record says {word}, and nothing that happened is a cause of it"]
    problems = []
    took = any(handle.has("connecting") or handle.has("active") for handle in view.handles)
    if word[0] in UNANSWERED and (took or "answered_at_ms" in record):
        problems.append(f"the record says {word}, but the call was answered")
    if word[0] in ANSWERED and "answered_at_ms" not in record:
        problems.append(f"the record says {word}, but names no answer")
    if any(handle.has("active") for handle in view.handles) and word[0] not in ("ended", "dropped"):
        problems.append(f"a device had the call active, but the record says {word}")
    return problems


def winner_problems(view):
    """Of one user at most one device has the answered call, unless it is moved."""
    if view.story.plan.kind == "moved":
        return []
    took = {}
    for handle in view.handles:
        if handle.has("connecting") or handle.has("active"):
            took.setdefault(handle.device[0], set()).add(handle.device)
    return [f"two devices of {user} have the call: {sorted(devices)}" for user, devices in took.items() if len(devices) > 1]


# What a callee's device that did not win shows (PROTOCOL.md section 7), by the outcome of its leg.
NOT_WINNING = {
    "ended": {"answered_elsewhere"}, "connect_failed": {"answered_elsewhere"}, "dropped": {"answered_elsewhere"},
    "answered_elsewhere": {"answered_elsewhere"}, "declined": {"declined_elsewhere"}, "busy": {"busy_elsewhere", "missed"},
    "no_answer": {"missed"}, "unreachable": {"missed"}, "cancelled": {"missed"}, "failed": {"missed"}}
FORGOTTEN = {*NOT_WINNING, "declined_elsewhere", "busy_elsewhere", "missed", "moved_elsewhere"}  # told before the server forgot
OWN_REFUSAL = {"declined": ("decline", "hangup"), "busy": ("busy",)}


def leg_outcome(view, handle):
    for leg in view.record.get("legs", ()):
        if leg["user"][0] == handle.device[0]:
            return leg.get("outcome"), leg.get("reason")
    return view.record.get("outcome"), view.record.get("reason")


def local_words(view, handle):
    """What a client may say without the server, because it was cut off."""
    end = handle.end()
    if not view.is_hurt(handle.device, handle.events[0]["at"] - ACT_RACE_MS, end["at"]):
        return set()
    if handle.role == "incoming":
        return {"lost_contact", "missed"}
    return {"lost_contact"} if handle.has("connecting") else {"lost_contact", "failed", "cancelled"}


def server_words(view, handle):
    """The words that this device may have been told, given the record."""
    own, _ = leg_outcome(view, handle)
    whole = view.record.get("outcome")
    words = set()
    if view.story.plan.kind == "moved":
        words |= {"moved_elsewhere", "answered_elsewhere"}
    if handle.role == "placed":
        return words | {own, whole}
    merged = any(other.device == handle.device and other.role == "placed" for other in view.handles)
    if merged:
        words.add("answered_elsewhere")
    tried = any(act["device"] == handle.device for act in view.acts(not view.is_callee(handle.device), "answer"))
    rivals = [other for other in view.handles if other.device[0] == handle.device[0] and other is not handle and other.has("connecting")]
    if handle.has("connecting") or (tried and not rivals):  # it may have hung up before it was told that it had won
        words |= {own, whole}
    if not handle.has("connecting"):
        words |= NOT_WINNING[own]
        verbs = OWN_REFUSAL.get(own, ())
        if any(act["device"] == handle.device for act in view.acts(not view.is_callee(handle.device), *verbs)):
            words.add(own)
    return words


def party_problem(view, handle):
    """What is wrong with the one end that this device was told, or nothing."""
    end, who = handle.end(), f"{handle.device} (call {handle.number} of life {handle.life})"
    word = end["outcome"]
    if view.record is None:
        return None if word in local_words(view, handle) | FORGOTTEN else f"{who} was told {word}"
    if word in local_words(view, handle):
        return None
    if word not in server_words(view, handle):
        return f"{who} was told {word}; the record says {view.record.get('outcome')}"
    if word == view.record.get("outcome") and "legs" not in view.record and end.get("reason") != view.record.get("reason"):
        return f"{who} was told the reason {end.get('reason')}; the record says {view.record.get('reason')}"
    late = end["at"] - max(view.ended_at, handle.events[0]["at"])
    if late > TOLD_WITHIN_MS and not view.is_hurt(handle.device) and "legs" not in view.record:
        return f"{who} was told {late:.0f} ms after the end"
    return None


def count_problems(story):
    """Exactly one end for each call object of a living process, and nothing after it."""
    problems = []
    for handle in story.handles.values():
        names = [event["event"] for event in handle.events]
        ends = names.count("ended")
        who = f"{handle.device} (call {handle.number} of life {handle.life})"
        if ends > 1 or (ends == 0 and not story.is_dead(handle)):
            problems.append(f"{who} was told {ends} ends")
        elif ends == 1 and names[-1] != "ended":
            problems.append(f"{who} was told {names[-1]} after the end")
    return problems


def unplaced_problems(story, server_hurts):
    """A call that the server has never acknowledged is the caller's alone to end."""
    problems = []
    for handle in story.handles.values():
        end = handle.end()
        if handle.call_id is not None or end is None:
            continue
        view = View(story, "", None, server_hurts, 0)
        if (end["outcome"], end.get("reason")) == ("cancelled", "by_user") and view.acts(CALLER, "cancel", "hangup"):
            continue
        # Glare whose reply was lost: the call that rings here has become the device's own meanwhile, and goes on under that handle.
        has_other = any(other.device == handle.device and other.has("connecting") for other in story.handles.values())
        if (end["outcome"], end.get("reason")) == ("busy", "in_call") and story.plan.kind == "glare" and has_other:
            continue
        if end["outcome"] not in ("failed", "lost_contact", "cancelled") or not view.is_hurt(handle.device):
            problems.append(f"{handle.device} was told {end['outcome']} of a call that the server has never acknowledged")
    return problems


def judge(story, server_hurts, clock_offset, durable):
    """Everything that is wrong with a settled story. `durable`: the server remembers its calls over a crash."""
    problems = count_problems(story)
    if problems:
        return problems
    forgetful = not durable and any(hurt.what == "server_kill" for hurt in server_hurts)
    for call_id, record in story.records.items():
        view = View(story, call_id, record, server_hurts, clock_offset)
        if record is None and not forgetful:
            problems.append(f"the server has no record of {call_id}")
            continue
        if record is not None:
            problems += record_problems(view) or winner_problems(view)
        problems += [problem for handle in view.handles if handle.end() and (problem := party_problem(view, handle))]
    return problems + unplaced_problems(story, server_hurts)
