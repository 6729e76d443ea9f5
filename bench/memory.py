#!/usr/bin/env python3
"""The memory cap under attack: peak resident size against the cap, row by row.

The stories of tests/story/test_cap_*.py, longer, with their own tools; here a row that fails
is a line of the table. Needs the test packages.

    bench/memory.py BUILD_FOLDER [--only WORD] [--scale 1.0] [--pairs 7]

--scale shortens or prolongs all rows. PEAK is VmHWM of the daemon, CPU its share of one.
"""

import argparse
import functools
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = next((it for it in sys.argv[1:] if not it.startswith("-")), "build")
os.environ["LOGBOOM_BUILD"] = BUILD
sys.path[:0] = [str(ROOT / "tests/story"), str(ROOT / "bench")]

import end_to_end  # noqa: E402
from cap_story import (  # noqa: E402
    MIB,
    MIXED_SIZES,
    CpuWindow,
    Honest,
    Reader,
    Tools,
    cap_bytes,
    check_books,
    check_charged,
    check_peak,
    keep_flooding,
    numbered,
    verify_file,
    wait_all_written,
)
from logboom_story import EXIT_FINE, Daemon  # noqa: E402
from zmtp_peer import Crowd, allow_descriptors, frame, greeting, half_frame, ready  # noqa: E402

LONG_S = 900


class Stage:
    """One row: a folder, a daemon, its clients and the reader of a FIFO, gone when it ends."""

    def __init__(self, scale):
        self.scale = scale
        self.place = tempfile.TemporaryDirectory(prefix="logboom-memory-")
        self.folder = pathlib.Path(self.place.name)
        self.tools = Tools()
        self.daemons, self.reader, self.honest = [], None, None
        self.peak, self.cap = 0, 0

    def start(self, transport="tcp", unread=False, folder=".", endpoint=None, sink=None, **options):
        if unread:
            os.mkfifo(self.folder / "all.log")
            self.reader = Reader(self.folder / "all.log")
        place = self.folder / folder
        place.mkdir(exist_ok=True)
        bind = {"tcp": "tcp://127.0.0.1:0", "ipc": f"ipc://{self.folder}/in.sock"}[transport]
        self.daemons.append(Daemon(place, endpoint={"bind": bind, **(endpoint or {})},
                                   sink={"format": "line", **(sink or {})}, **options))
        self.cap = cap_bytes(self.daemon)
        return self.daemon

    @property
    def daemon(self):
        return self.daemons[-1]

    def scaled(self, number):
        return max(1, int(number * self.scale))

    def measure(self):
        if self.daemons and self.daemon.process.poll() is None:
            self.peak = max(self.peak, self.daemon.peak_bytes())

    def stall(self):
        self.tools.push(self.daemon, first=90000, entries=40 * 256, sizes=4096)
        self.daemon.wait_said("sink all: full for 1.")

    def cpu_over(self, seconds, turn=lambda: time.sleep(0.02)):
        window = CpuWindow(self.daemon)
        while window.age_s < seconds:
            turn()
        return window.share

    def stop(self):
        self.measure()
        check_peak(self.daemon)
        return self.daemon.stop()

    def finish(self, ordered=True):
        """Reads the FIFO or waits for the file; all that was sent must be there."""
        if self.reader:
            self.reader.begin()
        sent = Tools.sent(self.tools)
        wait_all_written(self.daemon, sent.all)
        status = self.stop()
        assert status == EXIT_FINE, f"exit status {status}"
        verified = self.reader.end() if self.reader else verify_file(self.daemon.log)
        verified.check_complete(sent, ordered)
        check_books(sent, verified, self.daemon.final)
        return f"{sent.all} entries, none lost"

    def end(self):
        self.measure()
        if self.honest:
            self.honest.end()
        self.tools.end()
        for one in self.daemons:
            one.end()
            one.check_said()
        if self.reader:
            self.reader.close()
        self.place.cleanup()


# ---- the rows -----------------------------------------------------------------------------

ROWS = []


def row(title, **parameters):
    """Adds a row; the function answers with its figures, and fails by an assertion."""

    def add(function):
        ROWS.append((title, functools.partial(function, **parameters)))
        return function

    return add


@row("2 GB into a FIFO nobody reads, block, tcp", transport="tcp")
@row("2 GB into a FIFO nobody reads, block, ipc", transport="ipc")
def into_a_stalled_sink(stage, transport):
    daemon = stage.start(transport, unread=True)
    for first in (0, 50):
        stage.tools.push(daemon, clients=50, first=first, entries=stage.scaled(2400), sizes=MIXED_SIZES)
    daemon.wait_said("sink all: full for 1.", patience_s=LONG_S)
    check_charged(daemon, 2 * MIB)
    cpu = stage.cpu_over(5)
    began = time.monotonic()
    figures = stage.finish()
    return f"{figures}, drained in {time.monotonic() - began:.0f} s, CPU {cpu:.1%} while stalled"


