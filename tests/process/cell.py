"""Carries plans out: a world (server and network) and cells of devices in it. Nobody here judges; see oracle.py."""

import asyncio
import json
import signal

from plan import DEVICES, PROCESS_OF
from processes import Agent, now_ms
from story import Hurt, Story

# A call whose last break is mended and whose last act is done is over within this, or it is stuck: the longest of the test's timers
# (run.py), the client's watchdog after it, and room for a busy machine.
STUCK_MS = 30_000
SERVER_PAUSE_MS = 6000
GLANCE_MS, STALL_MS = 100, 300  # how often the server is looked at, and what counts as standing still
STRAGGLERS_MS = 150
UNSETTLED_MS = 8000  # a client whose link was up for less than 5 s waits longer before it tries again
WATCHDOGS = "ring_contact=3000 end=2500"


class World:
    """The server of all cells, and its own breaks."""

    def __init__(self, network, server, durable):
        self.network = network
        self.server = server
        self.durable = durable
        self.hurts = []  # of the server
        self.mending = asyncio.Lock()

    async def hurt_server(self, what, duration_ms):
        """One at a time, and only once everybody has got over the last one; whoever comes meanwhile does nothing."""
        if self.mending.locked():
            return
        last = max((hurt.until for hurt in self.hurts if hurt.what != "starved"), default=0)
        if now_ms() - last < SERVER_PAUSE_MS:
            return
        async with self.mending:
            hurt = Hurt(None, what, now_ms())
            self.hurts.append(hurt)
            if what == "server_stop":
                self.server.signal(signal.SIGSTOP)
                await asyncio.sleep(duration_ms / 1000)
                self.server.signal(signal.SIGCONT)
            else:
                await self.server.kill()
                await asyncio.sleep(duration_ms / 1000)
                await self.server.start()
            hurt.until = now_ms()

    async def watch(self):
        """Notes when the server (or the machine, and this process with it) stands still by itself. Until it is cancelled."""
        while True:
            began = now_ms()
            await asyncio.sleep(GLANCE_MS / 1000)
            try:
                await self.server.get("/readyz")
            except OSError:
                continue  # killed, on purpose
            late = now_ms() - began - GLANCE_MS
            if late > STALL_MS and not self.mending.locked():
                self.hurts.append(Hurt(None, "starved", began, now_ms()))

    def hurts_between(self, since, until):
        """Those that may have touched a call of that time; clients need a moment to come back."""
        return [hurt for hurt in self.hurts if hurt.since <= until and (hurt.until is None or hurt.until >= since - 2000)]


