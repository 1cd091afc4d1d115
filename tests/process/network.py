"""The network between devices and server, and what can go wrong in it: silence, refusal, loss.

NamespaceNetwork is the real thing: the server (and this process) live in one network namespace, the devices in another, with a veth
pair between them; every device reaches the server by an address of its own, so iptables can cut off one device and no other.
RelayNetwork stands in for it where namespaces are not permitted: every device has a TCP relay of its own, which stops forwarding.
Both go away with this process.
"""

import asyncio
import ctypes
import os
import shutil
import socket
import struct
import subprocess

CLONE_NEWNET = 0x40000000
LIST_SIZE = 90  # the kernel keeps 100 addresses in a list, and would forget the oldest without a word


class NotPermitted(Exception):
    """Namespaces cannot be had here; the text says why."""


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NotPermitted(f"`{' '.join(command)}` says: {done.stderr.strip() or done.returncode}")


async def run_all(*commands):
    """All at the same time, to the end of the last; a fault that is not in force would make every verdict worthless."""
    children = [await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE) for command in commands]
    for command, child in zip(commands, children):
        _, said = await child.communicate()
        if child.returncode != 0:
            raise RuntimeError(f"`{' '.join(command)}` failed: {said.decode().strip()}")


class NamespaceNetwork:
    """One per process: making it takes the calling process into a namespace of its own, for good."""

    name = "namespaces"
    listen = "0.0.0.0"
    relay_host = "10.77.0.1"  # where devices reach what this process itself listens on

    def __init__(self):
        for tool in ("ip", "iptables", "nsenter", "unshare"):
            if shutil.which(tool) is None:
                raise NotPermitted(f"the program {tool} is missing")
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
            raise NotPermitted(f"unshare: {os.strerror(ctypes.get_errno())}")
        # It holds the other namespace and ends when we do, however we end: its stdin is ours.
        self.holder = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.holder.stdout.readline()
        self.prefix = ["nsenter", "-t", str(self.holder.pid), "-n", "--"]
        self.rules = {}  # (number of the device, bits) → [(prefix, rule)] in force
        try:
            self._connect()
        except NotPermitted:
            self.holder.kill()
            raise

    def _connect(self):
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "server", "type", "veth", "peer", "name", "devices", "netns", str(self.holder.pid))
        run("ip", "address", "add", "10.77.0.1/30", "dev", "server")
        run("ip", "link", "set", "server", "up")
        run("ip", "route", "add", "local", "10.78.0.0/16", "dev", "lo")  # 65 536 addresses, all of them the server's
        for command in ("link set lo up", "address add 10.77.0.2/30 dev devices", "link set devices up",
                        "route add 10.78.0.0/16 via 10.77.0.1"):
            run(*self.prefix, "ip", *command.split())
        for prefix in ([], self.prefix):
            run(*prefix, "iptables", "-w", "-L", "-n")
        self.lists = self._make_lists()

    def _make_lists(self):
        """Lists of addresses (xt_recent) that a write to a file changes at once, where starting iptables takes long on a busy machine.
        {name: {file: its entries}}; empty where the kernel has none."""
        reset = ["-p", "tcp", "-j", "REJECT", "--reject-with", "tcp-reset"]
        rules = [([], "INPUT", "up", "--rdest", ["-j", "DROP"]), (self.prefix, "INPUT", "down", "--rsource", ["-j", "DROP"]),
                 (self.prefix, "INPUT", "refuse", "--rsource", reset), (self.prefix, "OUTPUT", "refuse", "--rdest", reset)]
        try:
            for prefix, chain, name, side, action in rules:
                run(*prefix, "iptables", "-w", "-A", chain, "-m", "recent", "--rcheck", "--name", name, side, *action)
        except NotPermitted:
            return {}
        ours, theirs = "/proc/self/net/xt_recent/", f"/proc/{self.holder.pid}/net/xt_recent/"
        files = {"up": ours + "up", "down": theirs + "down", "refuse": theirs + "refuse"}
        return {name: (file, set()) for name, file in files.items() if os.access(file, os.W_OK)}

    @staticmethod
    def _address(number, bits=32):
        return f"10.78.{number // 256}.{number % 256}/{bits}"

    async def url(self, number, port):
        return f"http://{self._address(number).removesuffix('/32')}:{port}"

    def is_broken(self, number):
        return (number, 32) in self.rules or any(number in entries for _, entries in self.lists.values())

    def _list(self, number, *names):
        """True if these lists have taken the address in; false if there are none, or they are full."""
        if not all(name in self.lists and len(self.lists[name][1]) < LIST_SIZE for name in names):
            return False
        for name in names:
            file, entries = self.lists[name]
            entries.add(number)
            self._write(file, "+", number)
        return True

    def _write(self, file, sign, number):
        with open(file, "w", encoding="ascii") as entries:
            entries.write(sign + self._address(number).removesuffix("/32") + "\n")

    async def _apply(self, number, bits, rules):
        self.rules.setdefault((number, bits), []).extend(rules)
        await run_all(*(prefix + ["iptables", "-w", "-A", *rule] for prefix, rule in rules))

    async def silence(self, number, direction="both", bits=32):
        """Packets vanish and nobody is told. `direction`: both, up (from the device) or down. `bits`: less than 32 for all devices
        whose numbers begin alike."""
        if bits == 32 and self._list(number, *(name for name in ("up", "down") if direction in (name, "both"))):
            return
        address = self._address(number, bits)
        down = (self.prefix, ["INPUT", "-s", address, "-j", "DROP"])
        up = ([], ["INPUT", "-d", address, "-j", "DROP"])
        await self._apply(number, bits, [rule for rule, of in ((down, "down"), (up, "up")) if direction in (of, "both")])

    async def refuse(self, number):
        """Every packet is answered with RST, to whichever side sent it: connections break, new ones are refused."""
        if self._list(number, "refuse"):
            return
        address = self._address(number)
        reset = ["-p", "tcp", "-j", "REJECT", "--reject-with", "tcp-reset"]
        await self._apply(number, 32, [(self.prefix, ["INPUT", "-s", address, *reset]), (self.prefix, ["OUTPUT", "-d", address, *reset])])

    async def lose(self, number, share, bits=32):
        """A share of the packets vanishes, in each direction."""
        address = self._address(number, bits)
        chance = ["-m", "statistic", "--mode", "random", "--probability", str(share), "-j", "DROP"]
        await self._apply(number, bits, [(self.prefix, ["INPUT", "-s", address, *chance]), ([], ["INPUT", "-d", address, *chance])])

    async def heal(self, number, bits=32):
        for file, entries in self.lists.values():
            if bits == 32 and number in entries:
                entries.remove(number)
                self._write(file, "-", number)
        rules = self.rules.pop((number, bits), [])
        await run_all(*(prefix + ["iptables", "-w", "-D", *rule] for prefix, rule in rules))

    async def close(self):
        self.holder.kill()
        self.holder.wait()


