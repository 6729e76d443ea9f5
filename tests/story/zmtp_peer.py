"""Raw ZMTP 3 peers on plain sockets: what libzmq would never send, and what it would.

A `Peer` is one connection. It speaks as PUSH (or as told), may stop anywhere in the greeting,
the handshake or a frame, and may send frames without end. Every wait is bounded. A `Crowd`
is many peers in one selectors loop.

What is on the wire (ZMTP 3.1, rfc.zeromq.org/spec/37):

    greeting   ff 00*8 7f | 03 minor | mechanism in 20 bytes | as-server | 00*31
    frame      flags (1 more, 2 long, 4 command), length in 1 or 8 bytes, body
    command    a frame whose body begins with the length of its name, and the name

libzmq resets a peer that sends data before it has read the peer's READY, so `shake_hands`
waits for the READY of the daemon.
"""

import contextlib
import resource
import selectors
import socket
import struct
import time

from logboom_story import PATIENCE_S

MORE, LONG, COMMAND = 1, 2, 4
GREETING_LEN = 64
CUT = (BrokenPipeError, ConnectionResetError, ConnectionAbortedError)


def allow_descriptors(count):
    """Raises this process's own limit, and that of what it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))
    return min(max(soft, count), hard)


def greeting(major=3, minor=0, mechanism=b"NULL"):
    return (b"\xff" + bytes(8) + b"\x7f" + bytes([major, minor])
            + mechanism.ljust(20, b"\0") + bytes(32))


OLD_GREETINGS = {
    "ZMTP 1.0": b"\x01\x00",  # an anonymous identity, as ZeroMQ 2.x begins
    "ZMTP 2.0": b"\xff" + bytes(8) + b"\x7f\x01\x08\x00\x00",  # revision, type PUSH, no identity
}


def frame(body=b"", more=False, command=False, long=None):
    flags = (MORE if more else 0) | (COMMAND if command else 0)
    if long or (long is None and len(body) > 255):
        return struct.pack(">BQ", flags | LONG, len(body)) + body
    return struct.pack("BB", flags, len(body)) + body


def half_frame(announced, body=b"", more=False):
    """The head of a long frame, and less of its body than announced."""
    return struct.pack(">BQ", LONG | (MORE if more else 0), announced) + body


def command(name, body=b""):
    return frame(bytes([len(name)]) + name + body, command=True)


def ready(socket_type=b"PUSH"):
    return command(b"READY", b"\x0bSocket-Type" + struct.pack(">I", len(socket_type)) + socket_type)


def open_socket(address, receive_buffer=None):
    """A non-blocking socket on its way to `tcp://HOST:PORT` or `ipc://PATH`.

    A full backlog makes a unix socket refuse (BlockingIOError); a tcp one only waits."""
    transport, _, place = address.partition("://")
    if transport == "ipc":
        one, target = socket.socket(socket.AF_UNIX), place
    else:
        host, _, port = place.rpartition(":")
        one, target = socket.socket(socket.AF_INET), (host, int(port))
    if receive_buffer:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    one.setblocking(False)
    try:
        error = one.connect_ex(target)
        if error not in (0, 115):  # EINPROGRESS
            raise OSError(error, f"cannot connect to {address}")
    except BaseException:
        one.close()
        raise
    return one


class Peer:
    """One connection. `cut` becomes true when the daemon has closed it."""

    def __init__(self, address, patience_s=PATIENCE_S):
        self.patience_s = patience_s
        self.socket = open_socket(address)
        self.heard = bytearray()
        self.cut = False
        self._wait(selectors.EVENT_WRITE, "connected")

    def fileno(self):
        return self.socket.fileno()

    def _wait(self, events, what, patience_s=None):
        """True if the socket can go on; without patience of its own it must."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.socket, events)
            able = selector.select(self.patience_s if patience_s is None else patience_s)
        assert able or patience_s is not None, f"waited in vain: {what}"
        return bool(able)

    def send(self, data):
        """All of it; it must fit in time. False: the daemon has cut us."""
        view = memoryview(data)
        while view and not self.cut:
            self._wait(selectors.EVENT_WRITE, "room to send")
            view = view[self.send_some(view):]
        return not self.cut

    def send_some(self, data):
        """What the kernel takes now, in bytes."""
        try:
            return self.socket.send(data)
        except BlockingIOError:
            return 0
        except CUT:
            self.cut = True
            return 0

    def listen(self):
        """Takes in what is there, and learns whether we are cut."""
        try:
            while data := self.socket.recv(65536):
                self.heard += data
            self.cut = True
        except BlockingIOError:
            pass
        except CUT:
            self.cut = True
        return self

    @property
    def is_ready(self):
        """The daemon's greeting and its whole READY are here."""
        rest = self.heard[GREETING_LEN:]
        return len(rest) > 2 and rest[0] & COMMAND and len(rest) >= 2 + rest[1]

    def shake_hands(self, socket_type=b"PUSH"):
        self.send(greeting() + ready(socket_type))
        return self.wait_ready()

    def wait_ready(self):
        """Until the daemon has said all that it says before it takes data."""
        deadline = time.monotonic() + self.patience_s
        while not self.listen().is_ready:
            assert not self.cut, "cut before the handshake was over"
            self._wait(selectors.EVENT_READ, "READY", max(0, deadline - time.monotonic()))
            assert time.monotonic() < deadline, "waited in vain: READY"
        return self

    def send_message(self, *frames):
        return self.send(b"".join(frame(body, more=body is not frames[-1]) for body in frames))

    def flood(self, unit, limit_bytes, blocked_s=1.0, seconds=None, watch=lambda: False):
        """Sends `unit` again and again, without ever waiting for an answer, until it is cut,
        `limit_bytes` went out, nothing went for `blocked_s`, the time is over, or `watch()`
        says so. How many bytes went."""
        unit_count = max(1, (256 * 1024) // max(1, len(unit)))
        batch = memoryview(unit * unit_count)
        sent, since = 0, time.monotonic()
        end = since + (seconds if seconds is not None else self.patience_s)
        while not self.cut and sent < limit_bytes and time.monotonic() < end:
            went = self.send_some(batch[sent % len(batch):])
            sent += went
            if went:
                since = time.monotonic()
                if watch():
                    break
            elif not self.cut:
                if time.monotonic() - since > blocked_s:
                    break
                self._wait(selectors.EVENT_WRITE, "room", 0.05)
                self.listen()
        return sent

    def wait_cut(self, patience_s=None):
        """Until the daemon closes us, at most so long; whether it did."""
        deadline = time.monotonic() + (self.patience_s if patience_s is None else patience_s)
        while not self.listen().cut and time.monotonic() < deadline:
            self._wait(selectors.EVENT_READ, "end", max(0, deadline - time.monotonic()))
        return self.cut

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Crowd:
    """Many connections at once that all say the same and then are silent.

    `said` is sent as soon as the connection stands; `after_ready(number of the connection)` when
    the daemon's READY was read. Nothing is answered in between. Turns are made by `run_until`,
    in the caller's thread."""

    def __init__(self, address, said=b"", after_ready=lambda number: b""):
        self.address, self.said, self.after_ready = address, said, after_ready
        self.selector = selectors.DefaultSelector()
        self.peers, self.begun, self.cut, self.ready = set(), 0, 0, 0

    def connect(self, count):
        """How many connections were begun; an ipc backlog may be full before."""
        for done in range(count):
            try:
                one = open_socket(self.address)
            except BlockingIOError:
                return done
            peer = _Member(one, self.said, self.after_ready(self.begun))
            self.begun += 1
            self.peers.add(peer)
            self.selector.register(one, selectors.EVENT_READ | selectors.EVENT_WRITE, peer)
            peer.go_on(selectors.EVENT_WRITE)  # at once: the daemon waits 0.3 s, and we may get no time
        return count

    def turn(self, timeout_s=0.05):
        for key, events in self.selector.select(timeout_s):
            peer = key.data
            was_ready = peer.is_ready
            peer.go_on(events)
            self.ready += peer.is_ready and not was_ready
            if peer.cut:
                self._forget(peer)
                self.cut += 1
            elif not peer.unsent:
                self.selector.modify(peer.socket, selectors.EVENT_READ, peer)
            else:
                self.selector.modify(peer.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, peer)

    def run_until(self, condition, what, patience_s=PATIENCE_S):
        deadline = time.monotonic() + patience_s
        while not condition():
            assert time.monotonic() < deadline, \
                f"waited in vain: {what} ({self.ready} ready, {self.cut} cut, {len(self.peers)} there)"
            self.turn()

    def run_for(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.turn(min(left, 0.05))

    def _forget(self, peer):
        self.selector.unregister(peer.socket)
        peer.socket.close()
        self.peers.discard(peer)

    def leave_served(self):
        """Those leave whose handshake is over and who have sent all they had."""
        for peer in [it for it in self.peers if it.is_ready and not it.unsent]:
            self._forget(peer)

    def close(self):
        for peer in list(self.peers):
            self._forget(peer)
        self.selector.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class _Member(Peer):
    """A peer that never waits."""

    def __init__(self, one, said, after_ready):
        self.socket, self.unsent, self.after_ready = one, said, after_ready
        self.heard, self.cut = bytearray(), False

    def go_on(self, events):
        if events & selectors.EVENT_READ:
            self.listen()
        if self.is_ready and self.after_ready:
            self.unsent, self.after_ready = self.unsent + self.after_ready, b""
        if self.unsent and not self.cut:
            with contextlib.suppress(OSError):
                self.unsent = self.unsent[self.send_some(self.unsent):]
