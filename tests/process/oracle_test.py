"""The judge is judged: true stories pass, and each way in which a story can be false is found out."""

import copy
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from oracle import judge  # noqa: E402
from plan import Plan, draw  # noqa: E402
from story import Hurt, Story  # noqa: E402

CALL = "call_x"
ENDED = {"call_id": CALL, "caller": "a0", "callee": "b0", "phase": "ended", "created_at_ms": 0, "answered_at_ms": 200, "ended_at_ms": 1000,
         "duration_ms": 700, "outcome": "ended", "reason": "by_caller"}


def plan(kind="by_caller"):
    return Plan(1, 0, 0, kind, "a1", "b", 8000, (), ())


def told(at, device, event, handle, **fields):
    return {"at": at, "device": device, "event": event, "tag": "1-0-0", "handle": handle, "call_id": CALL, **fields}


def did(at, device, what):
    return {"at": at, "device": device, "event": "did", "what": what, "tag": "1-0-0"}


def answered_call():
    """a1 calls, b1 answers, a1 hangs up."""
    return [did(0, "a1", "call"), told(1, "a1", "placed", 1), told(10, "b1", "incoming", 1), told(11, "b2", "incoming", 1),
            did(200, "b1", "answer"), told(201, "b1", "connecting", 1), told(202, "a1", "connecting", 1),
            told(203, "b2", "ended", 1, outcome="answered_elsewhere"), told(300, "a1", "active", 1), told(300, "b1", "active", 1),
            did(999, "a1", "hangup"), told(1001, "a1", "ended", 1, outcome="ended", reason="by_caller"),
            told(1002, "b1", "ended", 1, outcome="ended", reason="by_caller")]


def dropped_call(since=1000):
    """The same, but a1 falls silent in the call and is dropped after the grace."""
    events = [event for event in answered_call() if event["at"] < 999]
    events += [told(4001, "b1", "ended", 1, outcome="dropped", reason="caller_lost"), told(4600, "a1", "ended", 1, outcome="lost_contact")]
    return events, [Hurt("a1", "silence", since, 7000)], {**ENDED, "ended_at_ms": 4000, "outcome": "dropped", "reason": "caller_lost"}


def rung_call(record, ends, acts=()):
    """a1 calls, b1 and b2 ring, and nobody answers; `ends`: device → outcome."""
    events = [did(0, "a1", "call"), told(1, "a1", "placed", 1), told(10, "b1", "incoming", 1), told(11, "b2", "incoming", 1), *acts]
    reason = {"reason": record["reason"]} if "reason" in record else {}
    events += [told(1001, device, "ended", 1, outcome=outcome, **reason) for device, outcome in ends.items()]
    return events, {name: value for name, value in {**ENDED, **record}.items() if name != "answered_at_ms"}


def verdict(events, record, hurts=(), server_hurts=(), dead=(), durable=True, kind="by_caller"):
    story = Story(plan(kind), 0)
    for event in copy.deepcopy(events):
        story.hear(event, 1)
    story.hurts = list(hurts)
    story.dead_lives = set(dead)
    story.records = {CALL: record}
    return judge(story, list(server_hurts), 0, durable)


class TrueStories(unittest.TestCase):
    def test_an_answered_call(self):
        self.assertEqual(verdict(answered_call(), ENDED), [])

    def test_a_dropped_call(self):
        events, hurts, record = dropped_call()
        self.assertEqual(verdict(events, record, hurts), [])

    def test_a_cancelled_and_a_declined_call(self):
        cancelled = rung_call({"outcome": "cancelled", "reason": "by_user"}, {"a1": "cancelled", "b1": "missed", "b2": "missed"},
                              [did(500, "a1", "cancel")])
        self.assertEqual(verdict(*cancelled), [])
        declined = rung_call({"outcome": "declined", "reason": "by_user"}, {"a1": "declined", "b1": "declined", "b2": "declined_elsewhere"},
                             [did(500, "b1", "decline")])
        self.assertEqual(verdict(*declined), [])

    def test_a_killed_device_owes_no_end(self):
        events, _, record = dropped_call()
        events = [event for event in events if (event["device"], event["event"]) != ("a1", "ended")]
        self.assertEqual(verdict(events, record, [Hurt("a1", "kill", 1000, 7000)], dead={("a1", 1)}), [])

    def test_an_invite_that_became_the_answer_unheard(self):
        """Glare, and the server is killed before b1 hears that its invite has answered the call of a1; b1 gives up."""
        events = [did(0, "a1", "call"), told(1, "a1", "placed", 1), {**did(20, "b1", "call"), "tag": "1-0-0r"},
                  {"at": 21, "device": "b1", "event": "placed", "tag": "1-0-0r", "handle": 1}, told(3000, "a1", "connecting", 1),
                  {"at": 5000, "device": "b1", "event": "ended", "tag": "1-0-0r", "handle": 1, "outcome": "failed", "reason": "server_unreachable"},
                  told(5400, "a1", "ended", 1, outcome="dropped", reason="callee_lost")]
        record = {**ENDED, "ended_at_ms": 5390, "outcome": "dropped", "reason": "callee_lost"}
        self.assertEqual(verdict(events, record, server_hurts=[Hurt(None, "server_kill", 30, 2500)], kind="glare"), [])

    def test_a_server_that_forgets_when_it_is_killed(self):
        events = [event for event in answered_call() if event["at"] < 999]
        events += [told(1500, device, "ended", 1, outcome="lost_contact") for device in ("a1", "b1")]
        self.assertEqual(verdict(events, None, server_hurts=[Hurt(None, "server_kill", 900, 1200)], durable=False), [])


