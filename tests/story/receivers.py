"""Those at the other end of a connection: they read frames, and some of them break off."""

import contextlib
import os
import random
import re
import select
import socket
import subprocess
import threading

from logboom_story import PATIENCE_S, Tally, end_process, wait_until


def frames_of(data, framing):
    """The whole frames of what one connection brought, and what was left of another."""
    frames, at = [], 0
    while True:
        if framing == "octet-counted":
            head = re.compile(rb"(\d+) ").match(data, at)
            if not head or head.end() + int(head[1]) > len(data):
                return frames, bytes(data[at:])
            begin, end, next_at = head.end(), head.end() + int(head[1]), head.end() + int(head[1])
        else:
            begin, end = at, data.find(b"\n" if framing == "lines" else b"\0", at)
            if end < 0:
                return frames, bytes(data[at:])
            next_at = end + 1
        frames.append(bytes(data[begin:end]))
        at = next_at


class Receiver:
    """Listens on a free port of 127.0.0.1, on another address, or on a path, and keeps what each
    connection brings, until it is told to end.

    breaks(): after how many bytes the next connection is broken off; None: never. Breaking off
    is half-closing: the daemon leaves at once, and all that had arrived can still be read, so
    that what the daemon calls written and what is there must be the same.
    reads: it may be told not to."""

    def __init__(self, address=None, framing="lines", breaks=lambda: None, reads=True, buffer_bytes=0):
        self.framing, self.breaks = framing, breaks
        self.connections, self.broken = [], 0
        self.reads = threading.Event()
        if reads:
            self.reads.set()
        self.wanted = address or ("127.0.0.1", 0)
        self.buffer_bytes = buffer_bytes
        self.ending = False
        self.listen()

    def listen(self):
        self.listener = socket.socket(self._family(), socket.SOCK_STREAM)
        if self.buffer_bytes:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.buffer_bytes)
        if isinstance(self.wanted, str):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.wanted)
        else:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(self.wanted)
        self.listener.listen()
        self.wanted = self.wanted if isinstance(self.wanted, str) else self.listener.getsockname()[:2]
        self.ending = False
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _family(self):
        if isinstance(self.wanted, str):
            return socket.AF_UNIX
        return socket.AF_INET6 if ":" in self.wanted[0] else socket.AF_INET

    @property
    def sink(self):
        """type and address as a sink is configured."""
        if isinstance(self.wanted, str):
            return {"type": "unix", "address": self.wanted, "framing": self.framing}
        host, port = self.wanted
        return {"type": "tcp", "address": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
                "framing": self.framing}

    def _serve(self):
        while not self.ending:
            if not select.select([self.listener], [], [], 0.05)[0]:
                continue
            peer, _ = self.listener.accept()
            self.connections.append(bytearray())
            with peer:
                self._read(peer, self.connections[-1], self.breaks())

    def _read(self, peer, data, break_after):
        while not self.ending:
            if not self.reads.wait(0.05) or not select.select([peer], [], [], 0.05)[0]:
                continue
            left = break_after - len(data) if break_after is not None else 1 << 20
            try:
                chunk = peer.recv(max(1, min(left, 1 << 20)))
            except ConnectionResetError:
                return
            if not chunk:
                return
            data += chunk
            if break_after is not None and len(data) >= break_after:
                self.broken += 1
                break_after = None
                with contextlib.suppress(OSError):
                    peer.shutdown(socket.SHUT_WR)

    def end(self):
        """No more is read, and nobody listens."""
        self.ending = True
        self.reads.set()
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive()
        self.listener.close()

    def lines(self):
        """The whole entries of all connections, each as a line, connection by connection."""
        return [b"\n".join([*frames_of(data, self.framing)[0], b""]) for data in list(self.connections)]

    def count(self):
        return sum(len(frames_of(data, self.framing)[0]) for data in list(self.connections))


class Arrived:
    """What came over several connections, together."""

    def __init__(self, connections, format):
        self.tallies = [Tally(lines, format) for lines in connections]

    def check_complete(self, counts, resent):
        """Nothing is missing, nothing merged or torn; of each client each connection brought a row
        without a gap, which begins where the one before ended, or earlier; and no more came twice
        than the daemon sent again. Returns how many did."""
        assert all(one.torn == 0 for one in self.tallies)
        repeated = 0
        for client, count in counts.items():
            reached = -1
            for one in self.tallies:
                numbers = one.numbers.get(client)
                if not numbers:
                    continue
                assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
                assert numbers[0] <= reached + 1, f"{numbers[0]} behind {reached}"
                repeated += min(reached, numbers[-1]) + 1 - numbers[0]
                reached = max(reached, numbers[-1])
            assert reached == count - 1, client
        assert repeated <= resent
        return repeated


class Program:
    """A receiver that others wrote."""

    def __init__(self, *command):
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def end(self):
        end_process(self.process)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


def wait_listening(address):
    """Until somebody accepts connections at host and port, or at a path."""

    def accepts():
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        with socket.socket(family) as probe:
            return probe.connect_ex(address) == 0

    wait_until(accepts, f"somebody listens on {address}")


def random_breaks(count, most_bytes, seed):
    """breaks() for a Receiver: so many connections are broken off at random moments."""
    dice = random.Random(seed)
    left = [count]

    def next_break():
        left[0] -= 1
        return dice.randrange(1, most_bytes) if left[0] >= 0 else None

    return next_break


