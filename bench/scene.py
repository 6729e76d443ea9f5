"""A daemon in a bad neighbourhood, for those who want to watch: eight clients, a sink behind a
FIFO that nobody reads, and a peer whose message never ends.

`demo.py` shows it in a terminal, `memory_plot.py` draws it. Needs the test packages.
"""

import os
import pathlib
import re
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = next((it for it in sys.argv[1:] if not it.startswith("-")), "build")
os.environ["LOGBOOM_BUILD"] = BUILD
sys.path[:0] = [str(ROOT / "tests/story")]

from cap_story import Reader, Tools, cap_bytes, keep_flooding, verify_file  # noqa: E402
from logboom_story import Daemon  # noqa: E402
from zmtp_peer import frame  # noqa: E402

CAP = "40MiB"


class Endless(threading.Thread):
    """A peer that sends frames which all say "more of this message comes"; whenever it is cut it
    comes again."""

    SPELL_S = 0.5

    def __init__(self, daemon, frame_bytes=200):
        super().__init__(daemon=True)
        self.target, self.unit = daemon, frame(b"m" * frame_bytes, more=True)
        self.leaving = threading.Event()
        self.sent_bytes = 0
        self.start()

    def run(self):
        while not self.leaving.is_set():
            try:
                self.sent_bytes += keep_flooding(self.target, self.unit, self.SPELL_S)[0]
            except AssertionError:  # turned away before its handshake was over
                continue


class Scene:
    """Sinks: `all`, a file, and `stalled`, the FIFO."""

    def __init__(self, stalled="drop_oldest", cap=CAP):
        self.place = tempfile.TemporaryDirectory(prefix="logboom-scene-")
        self.folder = pathlib.Path(self.place.name)
        os.mkfifo(self.folder / "stalled")
        self.reader = Reader(self.folder / "stalled")
        self.tools, self.attackers = Tools(), []
        self.daemon = Daemon(self.folder, memory={"cap": cap}, sinks=[
            {"name": "all", "type": "file", "format": "line", "path": str(self.folder / "all.log")},
            {"name": "stalled", "type": "file", "format": "line", "when_full": stalled,
             "path": str(self.folder / "stalled")}])
        self.cap_bytes = cap_bytes(self.daemon)

    def attack(self, **options):
        self.attackers.append(Endless(self.daemon, **options))
        return self.attackers[-1]

    def memory_bytes(self):
        """(now, at most so far), as the kernel counts."""
        status = pathlib.Path(f"/proc/{self.daemon.pid}/status").read_text()
        return tuple(int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) * 1024
                     for name in ("VmRSS", "VmHWM"))

    def leave(self):
        """Everybody, in an orderly way; returns without waiting for those who have much to send."""
        self.end_attacks()
        for tool in self.tools.started:
            tool.tell_to_leave()

    def end_attacks(self):
        for one in self.attackers:
            one.leaving.set()
        for one in self.attackers:
            one.join()

    def read_file(self):
        return verify_file(self.daemon.log)

    def end(self):
        self.end_attacks()
        self.tools.end()
        self.daemon.end()
        self.reader.close()
        self.place.cleanup()


def every(period_s, seconds):
    """Numbers of seconds since the beginning, one each period, until the time is over."""
    began = time.monotonic()
    for number in range(int(seconds / period_s)):
        time.sleep(max(0, began + number * period_s - time.monotonic()))
        yield time.monotonic() - began
