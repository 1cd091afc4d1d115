"""Peers that mean no good: sockets that trickle and never say who they are, and hellos with forged tokens, as many as wanted at a time."""

import base64
import collections
import errno
import heapq
import json
import select
import socket
import time

UPGRADE = (b"GET /v1/client HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
           b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
TRICKLE_SECONDS = 1
KINDS = ("silent", "header", "upgraded", "hello")  # how far a slow socket goes, in turn


def frame(payload):
    """A text frame of a client, masked with zeros."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else bytes([0xFE]) + size.to_bytes(2, "big")
    return b"\x81" + length + bytes(4) + payload


def forged_hello(key):
    def text(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
    token = f"{text({'alg': 'HS256', 'typ': 'JWT'})}.{text({'iss': key, 'sub': 'mallory', 'exp': int(time.time()) + 3600})}.{'A' * 43}"
    return frame(json.dumps({"type": "hello", "version": 1, "device_id": "d", "token": token}).encode())


class Flood:
    """One thread, one epoll set. `addresses`: of 127.0.0.0/8, taken in turn, so that each has its share of the limits."""

    def __init__(self, port, addresses, slow, forged_per_second, key):
        self.port, self.slow, self.forged_per_second = port, slow, forged_per_second
        self.addresses = collections.deque(addresses)
        self.hello = forged_hello(key)
        self.epoll = select.epoll()
        self.sockets = {}  # descriptor: (socket, kind)
        self.due = []      # (moment, descriptor) of the next byte of a slow one
        self.slow_now, self.opened_kinds, self.forged = 0, 0, 0
        self.counts = collections.Counter()

    def connect(self, kind):
        peer = socket.socket()
        peer.setblocking(False)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.bind((self.addresses[0], 0))
        self.addresses.rotate(1)
        if peer.connect_ex(("127.0.0.1", self.port)) not in (0, errno.EINPROGRESS):
            return peer.close()
        self.sockets[peer.fileno()] = (peer, kind)
        self.epoll.register(peer.fileno(), select.EPOLLIN | select.EPOLLOUT)
        self.counts["opened"] += 1
        return None

    def drop(self, number):
        peer, kind = self.sockets.pop(number)
        if kind in KINDS:
            self.slow_now -= 1
        self.epoll.unregister(number)
        peer.close()

    def on_writable(self, number):
        """Connected: the first words."""
        peer, kind = self.sockets[number]
        self.epoll.modify(number, select.EPOLLIN)
        if kind == "header":
            peer.send(UPGRADE[:40])
        elif kind != "silent":
            peer.send(UPGRADE)
        if kind in ("header", "hello"):
            heapq.heappush(self.due, (time.monotonic() + TRICKLE_SECONDS, number))

    def on_readable(self, number):
        peer, kind = self.sockets[number]
        heard = peer.recv(4096)
        if heard.startswith(b"HTTP/1.1 101") and kind in ("forged", "hello"):
            peer.send(self.hello if kind == "forged" else self.hello[:200])
            return
        if b"bad_token" in heard:
            self.counts["forged_refused"] += 1
        elif b"rate_limited" in heard or heard.startswith(b"HTTP/1.1 429"):
            self.counts["turned_away"] += 1
        if not heard or kind == "forged":
            self.drop(number)

    def trickle(self, now):
        while self.due and self.due[0][0] <= now:
            number = heapq.heappop(self.due)[1]
            if number not in self.sockets or self.sockets[number][1] not in ("header", "hello"):
                continue
            try:
                self.sockets[number][0].send(b"x")
                heapq.heappush(self.due, (now + TRICKLE_SECONDS, number))
            except OSError:
                self.drop(number)

    def open_more(self, begun, now):
        for _ in range(200):
            if self.slow_now >= self.slow:
                break
            self.connect(KINDS[self.opened_kinds % len(KINDS)])
            self.opened_kinds += 1
            self.slow_now += 1
        wanted = (now - begun) * self.forged_per_second
        for _ in range(200):
            if self.forged >= wanted:
                break
            self.connect("forged")
            self.forged += 1

    def turn(self, begun):
        now = time.monotonic()
        self.open_more(begun, now)
        self.trickle(now)
        for number, events in self.epoll.poll(0.005):
            try:
                if events & select.EPOLLOUT and number in self.sockets:
                    self.on_writable(number)
                if events & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR) and number in self.sockets:
                    self.on_readable(number)
            except OSError:
                self.drop(number)


def run(port, addresses, slow, forged_per_second, key, until, results):
    """In a process of its own: until `until` is set; then what happened goes into the queue `results`."""
    flood = Flood(port, addresses, slow, forged_per_second, key)
    begun = time.monotonic()
    while not until.is_set():
        flood.turn(begun)
    results.put({**flood.counts, "seconds": time.monotonic() - begun, "slow_now": flood.slow_now})
