#!/usr/bin/env python3
"""What a flood of bad handshakes costs an honest client that sends as fast as it can.

The flooder has an address of its own (127.0.0.2) and begins so many handshakes of CURVE a second, each
with a HELLO that is good, which costs the daemon most and the flooder nothing. The same flood
against a loop that only closes what it accepts tells how much of it is the machine's: the flooder and
its connections take CPU of the same cores. Entries a second in adjacent windows; the median of each,
and of the ratios.

    bench/flood.py BUILD_FOLDER [--pairs 5] [--rate 5000] [--seconds 2]
"""

import argparse
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "tests/story"))

from curve_peer import CurvePeer  # noqa: E402
from encrypted import Keys  # noqa: E402
from end_to_end import LINE_LEN, Daemon, cpu_seconds, push, start  # noqa: E402

WITHOUT_END = 10**12


def hello_of(port, server_public):
    """A greeting and a HELLO, as one honest client would send them."""
    said = []

    class Recorder(CurvePeer):
        def send(self, data, *args, **options):
            said.append(bytes(data))
            return super().send(data, *args, **options)

    keys = (server_public.encode(), server_public.encode())
    with Recorder(f"tcp://127.0.0.1:{port}", keys, server_public.encode()) as peer:
        peer.say_hello()
    return b"".join(said)


class Closer:
    """Accepts, and closes at once."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            self.listener.accept()[0].close()


def rate_during(daemon, seconds):
    """Entries a second, and cores of the daemon."""
    size, cpu, began = os.stat(daemon.out).st_size, cpu_seconds(daemon.pid), time.monotonic()
    time.sleep(seconds)
    wall = time.monotonic() - began
    entries = (os.stat(daemon.out).st_size - size) / LINE_LEN
    return entries / wall, (cpu_seconds(daemon.pid) - cpu) / wall


def during_flood(build, daemon, port, args, hello):
    flooder = start([f"{build}/bench/flooder", str(port), str(args.rate), str(args.seconds + 1), "127.0.0.2", hello],
                    stdout=subprocess.PIPE, text=True)
    time.sleep(0.5)
    rate, cores = rate_during(daemon, args.seconds)
    made, answered = map(int, flooder.communicate()[0].split())
    return rate, cores, made / (args.seconds + 1), answered / (args.seconds + 1)


def measure(build, args, folder):
    keys = Keys(build, folder)
    daemon = Daemon(build, "tcp", folder, endpoint=keys.endpoint())
    port = daemon.address.rsplit(":", 1)[1]
    hello = f"{folder}/hello"
    pathlib.Path(hello).write_bytes(hello_of(port, keys.server_public))
    push(build, daemon.address, WITHOUT_END, 0, keys=keys)
    closer = Closer()
    rows = []
    rate_during(daemon, 1)
    for _ in range(args.pairs):
        quiet = rate_during(daemon, args.seconds)
        beside = during_flood(build, daemon, closer.port, args, hello)
        flooded = during_flood(build, daemon, port, args, hello)
        rows.append((quiet, beside, flooded))
        os.truncate(daemon.out, 0)
    daemon.process.send_signal(signal.SIGKILL)
    return rows


def median(values):
    return statistics.median(list(values))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--rate", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=2)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(args.build, args, folder)
    quiet, beside, flooded = zip(*rows)
    print(f"one client, CURVE, 212 B, no flood            {median(r[0] for r in quiet) / 1e3:6.0f} k entries/s, "
          f"daemon {median(r[1] for r in quiet):4.2f} cores")
    for name, runs in (("at a loop that closes", beside), ("at the daemon", flooded)):
        print(f"{median(r[2] for r in runs):5.0f} bad handshakes/s {name:<22} {median(r[0] for r in runs) / 1e3:6.0f} "
              f"k entries/s, daemon {median(r[1] for r in runs):4.2f} cores, {median(r[3] for r in runs):4.0f} answered/s; "
              f"rate {median(r[0] / q[0] for r, q in zip(runs, quiet)):4.2f} of none")
    print(f"rate with the flood at the daemon, of that at the loop  {median(f[0] / b[0] for f, b in zip(flooded, beside)):4.2f}")


if __name__ == "__main__":
    main()