class FalseStories(unittest.TestCase):
    def assert_found(self, fragment, *arguments, **options):
        problems = verdict(*arguments, **options)
        self.assertTrue(any(fragment in problem for problem in problems), problems or "nothing was found")

    def test_no_end_and_two_ends(self):
        self.assert_found("told 0 ends", answered_call()[:-1], ENDED)
        self.assert_found("told 2 ends", [*answered_call(), told(1003, "b1", "ended", 1, outcome="ended", reason="by_caller")], ENDED)

    def test_something_after_the_end(self):
        self.assert_found("after the end", [*answered_call(), told(1003, "b1", "peer_unstable", 1)], ENDED)

    def test_a_record_without_a_cause(self):
        for outcome, reason in (("ended", "by_callee"), ("cancelled", "caller_lost"), ("dropped", "caller_lost"), ("dropped", "both_lost"),
                                ("unreachable", "push_unacked"), ("declined", "by_user"), ("busy", "in_call"), ("connect_failed", "timeout")):
            record = {**ENDED, "outcome": outcome, "reason": reason}
            with self.subTest(outcome=outcome):
                self.assert_found("nothing that happened is a cause", answered_call(), record)

    def test_a_word_that_nothing_can_cause(self):
        self.assert_found("nothing in these tests can cause", answered_call(), {**ENDED, "outcome": "failed", "reason": "internal"})

    def test_a_call_that_never_ends_or_is_forgotten(self):
        self.assert_found("still active", answered_call(), {**ENDED, "phase": "active"})
        self.assert_found("no record", answered_call(), None)
        self.assert_found("no record", answered_call(), None, server_hurts=[Hurt(None, "server_kill", 900, 1200)], durable=True)

    def test_a_call_that_was_answered_and_unanswered(self):
        events = [*answered_call(), did(100, "a1", "cancel")]
        self.assert_found("but the call was answered", events, {**ENDED, "outcome": "cancelled", "reason": "by_user"})

    def test_two_devices_that_have_the_call(self):
        events = [event for event in answered_call() if event["device"] != "b2"]
        both = [told(11, "b2", "incoming", 1), told(202, "b2", "connecting", 1), told(1003, "b2", "ended", 1, outcome="ended", reason="by_caller")]
        self.assert_found("two devices of b", events + both, ENDED)

    def test_a_party_that_is_told_something_else(self):
        for device, outcome in (("b1", "missed"), ("b2", "missed"), ("a1", "lost_contact"), ("b2", "ended")):
            events = [{**event, "outcome": outcome} if (event["device"], event["event"]) == (device, "ended") else event
                      for event in answered_call()]
            with self.subTest(device=device, outcome=outcome):
                self.assert_found(f"was told {outcome}", events, ENDED)

    def test_a_party_that_is_told_another_reason(self):
        events = [{**event, "reason": "by_callee"} if event.get("reason") else event for event in answered_call()]
        self.assert_found("the reason by_callee", events, ENDED)

    def test_a_party_that_is_told_late(self):
        events = answered_call()
        events[-1]["at"] = 9000
        self.assert_found("after the end", events, ENDED)

    def test_a_false_drop(self):
        events, hurts, record = dropped_call()
        self.assert_found("nothing that happened is a cause", events, record, [Hurt("a1", "silence", 1000, 1400)])
        self.assert_found("nothing that happened is a cause", events, {**record, "ended_at_ms": 2500}, hurts)
        self.assert_found("nothing that happened is a cause", events, {**record, "reason": "callee_lost"}, hurts)

    def test_an_answer_that_was_not_heard(self):
        events, record = rung_call({"outcome": "no_answer", "reason": None, "ended_at_ms": 9000},
                                   {"a1": "no_answer", "b1": "missed", "b2": "missed"}, [did(300, "b1", "answer")])
        self.assert_found("nothing that happened is a cause", events, record)


class Plans(unittest.TestCase):
    def test_the_same_seed_gives_the_same_plan(self):
        faults = {"kill": 1, "silence": 1}
        self.assertEqual(draw(7, 3, 5, faults), draw(7, 3, 5, faults))
        self.assertNotEqual([draw(7, 3, index, faults) for index in range(20)], [draw(8, 3, index, faults) for index in range(20)])

    def test_every_kind_and_every_fault_is_drawn(self):
        faults = {"kill": 1, "stop": 1, "silence": 1, "refuse": 1, "server_kill": 1}
        plans = [draw(1, cell, index, faults) for cell in range(20) for index in range(50)]
        self.assertEqual(len({one.kind for one in plans}), 13)
        self.assertEqual({fault.what for one in plans for fault in one.faults}, set(faults))


if __name__ == "__main__":
    unittest.main()
