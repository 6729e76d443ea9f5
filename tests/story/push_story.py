"""What the tests of `logboom push` share: a PULL socket in the daemon's place, and clients.

A pyzmq socket stands in for the daemon, so that every message is seen as it went over
the wire, and so that the daemon can be slow, gone, or come back at the right moment.
A module that uses the fixtures imports them by name.
"""

import contextlib
import os
import select
import socket
import subprocess
import time
import zlib

import pytest
import zmq
from logboom_story import LOGBOOM, PATIENCE_S, end_process, new_context


# Of loopback an address for each process of the tests, since a client of a test that runs beside this one may still be
# looking for a port that its daemon had, and that the kernel has given to us.
LOOPBACK = "127.{}.{}.{}".format(64 + (os.getpid() >> 16) % 64, os.getpid() >> 8 & 255, os.getpid() & 255)


class Daemon:
    """A PULL socket in the daemon's place."""

    def __init__(self, address=f"tcp://{LOOPBACK}:*", **options):
        self.context = new_context()
        self.socket = self.context.socket(zmq.PULL)
        self.socket.rcvtimeo = PATIENCE_S * 1000
        for name, value in options.items():
            setattr(self.socket, name, value)
        self.socket.bind(address)
        self.address = self.socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def receive(self):
        return self.socket.recv()

    def receive_rest(self):
        """What our kernel still holds; a client that ended well has seen it arrive there."""
        messages = []
        while self.socket.poll(300):
            messages.append(self.socket.recv())
        return messages

    def receive_until_end(self, process):
        """All messages, while the client runs and after it."""
        messages = []
        deadline = time.monotonic() + PATIENCE_S
        while process.poll() is None:
            assert time.monotonic() < deadline, "the client does not end"
            if self.socket.poll(20):
                with contextlib.suppress(zmq.Again):
                    while True:
                        messages.append(self.socket.recv(zmq.DONTWAIT))
        return messages + self.receive_rest()

    def close(self):
        self.context.destroy(linger=0)


@pytest.fixture(name="daemon")
def daemon_fixture():
    daemon = Daemon()
    yield daemon
    daemon.close()


@pytest.fixture(name="push")
def push_fixture():
    """Starts `logboom push`; what still runs at the end of the test is killed."""
    started = []

    def start(*arguments, to=None, **popen):
        environment = {k: v for k, v in os.environ.items() if k != "LOGBOOM_ADDRESS"}
        if to:
            arguments = ("--to", to, *arguments)
        popen.setdefault("stdin", subprocess.DEVNULL)
        popen.setdefault("env", environment)
        process = subprocess.Popen(
            [LOGBOOM, "push", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **popen,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        end_process(process)


def ended(process):
    """Waits for the end; its status and what it said. Its input stays open until then: an end of
    the input would be another reason to leave."""
    stdin, process.stdin = process.stdin, None
    _, said = process.communicate(timeout=PATIENCE_S)
    if stdin:
        stdin.close()
    return process.returncode, said.decode()


def said_so_far(process, sentence):
    """Reads standard error up to the line with this sentence, and not a byte further."""
    said, deadline = b"", time.monotonic() + PATIENCE_S
    while sentence.encode() not in said or not said.endswith(b"\n"):
        left_s = deadline - time.monotonic()
        more = left_s > 0 and select.select([process.stderr], [], [], left_s)[0]
        byte = os.read(process.stderr.fileno(), 1) if more else b""
        assert byte, f"never said: {sentence}, but: {said.decode()}"
        said += byte


def numbered_line(number, length=100):
    text = b"%09d " % number
    text += b"x" * (length - len(text) - 9)
    return text + b" %08x" % zlib.crc32(text)


def check_numbered(lines, count, length=100):
    for number, line in enumerate(lines):
        assert line == numbered_line(number, length)
    assert len(lines) == count


@pytest.fixture(name="address")
def address_fixture():
    """An address on which nobody listens; a Daemon may, again and again, and nobody else."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((LOOPBACK, 0))
        yield f"tcp://{LOOPBACK}:{holder.getsockname()[1]}"
