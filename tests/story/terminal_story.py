"""A terminal for the commands that draw on one, and what a person would see there."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time

import pyte
from logboom_story import PATIENCE_S, clean_environment


class Terminal:
    """A pseudo terminal with one command on it. `lines` is what its screen shows now."""

    def __init__(self, command, columns=80, lines=24, cwd=None, **environment):
        self.ours, self.theirs = pty.openpty()
        self.resize(columns, lines)
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)
        self.written = b""
        self.before = termios.tcgetattr(self.theirs)
        self.process = subprocess.Popen(
            command, stdin=self.theirs, stdout=self.theirs, stderr=self.theirs, cwd=cwd,
            env=clean_environment(TERM="xterm", LC_ALL="C.UTF-8", **environment),
            start_new_session=True)

    def resize(self, columns, lines):
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        if hasattr(self, "screen"):
            self.screen.resize(lines, columns)

    @property
    def lines(self):
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self):
        return "\n".join(self.lines)

    def wait(self, found, what):
        """Reads until the screen is as it should be."""
        deadline = time.monotonic() + PATIENCE_S
        while not found(self):
            assert time.monotonic() < deadline, f"waited in vain: {what}\n{self.text}"
            if select.select([self.ours], [], [], 0.05)[0]:
                data = os.read(self.ours, 65536)
                self.written += data
                self.stream.feed(data)
        return self

    def press(self, keys):
        os.write(self.ours, keys)
        return self

    def ended(self):
        """Its exit status; the screen has all that it wrote."""
        self.wait(lambda _: self.process.poll() is not None, "the end")
        while select.select([self.ours], [], [], 0)[0]:
            data = os.read(self.ours, 65536)
            self.written += data
            self.stream.feed(data)
        return self.process.returncode

    @property
    def is_restored(self):
        """Echo, lines and signals are as they were."""
        return termios.tcgetattr(self.theirs) == self.before

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.ours)
        os.close(self.theirs)
