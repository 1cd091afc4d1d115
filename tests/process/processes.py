"""The real programs: the server, and agents (agent.cpp) that hold the devices; and what is asked of the server by REST."""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import pathlib
import signal
import socket
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROJECT_KEY, PROJECT_SECRET = "1000007", "secret-of-the-process-tests"
PATIENCE_SECONDS = 20  # what has not come by then will not come


def now_ms():
    """CLOCK_MONOTONIC, as the agents' moments are."""
    return time.monotonic() * 1000


def make_token(**claims):
    def text(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    claims = {"iss": PROJECT_KEY, "exp": int(time.time()) + 24 * 3600, **claims}
    signed = text(b'{"alg":"HS256","typ":"JWT"}') + "." + text(json.dumps(claims).encode())
    return signed + "." + text(hmac.new(PROJECT_SECRET.encode(), signed.encode(), hashlib.sha256).digest())


def programs():
    """Where the release is: as the test runner says, else the place where ./dev builds it."""
    release = ROOT / "build" / "release"
    server = pathlib.Path(os.environ.get("OFFHOOKD", release / "offhookd"))
    both = server, server.parent / "tests" / "process" / "offhook_agent"
    for program in both:
        if not program.exists():
            raise SystemExit(f"{program} is missing; ./dev test process builds it")
    return both


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """offhookd with one project; killed and started again it keeps its port, its configuration and its data folder."""

    def __init__(self, network, timers=None, data=False):
        self.folder = tempfile.TemporaryDirectory(prefix="offhook-")
        self.port = free_port()
        self.listen = f"{network.listen}:{self.port}"
        self.data = pathlib.Path(self.folder.name) / "data" if data else None
        self.config = pathlib.Path(self.folder.name) / "offhook.toml"
        self.config.write_text(config_text(timers or {}))
        self.log = open(pathlib.Path(self.folder.name) / "log", "ab")
        self.child = None
        self.is_killed = False
        self.admin = make_token(scope="admin")

    async def start(self):
        data = ["--data", str(self.data or ":memory:")]
        child = await asyncio.create_subprocess_exec(
            str(programs()[0]), "--config", str(self.config), "--listen", self.listen, *data, stdout=self.log, stderr=self.log)
        self.child, self.is_killed = child, False  # not earlier: until then the one that was killed is looked at
        limit = now_ms() + PATIENCE_SECONDS * 1000
        while True:
            try:
                if (await self.get("/readyz"))[0] == 200:
                    return
            except OSError:
                pass
            if self.child.returncode is not None or now_ms() > limit:
                raise RuntimeError(f"the server does not start: {self.last_words()}")
            await asyncio.sleep(0.01)

    def last_words(self):
        return (pathlib.Path(self.folder.name) / "log").read_text(errors="replace")[-2000:]

    def is_running(self):
        return self.child.returncode is None

    def crash(self):
        """What a server that nobody has killed has said last, or nothing."""
        if self.is_running() or self.is_killed:
            return None
        return f"the server has ended by itself, code {self.child.returncode}: {self.last_words()}"

    def signal(self, number):
        self.child.send_signal(number)

    async def kill(self):
        self.is_killed = True
        if self.child is None:
            return
        if self.is_running():
            self.child.kill()
        await self.child.wait()

    async def get(self, path):
        return await self.request("GET", path)

    async def request(self, method, path, body=""):
        """(status, text). Raises OSError while there is no server."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {self.admin}\r\n"
                         f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
            answer = (await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)).decode()
        except (asyncio.TimeoutError, asyncio.IncompleteReadError) as problem:
            raise OSError(str(problem)) from problem
        finally:
            writer.close()
        head, _, text = answer.partition("\r\n\r\n")
        if not head:
            raise ConnectionError("the server closed the connection")
        return int(head.split()[1]), text

    async def record(self, call_id):
        """The server's record of a call, or nothing."""
        status, text = await self.get(f"/v1/calls/{call_id}")
        return json.loads(text) if status == 200 else None

    async def records(self, query=""):
        """Every record that the query finds, page by page."""
        found, cursor = [], ""
        while True:
            status, text = await self.get(f"/v1/calls?limit=100{query}{cursor}")
            if status != 200:
                raise RuntimeError(f"GET /v1/calls: {status} {text}")
            page = json.loads(text)
            found += page["calls"]
            if "next" not in page:
                return found
            cursor = f"&cursor={page['next']}"

    async def live(self):
        return [record for phase in ("inviting", "connecting", "active") for record in await self.records(f"&phase={phase}")]


def config_text(timers):
    lines = [f'[[project]]\nkey = "{PROJECT_KEY}"\nsecret = "{PROJECT_SECRET}"', "[timers]"]
    lines += [f'{name} = "{value}"' for name, value in timers.items()]
    lines += ["[limits]", *(f"{name} = 100000" for name in ("rings_per_caller", "rings_per_pair", "rings_per_callee"))]
    return "\n".join(lines) + "\n"


class Agent:
    """One agent process with devices. It can be killed, stopped, and started again with the devices it had."""

    def __init__(self, network, hear):
        self.network = network
        self.hear = hear      # called with every event
        self.openings = {}    # device → the line that opens it
        self.online = {}      # device → asyncio.Event
        self.child = None
        self.reading = None
        self.is_stopped = self.is_killed = False
        self.crash = None     # exit code of a process that nobody has killed

    async def start(self):
        self.child = await asyncio.create_subprocess_exec(
            *self.network.prefix, str(programs()[1]), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
        self.is_stopped = self.is_killed = False
        self.reading = asyncio.create_task(self._read(self.child))
        for line in self.openings.values():
            self.say(line)

    async def open(self, device, number, user, port, watchdogs=""):
        """`number` is the device's in the network."""
        self.open_at(device, user, await self.network.url(number, port), watchdogs)

    def open_at(self, device, user, url, watchdogs=""):
        self.openings[device] = f"open {device} {user} {url} {make_token(sub=user)} {watchdogs}"
        self.online[device] = asyncio.Event()
        self.say(self.openings[device])

    def is_running(self):
        return self.child is not None and self.child.returncode is None

    def say(self, line):
        """A command for a process that has died is lost with it."""
        if self.is_running() and not self.child.stdin.is_closing():
            self.child.stdin.write(line.encode() + b"\n")

    async def _read(self, child):
        while line := await child.stdout.readline():
            event = json.loads(line)
            if child is not self.child:
                continue
            if event["event"] == "refused":
                raise RuntimeError(f"the agent did not understand: {event['line']}")
            if event["event"] in ("online", "offline"):
                heard = self.online[event["device"]]
                heard.set() if event["event"] == "online" else heard.clear()
            self.hear(event)
        if child is self.child and not self.is_killed:
            self.crash = await child.wait()
            for online in self.online.values():
                online.set()  # whoever waits for it must look at the crash

    async def kill(self):
        """Returns when the process is dead and all it has said is heard."""
        self.is_killed = True
        if self.is_running():
            self.child.kill()
        await self.child.wait()
        await self.reading
        for online in self.online.values():
            online.clear()

    def stop(self):
        self.is_stopped = True
        if self.is_running():
            self.child.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.is_stopped = False
        if self.is_running():
            self.child.send_signal(signal.SIGCONT)

    async def all_online(self):
        await asyncio.gather(*(online.wait() for online in self.online.values()))