@row("2 GB into a FIFO nobody reads, drop_newest", policy="drop_newest")
@row("2 GB into a FIFO nobody reads, drop_oldest", policy="drop_oldest")
def past_a_stalled_sink(stage, policy):
    daemon = stage.start(unread=True, sink={"when_full": policy})
    for first in (0, 50):
        stage.tools.push(daemon, clients=50, first=first, entries=stage.scaled(2400), sizes=MIXED_SIZES)
    sent = stage.tools.sent()
    daemon.wait_ledger(lambda look: look.endpoint["received"] == sent.all, patience_s=LONG_S)
    stage.reader.begin()
    daemon.wait_ledger(lambda look: not look.sink["queued"] + look.sink["in_flight"], patience_s=LONG_S)
    stage.stop()
    verified = stage.reader.end()
    verified.check_whole()
    check_books(sent, verified, daemon.final)
    return f"{sent.all} entries, {sent.all - verified.all} dropped, all of them told"


def _more_frames(stage, transport, size):
    daemon = stage.start(transport)
    stage.honest = Honest(daemon, stage.tools)
    sent, cuts = keep_flooding(daemon, frame(b"m" * size, more=True), seconds=5 * stage.scale)
    stage.measure()
    check_peak(daemon)
    assert cuts > 0, "the attacker was never cut"
    check_charged(daemon, 64 * 64)
    stage.honest.check_served()
    silence = stage.honest.silence_s
    stage.honest.finish()
    return f"{sent / MIB:.0f} MiB sent, cut {cuts} times, honest client waited {silence * 1000:.0f} ms at most"


for _transport in ("tcp", "ipc"):
    for _size in (0, 33, 200, 60000):
        row(f"MORE frames of {_size} B without end, {_transport}", transport=_transport,
            size=_size)(_more_frames)


def _raw_crowd(stage, transport, count):
    daemon = stage.start(transport)
    with Crowd(daemon.address, greeting() + ready(), lambda n: frame(numbered(n, 0))) as crowd:
        crowd.connect(count)
        crowd.run_until(lambda: crowd.ready >= 128, "the first are served")
        cpu = stage.cpu_over(5, crowd.turn)
        served = crowd.ready
        began = time.monotonic()

        def all_served():
            crowd.leave_served()
            crowd.connect(count + crowd.cut - crowd.begun)
            return crowd.ready == count

        crowd.run_until(all_served, "all are served", LONG_S)
        took = time.monotonic() - began
        crowd.leave_served()
    daemon.wait_written(count, patience_s=LONG_S)
    stage.stop()
    assert served == 128, f"{served} are served"
    assert cpu <= 0.05, f"CPU {cpu:.1%} while they wait"
    verified = verify_file(daemon.log)
    verified.check_whole()
    assert verified.whole == count, f"{verified.whole} of {count} entries"
    return f"{served} served, CPU {cpu:.1%} while the others wait, all in {took:.1f} s, {crowd.cut} cut"


