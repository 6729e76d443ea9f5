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
from logboom_story import PATIENCE_S, clean_environment, end_process


class PseudoTerminal:
    """A pseudo terminal, and what was written to it."""

    def __init__(self, columns=80, lines=24):
        self.ours, self.theirs = pty.openpty()
        self.written = b""
        self.before = termios.tcgetattr(self.theirs)
        self.resize(columns, lines)

    def resize(self, columns, lines):
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def take(self, data):
        self.written += data

    def take_rest(self):
        """All that is there already."""
        while self.has_more():
            self.take(os.read(self.ours, 65536))
        return self

    def has_more(self, patience_s=0):
        return bool(select.select([self.ours], [], [], patience_s)[0])

    def wait(self, found, what):
        """Reads until it is so: the condition is asked of this terminal after each piece."""
        deadline = time.monotonic() + PATIENCE_S
        while not found(self):
            assert time.monotonic() < deadline, f"waited in vain: {what}\n{self.text}"
            if self.has_more(0.05):
                self.take(os.read(self.ours, 65536))
        return self

    @property
    def text(self):
        return self.written.decode(errors="replace")

    def press(self, keys):
        os.write(self.ours, keys)
        return self

    @property
    def is_restored(self):
        """Echo, lines and signals are as they were."""
        return termios.tcgetattr(self.theirs) == self.before

    def close(self):
        os.close(self.ours)
        os.close(self.theirs)


class Terminal(PseudoTerminal):
    """One with a command on it, as in a shell. `lines` is what its screen shows now."""

    def __init__(self, command, columns=80, lines=24, cwd=None, **environment):
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)
        super().__init__(columns, lines)
        self.process = subprocess.Popen(
            command, stdin=self.theirs, stdout=self.theirs, stderr=self.theirs, cwd=cwd,
            env=clean_environment(**{"TERM": "xterm", "LC_ALL": "C.UTF-8", **environment}),
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(1, termios.TIOCSCTTY, 0))

    def resize(self, columns, lines):
        super().resize(columns, lines)
        self.screen.resize(lines, columns)

    def take(self, data):
        super().take(data)
        self.stream.feed(data)

    @property
    def lines(self):
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self):
        return "\n".join(self.lines)

    def ended(self):
        """Its exit status; the screen has all that it wrote."""
        self.wait(lambda _: self.process.poll() is not None, "the end")
        self.take_rest()
        return self.process.returncode

    def close(self):
        end_process(self.process)
        super().close()
