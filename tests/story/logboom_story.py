"""What story tests share: the daemon as an operator sees it, and clients that number their entries.

Nothing here sleeps for a time that "should be enough": conditions are polled, with a bound.
"""

import collections
import contextlib
import json
import os
import pathlib
import re
import select
import signal
import subprocess
import threading
import time
import zlib

import zmq

BUILD = pathlib.Path(os.environ.get("LOGBOOM_BUILD", "build")).resolve()
LOGBOOM = BUILD / "logboom"
LOGBOOMD = BUILD / "logboomd"
SANITIZED = "san" in BUILD.parts

PATIENCE_S = 60 if SANITIZED else 30  # how long a test waits for what should come at once

EXIT_FINE, EXIT_USAGE, EXIT_SYSTEM, EXIT_LOSSES, EXIT_CONFIGURATION = 0, 64, 71, 75, 78


def wait_until(condition, what, patience_s=PATIENCE_S):
    """Polls until the condition is true; its value."""
    deadline = time.monotonic() + patience_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited in vain: {what() if callable(what) else what}"
        time.sleep(0.005)
    return value


def end_process(process):
    """Kills it if need be; its pipes are closed, whoever else still has their other ends."""
    process.kill()
    process.wait(timeout=PATIENCE_S)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


_contexts = []


def new_context():
    """A ZeroMQ context that lives until the test's end, also when the test fails.

    Were it left to the garbage collector, which forgets the context's sockets first, then
    zmq_ctx_term would wait for ever for somebody to close them."""
    _contexts.append(zmq.Context())
    return _contexts[-1]


def end_contexts():
    while _contexts:
        _contexts.pop().destroy(linger=0)


# ---- the ledger ---------------------------------------------------------------------------


def gate_figures(lines):
    """What the `gate:` lines of one look say: {figure: number}, sizes in bytes, and why peers
    were cut: {"cut": {reason: number}}."""
    figures = {"cut": collections.Counter()}
    for line in lines:
        if not (found := re.search(r"\bgate: (.*)", line)):
            continue
        for cut in re.findall(r"cut(?:=\d+)?\{([^}]*)\}", found[1]):
            figures["cut"].update({reason: int(n) for reason, n in re.findall(r"(\w+)=(\d+)", cut)})
        for name, number, unit in re.findall(r"(\w+)=(\d+)(KiB|MiB)?", re.sub(r"\{.*?\}", "", found[1])):
            figures[name] = int(number) * {"": 1, "KiB": 1024, "MiB": 1 << 20}[unit]
    return figures


class Ledger:
    """Both halves of the ledger as one look showed them: {name: {counter: number}}."""

    def __init__(self, lines, routes=False):
        """routes: some sinks take only some of the entries."""
        self.endpoints, self.sinks, self.routes = {}, {}, routes
        self.gate = gate_figures(lines)
        for line in lines:
            if found := re.match(r"ledger: (endpoint|sink) (\S+): (.*)", line):
                half = self.endpoints if found[1] == "endpoint" else self.sinks
                half[found[2]] = self._counters(found[3])
        self.check()

    @staticmethod
    def _counters(text):
        counters = {"reasons": collections.Counter()}
        for name, number, reasons in re.findall(r"(\w+)=(\d+)(?:\{([^}]*)\})?", text):
            counters.setdefault(name, int(number))
            for reason, count in re.findall(r"(\w+)=(\d+)", reasons):
                counters["reasons"][reason] = int(count)
        return counters

    def check(self):
        """The sums of docs/semantics.md hold at every moment, not only at the end."""
        assert self.endpoints and self.sinks
        for it in self.endpoints.values():
            assert it["received"] == it["refused"] + it["accepted"], it
            assert it["accepted"] == it["unrouted"] + it["routed"], it
            assert it["refused"] == sum(it["reasons"].values()), it
        routed = sum(it["routed"] for it in self.endpoints.values())
        assert routed <= sum(it["offered"] for it in self.sinks.values())
        for it in self.sinks.values():
            assert it["offered"] == it["written"] + it["dropped"] + it["queued"] + it["in_flight"], it
            assert it["dropped"] == sum(it["reasons"].values()), it
            assert it["offered"] == routed or self.routes and it["offered"] < routed, (it, self.endpoints)

    @property
    def endpoint(self):
        (only,) = self.endpoints.values()
        return only

    @property
    def sink(self):
        (only,) = self.sinks.values()
        return only

    @property
    def received(self):
        return sum(it["received"] for it in self.endpoints.values())

    @property
    def lost(self):
        """What the exit status must admit: not what a policy dropped."""
        return sum(it["reasons"]["shutdown"] for it in self.endpoints.values()) + sum(
            it["reasons"]["shutdown"] + it["queued"] + it["in_flight"] for it in self.sinks.values()
        )


