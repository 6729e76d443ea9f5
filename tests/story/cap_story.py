"""What the stories about the memory cap share: C tools, judges of output, memory and CPU.

The attacks are functions here, with the scale as a parameter: the stories run them for a
second or two, bench/memory.py for longer.
"""

import collections
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time
import zlib

from logboom_story import BUILD, EXIT_FINE, PATIENCE_S, SANITIZED, end_process, wait_until
from zmtp_peer import Peer

MIB = 1 << 20
TOOLS = pathlib.Path(__file__).with_name("tools")
MIXED_SIZES = "0,33,200,1000,65536,26,4096,120,300,16384"


def numbered(client, number, size=130):
    """One entry as tools/numbered.h makes it."""
    origin, filler = b"c%05d %09d" % (client, number), b"x" * (size - 26)
    return b"%s %08x %s" % (origin, zlib.crc32(origin + filler), filler)


# ---- the C tools --------------------------------------------------------------------------


def tool(name):
    """The path of a compiled tool; compiles it when it is older than its sources."""
    binary = BUILD / "story-tools" / name
    sources = [TOOLS / f"{name}.c", *TOOLS.glob("*.h")]
    if not binary.exists() or any(it.stat().st_mtime > binary.stat().st_mtime for it in sources):
        binary.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=binary.parent) as folder:
            fresh = pathlib.Path(folder) / name
            subprocess.run(["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-O2", "-o", fresh, sources[0],
                            "-lzmq"], check=True, timeout=2 * PATIENCE_S)
            fresh.rename(binary)  # others may be compiling it, too
    return binary


class Tool:
    """A running tool; what it says is lines of words."""

    def __init__(self, name, *arguments, stdin=subprocess.DEVNULL, **options):
        words = [f"{key}={value}" for key, value in options.items()]
        self._said = tempfile.TemporaryFile()
        self.process = subprocess.Popen([tool(name), *map(str, arguments), *words], stdin=stdin,
                                        stdout=self._said)

    @property
    def said(self):
        return os.pread(self._said.fileno(), 1 << 24, 0).decode()

    def says(self, word):
        return re.search(rf"^{word}\b", self.said, re.M) is not None

    def wait_says(self, word, patience_s=PATIENCE_S):
        wait_until(lambda: self.says(word), lambda: f"{word!r} in {self.said!r}", patience_s)
        return self

    def tell_to_leave(self):
        self.process.send_signal(signal.SIGTERM)
        return self

    def wait(self, patience_s=2 * PATIENCE_S):
        assert self.process.wait(timeout=patience_s) == 0
        return self

    def numbers(self, word):
        return [tuple(map(int, found.split()))
                for found in re.findall(rf"^{word} ([\d ]+)$", self.said, re.M)]

    def end(self):
        end_process(self.process)
        self._said.close()


class Sent(collections.Counter):
    """What clients say that they sent: {client: numbered entries}, and `others` beside."""

    def __init__(self, tools=()):
        super().__init__()
        self.others = 0
        for client, numbered, others in (line for one in tools for line in one.numbers("sent")):
            self[client] += numbered
            self.others += others

    @property
    def all(self):
        return self.total() + self.others


class Verified:
    """What of the numbered entries is in an output, as the tally saw it."""

    def __init__(self, tally):
        self.whole, self.others, self.torn, self.noticed = (
            tally.numbers(word)[0][0] for word in ("whole", "others", "torn", "noticed"))
        self.clients = {it[0]: it[1:] for it in tally.numbers("client")}

    @property
    def all(self):
        return self.whole + self.others

    def lost(self, client, sent):
        return sent - self.clients.get(client, (0,))[0]

    @property
    def repeated(self):
        return sum(it[2] for it in self.clients.values())

    @property
    def reordered(self):
        return sum(it[3] for it in self.clients.values())

    def check_whole(self, ordered=True):
        assert self.torn == self.repeated == 0
        assert not ordered or self.reordered == 0

    def check_complete(self, sent, ordered=True):
        """Everything arrived exactly once and unharmed."""
        self.check_whole(ordered)
        assert {c: n for c in sent if (n := self.lost(c, sent[c]))} == {}
        assert set(self.clients) == {c for c in sent if sent[c]}
        assert self.others == sent.others


def check_books(sent, verified, ledger):
    """What did not come out is counted, and told in the output: the three sums are one."""
    dropped = ledger.sink["dropped"] + ledger.endpoint["refused"]
    assert sent.all - verified.all == dropped == verified.noticed, \
        (sent.all, verified.all, verified.noticed, ledger.endpoints, ledger.sinks)


