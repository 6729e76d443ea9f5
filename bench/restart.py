#!/usr/bin/env python3
"""What a restart loses, client by client: the daemon stops and comes again while clients send.

    bench/restart.py BUILD_FOLDER [--restarts 50] [--rate 20000] [--clients 2] [--load 0]
                     [--only WORD]

Each row restarts one daemon again and again, over tcp and ipc, with its addresses held by
somebody else (as by logboom.socket) and without. Entries are numbered, so each gap in the output
is one client's loss at one restart. `--rate 0` is flat out; `--load` adds so many busy loops.
Needs the test packages.
"""

import argparse
import collections
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = next((it for it in sys.argv[1:] if not it.startswith("-")), "build")
os.environ["LOGBOOM_BUILD"] = BUILD
sys.path[:0] = [str(ROOT / "tests/story")]

from cap_story import Tools  # noqa: E402
from holder import Holder  # noqa: E402
from logboom_story import EXIT_FINE, Daemon, end_process  # noqa: E402

NUMBERED = re.compile(rb"c(\d{5}) (\d{9}) [0-9a-f]{8} ")


class Gaps:
    """What is missing in the output: {client: [entries lost at a place, …]}, and what came twice."""

    def __init__(self, path):
        self.next, self.lost, self.repeated = {}, collections.defaultdict(list), 0
        with open(path, "rb") as file:
            for line in file:
                if found := NUMBERED.search(line):
                    self._note(int(found[1]), int(found[2]))

    def _note(self, client, number):
        due = self.next.get(client, 0)
        if number > due:
            self.lost[client].append(number - due)
        self.repeated += number < due
        self.next[client] = max(due, number + 1)

    def end(self, sent):
        """After the last that came, up to what the clients say that they sent."""
        for client, count in sent.items():
            self._note(client, count)
        return [entries for gaps in self.lost.values() for entries in gaps]


def restart_once(daemon, folder, sink, options):
    """The next daemon, and how long the stop of this one took."""
    daemon.wait_ledger(lambda look: look.sink["written"] > 5000, "load")
    began = time.monotonic()
    status = daemon.stop()
    took = time.monotonic() - began
    assert status == EXIT_FINE, f"exit status {status}"
    folder.mkdir()
    return Daemon(folder, sink=sink, **options), took


def run(folder, transport, held, args):
    holder, tools, stops = Holder(folder), Tools(), []
    address = holder.addresses[transport == "ipc"] if held else \
        {"tcp": "tcp://127.0.0.1:0", "ipc": f"ipc://{folder}/own.sock"}[transport]
    sink = {"format": "line", "path": str(folder / "all.log")}
    options = holder.options() if held else {"drain_timeout": "5s"}
    bind = holder.addresses if held else address
    daemon = Daemon(folder, endpoint={"bind": bind}, sink=sink, **options)
    try:
        if not held:
            bind = address = daemon.address
        for client in range(args.clients):
            tools.push(daemon, **{"first": client, "rate": args.rate}) if not held else \
                tools("push", address, first=client, rate=args.rate).wait_says("connected")
        for turn in range(args.restarts):
            daemon, took = restart_once(daemon, folder / str(turn), sink,
                                        {"endpoint": {"bind": bind}, **options})
            stops.append(took * 1000)
        for one in tools.started:
            one.tell_to_leave()
        sent = tools.sent()
        daemon.stop()
        return Gaps(folder / "all.log"), sent, stops
    finally:
        tools.end()
        daemon.end()
        holder.close()


def show(title, gaps, sent, stops, args):
    lost = gaps.end(sent)
    chances = args.restarts * args.clients
    print(f"{title:<34} {sent.all:>9} entries  lost {sum(lost)} in {len(lost)} of {chances} "
          f"(client, restart), {max(lost, default=0)} at most; {gaps.repeated} twice; "
          f"stop {statistics.median(stops):.0f} ms, {max(stops):.0f} at most", flush=True)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build")
    parser.add_argument("--restarts", type=int, default=50)
    parser.add_argument("--rate", type=int, default=20_000, help="entries a second a client; 0: flat out")
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--load", type=int, default=0, help="busy loops beside it")
    parser.add_argument("--only", default="", help="run the rows whose title holds this")
    args = parser.parse_args()
    loops = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(args.load)]
    try:
        for transport in ("tcp", "ipc"):
            for held in (True, False):
                title = f"{transport}, {'held address' if held else 'own address'}, {args.rate or 'flat out'}"
                if args.only in title:
                    with tempfile.TemporaryDirectory(prefix="logboom-restart-") as place:
                        show(title, *run(pathlib.Path(place), transport, held, args), args)
    finally:
        for loop in loops:
            end_process(loop)


if __name__ == "__main__":
    main()
