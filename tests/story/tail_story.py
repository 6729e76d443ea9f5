"""What stories of `logboom tail` share: the command at work, and what it has printed."""

import os
import select
import subprocess
import time

import pytest
from logboom_story import LOGBOOM, PATIENCE_S, clean_environment, end_process

SOCKET = "c.sock"
CONTROL = {"control": {"path": SOCKET}}


class Tail:
    """`logboom tail`, and what it has printed so far."""

    def __init__(self, daemon, *arguments, stdout=subprocess.PIPE, **env):
        self.process = subprocess.Popen(
            [LOGBOOM, "tail", "--control", SOCKET, *arguments], cwd=daemon.folder, stdin=subprocess.DEVNULL,
            stdout=stdout, stderr=subprocess.PIPE, env=clean_environment(**env))
        self.data = b""

    def read_some(self, patience_s=PATIENCE_S):
        if not select.select([self.process.stdout], [], [], patience_s)[0]:
            return False
        more = os.read(self.process.stdout.fileno(), 1 << 20)
        self.data += more
        return bool(more)

    def wait(self, condition):
        """Until the condition holds of its lines."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition(self.lines()):
            assert time.monotonic() < deadline and self.read_some(1) is not None, self.data[-500:]
        return self.lines()

    def wait_lines(self, count):
        lines = self.wait(lambda lines: len(lines) >= count)
        assert len(lines) == count
        return lines

    def lines(self):
        return self.data.split(b"\n")[:-1]

    def end(self):
        while self.read_some():
            pass
        status = self.process.wait(PATIENCE_S)
        return status, self.process.stderr.read().decode()


@pytest.fixture(name="tail")
def tail_fixture():
    started = []

    def begin(daemon, *arguments, **options):
        started.append(Tail(daemon, *arguments, **options))
        return started[-1]

    yield begin
    for one in started:
        end_process(one.process)


def text_of(line):
    """Without the time."""
    return line.split(b" ", 1)[1]