class Reader:
    """The other end of a FIFO, open from the start, read and judged when told to."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.tally = None

    def begin(self):
        self.tally = Tool("tally", stdin=self.fd)
        return self

    def end(self):
        """What came until the daemon closed the FIFO."""
        return Verified(self.tally.wait())

    def close(self):
        os.close(self.fd)
        if self.tally:
            self.tally.end()


def verify_file(path):
    with open(path, "rb") as file:
        tally = Tool("tally", stdin=file)
    try:
        return Verified(tally.wait())
    finally:
        tally.end()


# ---- the daemon's memory and CPU ------------------------------------------------------------


def cap_bytes(daemon):
    return int(re.search(r"\(cap (\d+) MiB", daemon.said)[1]) * MIB


def check_peak(daemon):
    """The promise. The sanitizers' own memory is not the daemon's."""
    peak, cap = daemon.peak_bytes(), cap_bytes(daemon)
    assert SANITIZED or peak <= cap, f"peak {peak / MIB:.1f} MiB, cap {cap / MIB:.0f} MiB"
    return peak


def over_cap(daemon):
    """To end an attack that has won, before it takes the machine's memory."""
    return not SANITIZED and daemon.peak_bytes() > 2 * cap_bytes(daemon)


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class CpuWindow:
    """The daemon's share of one CPU between `open` and `share`."""

    def __init__(self, daemon):
        self.pid, self.began, self.cpu = daemon.pid, time.monotonic(), cpu_seconds(daemon.pid)

    @property
    def age_s(self):
        return time.monotonic() - self.began

    @property
    def share(self):
        return (cpu_seconds(self.pid) - self.cpu) / self.age_s


def check_quiet(daemon, seconds=2.2, share=0.05, turn=lambda: time.sleep(0.02)):
    """While this window is open the daemon has next to nothing to do."""
    window = CpuWindow(daemon)
    while window.age_s < seconds:
        turn()
    used = window.share
    assert SANITIZED or used <= share, f"{used:.1%} of a CPU"
    return used


def wait_all_written(daemon, count, idle_s=PATIENCE_S / 3, sink="all"):
    """However long that takes, as long as it goes on. The ledger then."""
    best, since = -1, time.monotonic()
    while (written := (look := daemon.ledger()).sinks[sink]["written"]) < count:
        if written > best:
            best, since = written, time.monotonic()
        assert time.monotonic() - since < idle_s, \
            f"{best} of {count} entries, and no more for {idle_s} s: {look.endpoints} {look.sinks} {look.gate}"
        time.sleep(0.05)
    return look


def check_charged(daemon, least_bytes):
    """The gate has seen the attack: so much was charged at once. Without this a story would
    pass because its attacker was turned away at the door."""
    return daemon.wait_ledger(lambda look: look.gate.get("peak", 0) >= least_bytes,
                              f"{least_bytes} bytes charged")


def cut(look):
    """How many peers the gate has cut so far."""
    return sum(look.gate["cut"].values())


# ---- who attacks, and who must not notice -------------------------------------------------


def keep_flooding(daemon, unit, seconds):
    """An attacker that comes back as soon as it is cut. (bytes sent, how often it was cut)"""
    sent, cuts, end = 0, 0, time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not over_cap(daemon):
        with Peer(daemon.address) as peer:
            peer.shake_hands()
            sent += peer.flood(unit, 1 << 40, seconds=left, watch=lambda: over_cap(daemon))
            cuts += peer.wait_cut(0 if time.monotonic() > end else 1)
    return sent, cuts


class Honest:
    """A client that sends so many entries a second, watched for the whole story: how long did
    the file stand still at most, and is all of it there?"""

    RATE = 500 if SANITIZED else 2000

    def __init__(self, daemon, tools):
        self.daemon, self.tools = daemon, tools
        self.tool = tools.push(daemon, rate=self.RATE)
        daemon.wait_ledger(lambda look: look.sink["written"] > self.RATE / 10, "the honest client")
        self.silence_s, self.leaving = 0, threading.Event()
        self.watcher = threading.Thread(target=self._watch, daemon=True)
        self.watcher.start()

    def _watch(self):
        bytes_seen, since = 0, time.monotonic()
        while not self.leaving.wait(0.01):
            now, here = time.monotonic(), self.daemon.log.stat().st_size
            self.silence_s = max(self.silence_s, now - since)
            if here != bytes_seen:
                bytes_seen, since = here, now

    def end(self):
        self.leaving.set()
        self.watcher.join(PATIENCE_S)

    def check_served(self, silence_s=1):
        """Its entries came out all the time. (A machine with too much to do has pauses, too.)"""
        assert SANITIZED or self.silence_s <= silence_s, f"nothing written for {self.silence_s:.2f} s"

    def finish(self):
        """It leaves; everything of it is in the file, and nothing else."""
        self.end()
        self.tool.tell_to_leave()
        sent = self.tools.sent()
        wait_all_written(self.daemon, sent.all)
        assert self.daemon.stop() == EXIT_FINE
        verify_file(self.daemon.log).check_complete(sent)


class Tools:
    """Starts tools that do not outlive a story."""

    def __init__(self):
        self.started = []

    def __call__(self, name, *arguments, **options):
        self.started.append(Tool(name, *arguments, **options))
        return self.started[-1]

    def push(self, daemon, **options):
        return self("push", daemon.address, **options).wait_says("connected")

    def churn(self, daemon, **options):
        return self("churn", daemon.address, **options)

    def sent(self):
        return Sent(one.wait() for one in self.started)

    def end(self):
        for one in self.started:
            one.end()