# ---- the daemon ---------------------------------------------------------------------------


def config_text(ingest=None, sinks=None, **top):
    """A configuration, one endpoint or sink a line; JSON is YAML's flow style."""
    lines = [f"{name}: {json.dumps(value)}" for name, value in top.items()]
    for section, items in (("ingest", ingest), ("sinks", sinks)):
        lines.append(f"{section}:")
        lines += [f"  - {json.dumps(item)}" for item in items]
    return "\n".join(lines) + "\n"


def clean_environment(**extra):
    kept = {k: v for k, v in os.environ.items() if k not in ("NOTIFY_SOCKET", "JOURNAL_STREAM", "STATE_DIRECTORY", "TZ")}
    return {**kept, **extra}


class Daemon:
    """A real logboomd on a configuration of its own.

    The usual configuration is one endpoint `apps` on a free port of loopback and one sink
    `all` into `all.log`; keywords change the parts (`endpoint=`, `sink=`) or the whole
    (`ingest=`, `sinks=`, `text=`, and any top-level setting). A stop may take long, as this
    machine may be slow; it ends when everything is written.
    """

    def __init__(self, folder, *, endpoint=None, sink=None, ingest=None, sinks=None, text=None,
                 stdout=subprocess.DEVNULL, stderr=None, env=None, wrapper=(), pass_fds=(), ready=True, **top):
        self.folder = pathlib.Path(folder)
        self.log = self.folder / "all.log"
        self.config = self.folder / "logboom.yaml"
        ingest = ingest or [{"name": "apps", "bind": ["tcp://127.0.0.1:0"], **(endpoint or {})}]
        sinks = sinks or [{"name": "all", "type": "file", "path": str(self.log), **(sink or {})}]
        top = {"drain_timeout": f"{2 * PATIENCE_S}s", "control": {"path": "control.sock"}, **top}
        self.config.write_text(text or config_text(ingest, sinks, **top))
        self.routes = re.search(r"^[^#]*\bmatch\b", self.config.read_text(), re.M) is not None
        self._stderr = self.folder / f"stderr-{time.monotonic_ns()}"
        with self._stderr.open("wb") as said:
            self.process = subprocess.Popen(
                [*wrapper, LOGBOOMD, "--config", self.config], stdin=subprocess.DEVNULL,
                stdout=stdout, stderr=stderr or said, env=clean_environment(**(env or {})), cwd=self.folder,
                pass_fds=pass_fds)
        if ready:
            try:
                self.wait_ready()
            except BaseException:
                end_process(self.process)
                raise

    @property
    def pid(self):
        return self.process.pid

    @property
    def said(self):
        return self._stderr.read_text(errors="replace")

    def wait(self, condition, what, patience_s=PATIENCE_S):
        """wait_until, but not longer than the daemon lives."""

        def holds_or_gone():
            gone = self.process.poll() is not None
            if not (value := condition()):
                assert not gone, f"gone with {self.process.returncode}:\n{self.said}"
            return value

        return wait_until(holds_or_gone, what, patience_s)

    def wait_said(self, sentence, times=1, patience_s=PATIENCE_S):
        self.wait(lambda: self.said.count(sentence) >= times,
                  lambda: f"{sentence!r} in:\n{self.said}", patience_s)

    def wait_ready(self):
        self.wait_said("ready: ")
        line = re.search(r"ready: (.*) → (.*) \(cap (\d+) MiB, using (\d+)\)\n", self.said)
        self.addresses = line[1].split()
        self.targets = line[2].split()

    def wait_ready_or_gone(self):
        wait_until(lambda: "ready: " in self.said or self.process.poll() is not None,
                   "ready, or an exit status")

    @property
    def address(self):
        return self.addresses[0]

    def send_signal(self, number):
        self.process.send_signal(number)

    # ---- looking

    def ledger(self):
        """What SIGUSR2 prints now."""
        after = len(self.said)
        self.send_signal(signal.SIGUSR2)
        self.wait(lambda: re.search(r"memory: cap=.*\n", self.said[after:]), "the ledger")
        return Ledger(self.said[after:].splitlines(), self.routes)

    def wait_ledger(self, condition, what="the counters", patience_s=PATIENCE_S):
        """Looks again until the condition holds of what it sees; each look must balance."""
        look = None

        def holds():
            nonlocal look
            look = self.ledger()
            return condition(look)

        self.wait(holds, lambda: f"{what}: {look.endpoints} {look.sinks}", patience_s)
        return look

    def wait_written(self, count, sink=None, patience_s=PATIENCE_S):
        """Until every sink (or one) has written that many entries."""
        return self.wait_ledger(
            lambda look: all(it["written"] >= count for name, it in look.sinks.items()
                             if sink in (None, name)), f"{count} entries written", patience_s)

    def lines(self, name="all.log"):
        """The whole lines of an output, without their ends; the file ends in one."""
        data = (self.folder / name).read_bytes()
        assert data == b"" or data.endswith(b"\n"), "the file ends in the middle of a line"
        return data.split(b"\n")[:-1]

    def wait_lines(self, count, name="all.log"):
        path = self.folder / name
        self.wait(lambda: path.read_bytes().count(b"\n") >= count,
                  lambda: f"{count} lines, there are {path.read_bytes().count(10)}:\n{self.said}")
        lines = self.lines(name)
        assert len(lines) == count
        return lines

    def peak_bytes(self):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024

    # ---- the end

    def wait_exit(self, patience_s=2 * PATIENCE_S, sent=None):
        """The exit status; it must be what the final ledger says.

        sent: the entries that clients had handed over before the stop. A status that admits
        no loss then means that each of them was received, which the ledger cannot know."""
        status = self.process.wait(timeout=patience_s)
        text = self.said
        assert sent is None or "ledger: " in text, text
        if "ledger: " in text:
            last_look = re.split(r"memory: cap=.*\n", text)[-2]
            self.final = Ledger(last_look.splitlines(), self.routes)
            cut_short = "lost, uncounted" in text
            assert status == (EXIT_LOSSES if self.final.lost or cut_short else EXIT_FINE), text
            if sent is not None and status == EXIT_FINE:
                assert self.final.received == sent, text
        return status

    def stop(self, number=signal.SIGTERM, sent=None):
        """Stops in the orderly way; the exit status."""
        self.send_signal(number)
        return self.wait_exit(sent=sent)

    def end(self):
        """After the test, whatever became of it."""
        end_process(self.process)

    def check_said(self):
        """Of what ended: it complained of nothing that must never happen."""
        for complaint in ("Sanitizer", "runtime error:", "broken promise"):
            assert complaint not in self.said, self.said