class Cell:
    """Five devices of three users on three processes, and one call at a time."""

    def __init__(self, world, number):
        self.world = world
        self.number = number
        self.lives = {device: 1 for device in DEVICES}
        self.agents = [Agent(world.network, self.hear) for _ in range(max(PROCESS_OF.values()) + 1)]
        self.stories = {}  # by tag, glare's and moving's tags as well
        self.story = None
        self.known = set()  # call ids of earlier stories
        self.troubles = []  # in words: devices that do not try any more, and what went wrong in the harness
        self.offline_at = {}  # device → when it last lost its link
        self.news = asyncio.Event()
        self.tasks = set()
        self.fired = set()

    def agent(self, device):
        return self.agents[PROCESS_OF[device]]

    def wire_number(self, device):
        return self.number * len(DEVICES) + DEVICES.index(device)

    def user(self, letter):
        return f"{letter}{self.number}"

    async def start(self):
        for agent in self.agents:
            await agent.start()
        for device in DEVICES:
            # The server knows a device by user and device id, so the same five names do in every cell.
            await self.agent(device).open(device, self.wire_number(device), self.user(device[0]), self.world.server.port, WATCHDOGS)
        await self.all_online()

    async def stop(self):
        for agent in self.agents:
            await agent.kill()

    async def all_online(self):
        if self.world.server.crash():
            return
        await asyncio.wait_for(asyncio.gather(*(agent.all_online() for agent in self.agents)), 30)

    # --- what is heard

    def hear(self, event):
        story = self.stories.get(event.get("tag"))
        if event["event"] == "offline":
            self.offline_at[event["device"]] = event["at"]
        if story is None:
            return self.hear_of_link(event)
        story.hear(event, self.lives[event["device"]])
        if story is self.story:
            self.follow(event)
            self.news.set()

    def hear_of_link(self, event):
        if event["event"] == "stalled" and self.story is not None:
            self.story.starved(event["device"], event["at"] - event["ms"], event["at"])
        if event["event"] == "closed":
            self.troubles.append(f"{event['device']} has closed for good: {event['problem']}")
        if event["event"] in ("online", "offline", "closed", "error") and self.story is not None:
            self.story.note(event["at"], f"{event['device']}: {event['event']} {event.get('problem', '')}")

    def follow(self, event):
        """Starts what the plan wants upon this event."""
        plan = self.story.plan
        for number, rule in enumerate(plan.rules):
            if (rule.event, rule.device) == (event["event"], event["device"]) and ("rule", number) not in self.fired:
                self.start_task(("rule", number), self.obey(rule))
        ends = event["event"] == "did" and event["what"] in ("hangup", "cancel", "decline")
        for number, fault in enumerate(plan.faults):
            if fault.phase == ("ending" if ends else event["event"]) and ("fault", number) not in self.fired:
                self.start_task(("fault", number), self.break_something(fault))

    def start_task(self, name, work):
        self.fired.add(name)
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.on_task_done)

    def on_task_done(self, task):
        self.tasks.discard(task)
        self.news.set()
        if task.exception() is not None:
            self.troubles.append(f"the harness failed: {task.exception()!r}")

    # --- what is done

    async def obey(self, rule):
        await asyncio.sleep(rule.after_ms / 1000)
        story, plan, say = self.story, self.story.plan, self.agent(rule.actor).say
        if rule.verb == "call_back":
            say(f"call {rule.actor} {story.tag}r {self.user(plan.caller[0])} {plan.ring_timeout_ms}")
        elif rule.verb == "move":
            say(f"call {rule.actor} {story.tag}m {self.user(plan.callee_user)} {plan.ring_timeout_ms}")
        elif rule.verb == "ring_more":
            await self.ring_more(story)
        else:
            say(f"{rule.verb} {rule.actor} {story.live_tag(rule.actor) or story.tag}")

    async def ring_more(self, story):
        try:
            status, _ = await self.world.server.request("POST", f"/v1/calls/{story.call_id()}/ring", json.dumps({"users": [self.user("c")]}))
            story.note(now_ms(), f"the backend rings {self.user('c')} as well: {status}")
        except OSError as problem:
            story.note(now_ms(), f"the backend does not reach the server: {problem}")

    async def break_something(self, fault):
        await asyncio.sleep(fault.after_ms / 1000)
        if fault.what in ("server_stop", "server_kill"):
            # The server keeps still for less than any grace; with it, everybody's calls must go on.
            return await self.world.hurt_server(fault.what, min(fault.duration_ms, 1500))
        agent, number, story = self.agent(fault.target), self.wire_number(fault.target), self.story
        if agent.is_killed or not agent.is_running() or agent.is_stopped or self.world.network.is_broken(number):
            return None  # an earlier fault of this call is not mended yet
        breaks = {"kill": self.kill, "stop": self.stop_process}.get(fault.what, self.cut_off)
        return await breaks(fault, agent, number, story)

    async def kill(self, fault, agent, _, story):
        devices = [device for device, process in PROCESS_OF.items() if process == PROCESS_OF[fault.target]]
        hurts = story.hurt(fault.target, "kill", now_ms())
        await agent.kill()
        for device in devices:
            story.dead_lives.add((device, self.lives[device]))
            self.lives[device] += 1
        await asyncio.sleep(fault.duration_ms / 1000)
        await agent.start()
        self.mended(hurts, story)

    async def stop_process(self, fault, agent, _, story):
        hurts = story.hurt(fault.target, "stop", now_ms())
        agent.stop()
        await asyncio.sleep(fault.duration_ms / 1000)
        agent.go_on()
        self.mended(hurts, story)

    async def cut_off(self, fault, _, number, story):
        network = self.world.network
        hurts = story.hurt(fault.target, fault.what, now_ms())
        if fault.what == "refuse":
            await network.refuse(number)
        else:
            await network.silence(number, {"silence_up": "up", "silence_down": "down"}.get(fault.what, "both"))
        await asyncio.sleep(fault.duration_ms / 1000)
        await network.heal(number)
        self.mended(hurts, story)

    @staticmethod
    def mended(hurts, story):
        at = now_ms()
        for hurt in hurts:
            hurt.until = at
        story.note(at, f"mended: {hurts[0].what} {hurts[0].device}")

    # --- one call

    async def run(self, plan):
        """The settled story of a plan."""
        story = self.story = Story(plan, now_ms())
        story.unsettled = {device for device, at in self.offline_at.items() if at > story.began - UNSETTLED_MS}
        self.fired = set()
        for suffix in ("", "r", "m"):
            self.stories[story.tag + suffix] = story
        self.agent(plan.caller).say(f"call {plan.caller} {story.tag} {self.user(plan.callee_user)} {plan.ring_timeout_ms}")
        await self.settle(story)
        await self.all_online()
        # A device may have been told of the call only now: it has just come back, or a call was over before all have rung.
        await asyncio.sleep(STRAGGLERS_MS / 1000)
        await self.settle(story)
        story.settled_at = now_ms()
        return story

    def all_troubles(self):
        return self.troubles + [f"the process of {[device for device, process in PROCESS_OF.items() if process == number]} has crashed, code {agent.crash}"
                for number, agent in enumerate(self.agents) if agent.crash is not None]

    async def recover(self):
        """After a crash or a device that did not come back: the next call shall not suffer for it."""
        for agent in self.agents:
            if self.troubles or not agent.is_running() or not all(online.is_set() for online in agent.online.values()):
                await agent.kill()
                agent.crash = None
                for device, process in PROCESS_OF.items():
                    self.lives[device] += self.agents[process] is agent
                await agent.start()
        self.troubles = []
        await self.all_online()

    async def settle(self, story):
        """Waits until every device of a living process knows the end, the record says it, and the plan has nothing left to do."""
        last_change = now_ms()
        while True:
            self.news.clear()
            if self.all_troubles() and not self.tasks:
                return
            if not self.tasks and story.handles and all(handle.is_over() for handle in story.living()):
                if await self.look_up(story):
                    return
            elif self.tasks:
                last_change = now_ms()
            if self.world.server.crash():
                self.troubles.append(self.world.server.crash())
                return
            if now_ms() - last_change > STUCK_MS:
                story.note(now_ms(), "the harness does not wait any longer")
                await self.look_up(story)
                return
            try:
                await asyncio.wait_for(self.news.wait(), 0.1)
            except asyncio.TimeoutError:
                pass

    async def look_up(self, story):
        """Takes down the records of this cell's new calls; true if all of them are over."""
        server = self.world.server
        try:
            found = json.loads((await server.get(f"/v1/calls?limit=20&user={self.user(story.plan.caller[0])}"))[1])["calls"]
        except OSError:
            return False
        records = {record["call_id"]: record for record in found if record["call_id"] not in self.known}
        story.records.update(records)
        is_over = all(record["phase"] == "ended" for record in records.values())
        if is_over:
            self.known.update(story.records)
        return is_over