class RelayNetwork:
    """A relay for each device, in this process. A device that is silenced stays connected to a relay that forwards nothing."""

    name = "relay"
    listen = "127.0.0.1"
    relay_host = "127.0.0.1"
    prefix = []

    def __init__(self):
        self.relays = {}

    async def url(self, number, port):
        if number not in self.relays:
            self.relays[number] = Relay(port, self.relay_host)
            await self.relays[number].start()
        return self.relays[number].url

    def is_broken(self, number):
        return self.relays[number].is_broken()

    async def silence(self, number, direction="both"):
        self.relays[number].shut(direction)

    async def refuse(self, number):
        self.relays[number].refuse()

    async def heal(self, number):
        self.relays[number].open()

    async def close(self):
        for relay in self.relays.values():
            await relay.stop()


class Relay:
    """One listening port whose connections go on to the server's port."""

    def __init__(self, server_port, host):
        self.server_port = server_port
        self.host = host
        self.gates = {"up": asyncio.Event(), "down": asyncio.Event()}
        self.refuses = False
        self.connections = set()  # pairs of writers, of device and server
        self.open()

    async def start(self):
        self.server = await asyncio.start_server(self._on_device, self.host, 0)
        self.url = "http://%s:%d" % self.server.sockets[0].getsockname()[:2]

    async def stop(self):
        self.server.close()
        self.open()
        self.cut(reset=True)

    def is_broken(self):
        return self.refuses or not all(gate.is_set() for gate in self.gates.values())

    def shut(self, direction="both"):
        for name, gate in self.gates.items():
            if direction in (name, "both"):
                gate.clear()

    def open(self):
        self.refuses = False
        for gate in self.gates.values():
            gate.set()

    def refuse(self):
        self.refuses = True
        self.cut(reset=True)

    def cut(self, reset):
        """Closes what is open: with RST, or with FIN."""
        for pair in list(self.connections):
            for writer in pair:
                if reset:
                    abort(writer)
                else:
                    writer.close()

    async def _on_device(self, reader, writer):
        if self.refuses:
            return abort(writer)
        try:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.server_port)
        except OSError:
            return abort(writer)
        if self.refuses:  # meanwhile
            abort(server_writer)
            return abort(writer)
        pair = (writer, server_writer)
        self.connections.add(pair)
        await asyncio.gather(pump(reader, server_writer, self.gates["up"]), pump(server_reader, writer, self.gates["down"]))
        self.connections.discard(pair)
        return None


def abort(writer):
    held = writer.get_extra_info("socket")
    if held is not None and held.fileno() >= 0:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def pump(reader, writer, gate):
    """Forwards until one side closes; while the gate is shut neither bytes nor the end pass it."""
    try:
        while True:
            data = await reader.read(65536)
            await gate.wait()
            if not data:
                break
            writer.write(data)
            await writer.drain()
    except OSError:
        await gate.wait()
    writer.close()


def make_network(kind):
    """(network, sentence). `kind`: auto, namespaces, relay; auto falls back to the relay and the sentence says why."""
    if kind != "relay":
        try:
            network = NamespaceNetwork()
            return network, "Network faults are made by iptables between two network namespaces."
        except NotPermitted as problem:
            if kind == "namespaces":
                raise
            return RelayNetwork(), ("Network namespaces are not permitted here, so a TCP relay that stops forwarding stands in for "
                                    f"the network: {problem}.")
    return RelayNetwork(), "Network faults are made by a TCP relay that stops forwarding."