def _client_crowd(stage, transport, count):
    daemon = stage.start(transport)
    crowds = [stage.tools.push(daemon, clients=count // 2, first=first, entries=3, hold=1)
              for first in (0, count // 2)]
    daemon.wait_written(3 * 128, patience_s=LONG_S)
    cpu = stage.cpu_over(5)
    served = daemon.ledger().sink["written"] // 3
    began = time.monotonic()
    for crowd in crowds:
        crowd.wait_says("queued", LONG_S).tell_to_leave()
    for crowd in crowds:
        crowd.wait(LONG_S)
    figures = stage.finish()
    assert served == 128, f"{served} are served"
    assert cpu <= 0.05, f"CPU {cpu:.1%} while they wait"
    return (f"{served} served, CPU {cpu:.1%} while the others wait, all in "
            f"{time.monotonic() - began:.1f} s, {figures}")


for _count in (1000, 10000):
    for _transport in ("tcp", "ipc"):
        row(f"{_count} raw peers, {_transport}", transport=_transport, count=_count)(_raw_crowd)
        row(f"{_count} libzmq clients, {_transport}", transport=_transport, count=_count)(_client_crowd)


@row("1000 clients, RLIMIT_NOFILE 64, tcp", transport="tcp")
@row("1000 clients, RLIMIT_NOFILE 64, ipc", transport="ipc")
def few_descriptors(stage, transport):
    daemon = stage.start(transport, wrapper=["prlimit", "--nofile=64"])
    crowd = stage.tools.push(daemon, clients=1000, entries=3, hold=1).wait_says("queued", LONG_S)
    daemon.wait_written(3 * 10)
    cpu = stage.cpu_over(5)
    served = daemon.ledger().sink["written"] // 3
    crowd.tell_to_leave().wait(LONG_S)
    figures = stage.finish()
    assert cpu <= 0.05, f"CPU {cpu:.1%} while they wait"
    return f"{served} served, CPU {cpu:.1%} while the others wait, {figures}"


@row("100 greedy clients, 0 B to 64 KiB")
def greedy(stage):
    daemon = stage.start()
    began = time.monotonic()
    for first in (0, 50):
        stage.tools.push(daemon, clients=50, first=first, entries=stage.scaled(1500), sizes=MIXED_SIZES)
    check_charged(daemon, 256 * 1024)
    for one in stage.tools.started:
        one.wait(LONG_S)
    figures = stage.finish()
    assert "sink all: full" not in daemon.said, "it stalled"
    return f"{figures}, {time.monotonic() - began:.1f} s"


@row("100 slow loggers, one line a second each, sink stalled")
def slow_loggers(stage):
    daemon = stage.start(unread=True)
    stage.stall()
    stage.tools.push(daemon, clients=100, entries=stage.scaled(60), rate=1, sizes="33,120") \
        .wait_says("queued", LONG_S)
    check_charged(daemon, 1)
    cpu = stage.cpu_over(3)
    return f"CPU {cpu:.1%}, {stage.finish()}"


@row("100 peers with half-sent messages, again and again")
def half_sent(stage):
    daemon = stage.start()
    stage.honest = Honest(daemon, stage.tools)
    half = half_frame(250_000, b"h" * 240_000)
    with Crowd(daemon.address, greeting() + ready(), lambda _: half) as crowd:
        crowd.connect(100)
        for _ in range(stage.scaled(45)):
            crowd.run_for(1)
            crowd.connect(100 + crowd.cut - crowd.begun)
        check_charged(daemon, 100 * 100_000)
        stage.measure()
        cut = crowd.cut
    stage.honest.check_served(silence_s=2.5)
    silence = stage.honest.silence_s
    stage.honest.finish()
    return f"{cut} cut, honest client waited {silence * 1000:.0f} ms at most"


@row("connect-send-close, two clients, tcp", transport="tcp")
@row("connect-send-close, two clients, ipc", transport="ipc")
def churn(stage, transport):
    daemon = stage.start(transport)
    ms = stage.scaled(10_000)
    for client in (0, 1):
        stage.tools.churn(daemon, client=client, ms=ms)
    for one in stage.tools.started:
        one.wait(LONG_S)
    cycles = sum(one.numbers("cycles")[0][0] for one in stage.tools.started)
    return f"{cycles / ms * 1000:.0f} connections a second, {stage.finish(ordered=False)}"


@row("10000 silent connections, then an honest client")
def silent(stage):
    daemon = stage.start()
    with Crowd(daemon.address) as crowd:
        crowd.connect(10_000)
        began = time.monotonic()
        one = stage.tools.push(daemon, entries=10)
        cpu = stage.cpu_over(10, crowd.turn)
        crowd.run_until(lambda: one.says("left"), "the honest client is served", 120)
        daemon.wait_written(10)
        took = time.monotonic() - began
    stage.stop()
    assert cpu <= 0.05, f"CPU {cpu:.1%}"
    assert took <= 35, f"served after {took:.0f} s"
    return f"served after {took:.1f} s, CPU {cpu:.1%}"


@row("2000 x connect, send 20 KB, close, sink stalled")
def short_connections(stage):
    daemon = stage.start(unread=True)
    stage.stall()
    stage.tools.churn(daemon, cycles=2000, messages=20, sizes=1000, pending=2200).wait_says("closed", LONG_S)
    cpu = stage.cpu_over(3)
    return f"CPU {cpu:.1%} while stalled, {stage.finish(ordered=False)}"


@row("1300 entries left behind by an ipc client, sink stalled")
def leaver(stage):
    daemon = stage.start("ipc", unread=True)
    stage.stall()
    stage.tools.push(daemon, entries=1300).wait()
    return stage.finish()


def _restart(stage, transport, rate):
    daemon = stage.start(transport, drain_timeout="5s")
    at, sink = daemon.address, {"path": str(stage.folder / "all.log")}
    for client in (0, 1):
        stage.tools.push(daemon, first=client, rate=rate)
    turns, stops = stage.scaled(20), []
    for turn in range(turns):
        daemon.wait_ledger(lambda look: look.sink["written"] > 5000)
        began = time.monotonic()
        status = stage.stop()
        stops.append(time.monotonic() - began)
        assert status == EXIT_FINE, f"exit status {status}"
        daemon = stage.start(transport, folder=str(turn), endpoint={"bind": at}, sink=sink,
                             drain_timeout="5s")
    for one in stage.tools.started:
        one.tell_to_leave()
    sent = stage.tools.sent()
    daemon.wait_ledger(lambda look: look.sink["written"] > 0)
    stage.stop()
    verified = verify_file(stage.folder / "all.log")
    verified.check_whole()
    missing = [verified.lost(client, sent[client]) for client in sent]
    assert max(missing) <= (0 if rate else turns), f"lost {missing} in {turns} restarts"
    return (f"{sent.all} entries, lost {missing} in {turns} restarts, "
            f"stop took {statistics.median(stops) * 1000:.0f} ms")


for _transport in ("tcp", "ipc"):
    row(f"restart, 2 x 20000/s, {_transport}", transport=_transport, rate=20_000)(_restart)
    row(f"restart, flat out, {_transport}", transport=_transport, rate=0)(_restart)


# ---- rates -------------------------------------------------------------------------------


def full_load(scale, cap):
    """Entries a second that 16 clients get through, and the peak."""
    stage = Stage(scale)
    try:
        daemon = stage.start(memory={"cap": cap}, endpoint={"max_clients": 16}, stdout=subprocess.DEVNULL,
                             sinks=[{"name": "all", "type": "stdout", "format": "line"}])
        for first in (0, 8):
            stage.tools.push(daemon, clients=8, first=first, sizes=200)
        daemon.wait_ledger(lambda look: look.sink["written"] > 10_000)
        began, before = time.monotonic(), daemon.ledger().sink["written"]
        time.sleep(10 * scale)
        written, took = daemon.ledger().sink["written"] - before, time.monotonic() - began
        for one in stage.tools.started:
            one.tell_to_leave()
        stage.tools.sent()
        stage.stop()
        return written / took, stage.peak
    finally:
        stage.end()


@row("cap 24 MiB, 16 clients, full load; rate against 64 MiB")
def small_cap(stage):
    rates = {"24MiB": [], "64MiB": []}
    for turn in range(6):
        for cap in rates:
            rate, peak = full_load(stage.scale, cap)
            rates[cap].append(rate)
            if cap == "24MiB":
                stage.peak, stage.cap = max(stage.peak, peak), 24 * MIB
    ratio = statistics.median(a / b for a, b in zip(rates["24MiB"], rates["64MiB"]))
    rate = statistics.median(rates["24MiB"])
    assert ratio >= 0.9, f"{ratio:.2f} of the rate at 64 MiB"
    return f"{rate / 1e6:.2f} M entries/s, {ratio:.2f} of the rate at 64 MiB (median of 6 pairs)"


def gate_on_and_off(build, pairs):
    """Rates with the gate against without it, in adjacent pairs, and without against itself.

    Without it, ZeroMQ's own high-water mark stands in, which is 1 for 128 clients with messages
    of 256 KiB. One client and messages as large as they are here make it large enough."""
    for transport in ("tcp", "ipc"):
        for batch, entries, largest, name in ((0, 1_000_000, "1KiB", "212 B"),
                                              (65536, 4_000_000, "65KiB", "64 KiB")):
            endpoint = f"    max_clients: 1\n    max_message: {largest}\n    max_entry: 1KiB\n"
            run = functools.partial(end_to_end.run_daemon, build, transport, entries, batch,
                                    endpoint=endpoint)
            off = functools.partial(run, top="memory: {gate: off}\n")
            end_to_end.compare(f"{transport}, {name}: gate off / itself", pairs, off, off, entries)
            end_to_end.compare(f"{transport}, {name}: gate on / off", pairs, run, off, entries)


# ---- the table ---------------------------------------------------------------------------


def run_row(title, function, scale):
    stage, verdict = Stage(scale), "holds"
    try:
        figures = function(stage)
    except (AssertionError, subprocess.SubprocessError, OSError) as error:
        said = str(error).strip() or traceback.extract_tb(error.__traceback__)[-1].line
        verdict, figures = "FAILS", said.splitlines()[0][:200]
    finally:
        stage.end()
    print(f"{title:<56} {stage.peak / MIB:6.1f} {stage.cap / MIB:4.0f}  {verdict}  {figures}", flush=True)
    return verdict == "holds"


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build")
    parser.add_argument("--only", default="", help="run the rows whose title holds this")
    parser.add_argument("--scale", type=float, default=1.0, help="1.0 is what the issue asks for")
    parser.add_argument("--pairs", type=int, default=7, help="of gate on and off; 0 for none")
    args = parser.parse_args()
    allow_descriptors(20_000)
    print(f"{'attack or load':<56} {'peak':>6} {'cap':>4}  (MiB)")
    held = [run_row(title, function, args.scale) for title, function in ROWS if args.only in title]
    if args.pairs and args.only in "gate on and off":
        gate_on_and_off(args.build, args.pairs)
    sys.exit(0 if all(held) else 1)


if __name__ == "__main__":
    main()
