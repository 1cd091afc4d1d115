"""A server with its default timers and as many devices as a bench wants, each asked what it has been told."""

import asyncio
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "process"))

from network import Relay, make_network  # noqa: E402, F401
from processes import Agent, Server, now_ms  # noqa: E402

PATIENCE_SECONDS = 90  # longer than the longest of the default timers before an answer


class Device:
    """One client. Its events are kept until somebody waits for them."""

    def __init__(self, stage, agent, name, user, number):
        self.stage, self.agent, self.name, self.user, self.number = stage, agent, name, user, number
        self.events = []
        self.news = asyncio.Event()

    def hear(self, event):
        self.events.append(event)
        self.news.set()

    def do(self, verb, *words):
        self.agent.say(" ".join((verb, self.name, *map(str, words))))

    async def told(self, event, tag=None, within=PATIENCE_SECONDS, **fields):
        """The first such event, be it from before or yet to come."""
        limit = now_ms() + within * 1000
        while True:
            self.news.clear()
            for found in self.events:
                if found["event"] == event and tag in (None, found.get("tag")) and fields.items() <= found.items():
                    return found
            left = (limit - now_ms()) / 1000
            try:
                await asyncio.wait_for(self.news.wait(), max(0, left))
            except asyncio.TimeoutError:
                raise TimeoutError(f"{self.user}/{self.name} was not told {event} of {tag} {fields}; it was told {self.events[-5:]}") from None


class Stage:
    def __init__(self, network, first_number=0):
        self.network = network
        self.next_number = first_number
        self.server = Server(network)
        self.agents, self.relays, self.devices = [], [], {}
        self.shared = []  # agents for devices that need no process of their own
        self.names = 0

    async def start(self):
        await self.server.start()

    async def stop(self):
        for agent in self.agents:
            await agent.kill()
        for relay in self.relays:
            await relay.stop()
        await self.server.kill()

    async def agent(self):
        agent = Agent(self.network, self._hear)
        await agent.start()
        self.agents.append(agent)
        return agent

    def _hear(self, event):
        self.devices[event["device"]].hear(event)

    def name(self, word):
        """A word nobody else has."""
        self.names += 1
        return f"{word}{self.names}"

    async def device(self, agent, user=None, relay=False):
        """One more device, online. With `relay` its sockets can be closed by the harness (device.relay)."""
        name = self.name("device")
        device = Device(self, agent, name, user or self.name("user"), self.next_number)
        self.next_number += 1
        self.devices[name] = device
        if relay:
            device.relay = Relay(self.server.port, self.network.relay_host)
            await device.relay.start()
            self.relays.append(device.relay)
            agent.open_at(name, device.user, device.relay.url)
        else:
            await agent.open(name, device.number, device.user, self.server.port)
        await device.told("online")
        return device

    async def ring(self, caller, callee):
        """The tag of a call that rings at the callee's device, and the caller has been told so."""
        tag = self.name("call")
        caller.do("call", tag, callee.user)
        await callee.told("incoming", tag)
        await caller.told("ringing", tag)
        return tag

    async def talk(self, caller, callee):
        tag = await self.ring(caller, callee)
        callee.do("answer", tag)
        await asyncio.gather(caller.told("active", tag), callee.told("active", tag))
        return tag