def run_logboomd(*arguments, **options):
    """For what ends by itself: --check, --help, refusals."""
    return subprocess.run([LOGBOOMD, *map(str, arguments)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=PATIENCE_S,
                          env=clean_environment(), **options)


# ---- clients ------------------------------------------------------------------------------


class Client:
    """A PUSH socket. `finish` returns when our kernel or the daemon has everything."""

    def __init__(self, address=None, bind=None, kind=zmq.PUSH, **options):
        self.context = new_context()
        self.socket = self.context.socket(kind)
        self.socket.sndtimeo = PATIENCE_S * 1000
        for name, value in options.items():
            setattr(self.socket, name, value)
        if bind:
            self.socket.bind(bind)
        else:
            self.socket.connect(address)

    def send(self, *messages):
        for message in messages:
            self.socket.send(message.encode() if isinstance(message, str) else message)

    def send_frames(self, *frames):
        self.socket.send_multipart(frames)

    def send_until_blocked(self, messages, blocked_ms=500):
        """Sends until the daemon has taken nothing for so long; how many went."""
        for count, message in enumerate(messages):
            if not self.socket.poll(blocked_ms, zmq.POLLOUT):
                return count
            self.socket.send(message)
        raise AssertionError("the client was never held back")

    def finish(self):
        self.socket.close(linger=PATIENCE_S * 1000)
        self.context.term()

    def close(self):
        with contextlib.suppress(zmq.ZMQError):
            self.context.destroy(linger=0)


class FifoReader:
    """The other end of a FIFO. Opened early, since the daemon finds it down without one; reads
    when told to, until the daemon closes it: as fast as it can, or a chunk at each pause."""

    def __init__(self, path, chunk_bytes=1 << 20, pause_s=0):
        self.fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.data = bytearray()
        self.chunk_bytes, self.pause_s = chunk_bytes, pause_s
        self.thread = threading.Thread(target=self._read, daemon=True)

    def _read(self):
        while select.select([self.fd], [], [], PATIENCE_S)[0]:
            with contextlib.suppress(BlockingIOError):
                chunk = os.read(self.fd, self.chunk_bytes)
                if not chunk:
                    return
                self.data += chunk
            time.sleep(self.pause_s)

    def begin(self):
        self.thread.start()
        return self

    def hurry(self):
        """From now on as fast as it can."""
        self.chunk_bytes, self.pause_s = 1 << 20, 0

    def end(self):
        """What was read until the daemon closed the FIFO."""
        self.thread.join(2 * PATIENCE_S)
        assert not self.thread.is_alive()
        self.close()
        return bytes(self.data)

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1


def numbered_text(client, number):
    """`c03 000000017 <crc32 of the rest> xxx…`: tells its origin, its place and its wholeness."""
    head, filler = b"c%02d %09d" % (client, number), b"x" * (96 + number % 17)
    return b"%s %08x %s" % (head, zlib.crc32(head + filler), filler)


def numbered_json(client, number):
    return b'{"level":"info","app":"client%02d","message":"%s"}' % (client, numbered_text(client, number))


def numbered_batches(client, count, batch_bytes=64 * 1024, first=0):
    """The same entries as NDJSON messages of at most so many bytes."""
    batch, size = [], 0
    for number in range(first, first + count):
        line = numbered_json(client, number)
        if batch and size + len(line) + 1 > batch_bytes:
            yield b"\n".join(batch)
            batch, size = [], 0
        batch.append(line)
        size += len(line) + 1
    yield b"\n".join(batch)


# How a numbered entry looks in an output, per format.
_TEXT = rb"c(\d\d) (\d{9}) ([0-9a-f]{8}) (x+)"
_TIME = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
PATTERNS = {
    "line": rb"^\[" + _TIME + rb"\] info: " + _TEXT + rb"$",
    "text": rb"^" + _TIME + rb" - client\d\d info: " + _TEXT + rb"$",
    "json": rb'^\{"time":"' + _TIME + rb'","level":"info","app":"client\d\d","message":"' + _TEXT + rb'"\}$',
    "raw": rb'^\{"level":"info","app":"client\d\d","message":"' + _TEXT + rb'"\}$',
}


_NOTICE = (rb"^--- logboom: sink (\S+) dropped (\d+) entries \((\w+)\) "
           rb"\d\d:\d\d:\d\d\.\d\xe2\x80\x93\d\d:\d\d:\d\d\.\d(?:, mostly app=(\S+))?$")
_JSON_NOTICE = (rb'^\{"time":"' + _TIME + rb'","_logboom":\{"sink":"(\S+)","dropped":(\d+),"reason":"(\w+)",'
                rb'"from":"' + _TIME + rb'","to":"' + _TIME + rb'"(?:,"mostly_app":"(\w+)")?\}\}$')

Notice = collections.namedtuple("Notice", "line sink dropped reason app")


class Output:
    """What a sink wrote, taken apart: the lines of entries, and the notices between them."""

    def __init__(self, data, format):
        pattern = re.compile(_JSON_NOTICE if format == "json" else _NOTICE)
        self.format, self.notices, entries = format, [], []
        for line in data.splitlines(keepends=True):
            if found := pattern.match(line.rstrip(b"\n")):
                sink, dropped, reason, app = found.groups()
                self.notices.append(Notice(len(entries), sink.decode(), int(dropped),
                                           reason.decode(), app and app.decode()))
            else:
                entries.append(line)
        self.entries = b"".join(entries)
        self.told = collections.Counter()
        for notice in self.notices:
            self.told[notice.reason] += notice.dropped

    def check_nothing_untold(self, sent, sink):
        """The sender's count, less what arrived whole, is what the ledger says was dropped, and
        what the notices tell: for each reason, difference 0. Each gap stands where it is told."""
        tally = Tally(self.entries, self.format)
        assert tally.torn == 0
        assert all(tally.faults(one, count).keys() <= {"lost"} for one, count in sent.items())
        assert sum(sent.values()) - tally.total == sink["dropped"] == sum(self.told.values())
        assert self.told == sink["reasons"]
        assert len(self.notices) == sink["notices"]
        if len(sent) == 1:
            self._check_places(tally, *sent.items())
        return tally

    def _check_places(self, tally, sent):
        """Of one client the numbers say how many are missing before each line."""
        client, count = sent
        numbers = [-1, *tally.numbers[client], count]
        missing = {i: b - a - 1 for i, (a, b) in enumerate(zip(numbers, numbers[1:])) if b > a + 1}
        told = collections.Counter()
        for notice in self.notices:
            told[notice.line] += notice.dropped
        assert told == missing


class Tally:
    """What of the numbered entries arrived, client by client."""

    def __init__(self, data, format):
        self.torn = 0 if data.endswith(b"\n") or not data else 1
        self.numbers = collections.defaultdict(list)
        found = re.findall(PATTERNS[format], data, re.M)
        for client, number, check, filler in found:
            if zlib.crc32(b"c%s %s%s" % (client, number, filler)) != int(check, 16):
                self.torn += 1
            self.numbers[int(client)].append(int(number))
        self.torn += data.count(b"\n") - len(found)
        self.total = len(found)

    def faults(self, client, count=None):
        """{fault: how often} of one client; count: how many it sent, None if unknown."""
        numbers = self.numbers[client]
        distinct = set(numbers)
        highest = count if count is not None else max(numbers, default=-1) + 1
        faults = {
            "lost": highest - len(distinct),
            "repeated": len(numbers) - len(distinct),
            "reordered": sum(b < a for a, b in zip(numbers, numbers[1:])),
        }
        return {name: times for name, times in faults.items() if times}

    def check_complete(self, counts):
        """Each client's entries arrived exactly once, in order, none torn, and no others."""
        assert self.torn == 0
        assert {c: f for c, n in counts.items() if (f := self.faults(c, n))} == {}
        assert set(self.numbers) == set(counts)

    def check_prefixes(self):
        """Of each client a first part without a gap, in order."""
        assert self.torn == 0
        assert {c: f for c in list(self.numbers) if (f := self.faults(c))} == {}


def unescape(line):
    r"""The bytes back from text: undoes \n \r \t \\ \xHH \u{…}."""

    def one(found):
        escape = found[1]
        if escape[:1] == b"x":
            return bytes([int(escape[1:], 16)])
        if escape[:1] == b"u":
            return chr(int(escape[2:-1], 16)).encode()
        return {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"\\": b"\\"}[escape]

    return re.sub(rb"\\(x[0-9a-f]{2}|u\{[0-9a-f]+\}|.)", one, line, flags=re.S)
