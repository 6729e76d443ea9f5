#!/usr/bin/env python3
"""The whole daemon against a bare receive loop, in adjacent pairs of runs.

Machines are shared and noisy, so nothing here is judged by one run: each row is the
median of the ratios of PAIRS adjacent pairs, and the bare loop against itself (A/A)
shows how much of it is noise. CPU is what the kernel accounts to all threads of the
receiving process between the first byte and the last.

    bench/end_to_end.py BUILD_FOLDER [--pairs 15] [--entries 1000000] [--batch-entries …]
"""

import argparse
import atexit
import glob
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ENTRY_LEN = 212
LINE_LEN = len("[2026-11-23T03:34:12.000000Z] info: ") + len(
    "order 0000000000 was paid by card in 35 ms and handed to the warehouse at once, as always\n"
)


CHILDREN = []


def start(command, **options):
    """A process that does not outlive this one."""
    child = subprocess.Popen(command, **options)
    CHILDREN.append(child)
    return child


@atexit.register
def end_children():
    for child in CHILDREN:
        if child.poll() is None:
            child.kill()


def cpu_seconds(pid):
    """CPU of all threads, to the nanosecond, as the scheduler counts it."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path) as file:
            total += int(file.read().split()[0])
    return total / 1e9


class Run:
    """What one run took: seconds of wall time and of the receiver's CPU."""

    def __init__(self, wall, cpu):
        self.wall, self.cpu = wall, cpu


def push(build, address, entries, batch, clients=1, keys=None):
    return start(
        [f"{build}/bench/pusher", address, str(entries), str(batch or 0), "0", str(clients)],
        stdout=subprocess.DEVNULL,
        env={**os.environ, **(keys.of_client if keys else {})},
    )


def address_of(transport, folder):
    return f"ipc://{folder}/bench.sock" if transport == "ipc" else "tcp://127.0.0.1:0"


def run_bare(build, transport, entries, batch, write, clients=1, keys=None):
    with tempfile.TemporaryDirectory() as folder:
        address = f"ipc://{folder}/bench.sock" if transport == "ipc" else "tcp://127.0.0.1:15514"
        messages = -(-entries // max(1, (batch or 0) // (ENTRY_LEN + 1)))
        payload = entries * ENTRY_LEN + (entries - messages if batch else 0)
        command = [f"{build}/bench/bare_recv", address, str(payload)]
        if write:
            command.append(f"{folder}/out")
        bare = start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                     env={**os.environ, **(keys.of_server if keys else {})})
        assert bare.stdout.readline() == "ready\n"
        cpu, began = cpu_seconds(bare.pid), time.monotonic()
        pusher = push(build, address, entries, batch, clients, keys)
        assert bare.stdout.readline() == "done\n"
        run = Run(time.monotonic() - began, cpu_seconds(bare.pid) - cpu)
        bare.communicate("\n")
        assert pusher.wait(60) == 0
        return run


def wait_for_size(path, size, bound=120):
    end = time.monotonic() + bound
    while time.monotonic() < end:
        try:
            if os.stat(path).st_size >= size:
                return
        except FileNotFoundError:
            pass
        time.sleep(0.0005)
    sys.exit(f"{path} has {os.stat(path).st_size} of {size} bytes after {bound} s")


class Daemon:
    """logboomd with one endpoint and one file sink in a folder of its own."""

    def __init__(self, build, transport, folder, fmt="line", env=None, top="", endpoint="", sink=""):
        self.out = f"{folder}/out.log"
        config = f"{folder}/bench.yaml"
        with open(config, "w") as file:
            file.write(
                f"{top}ingest:\n  - name: bench\n    bind: '{address_of(transport, folder)}'\n{endpoint}"
                f"sinks:\n  - name: out\n    type: file\n    path: '{self.out}'\n"
                f"    format: {fmt}\n{sink}"
            )
        self.began = time.monotonic()
        self.process = start(
            [f"{build}/logboomd", "--config", config],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(env or {})},
        )
        self.said = ""  # until it was ready
        for line in self.process.stderr:
            self.said += line
            found = re.search(r"ready: (\S+) ", line)
            if found:
                self.address = found.group(1)
                break
        self.start_seconds = time.monotonic() - self.began
        self.pid = self.process.pid

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.stderr.read()
        assert self.process.wait(20) == 0


def run_daemon(build, transport, entries, batch, clients=1, keys=None, **config):
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(build, transport, folder, **config)
        cpu, began = cpu_seconds(daemon.pid), time.monotonic()
        pusher = push(build, daemon.address, entries, batch, clients, keys)
        wait_for_size(daemon.out, entries * LINE_LEN)
        run = Run(time.monotonic() - began, cpu_seconds(daemon.pid) - cpu)
        assert os.stat(daemon.out).st_size == entries * LINE_LEN
        daemon.stop()
        assert pusher.wait(60) == 0
        return run


def compare(title, pairs, first, second, entries):
    """Runs A B A B … and prints the medians of A/B: rate, and CPU."""
    rates, cpus, walls, cpu_ns = [], [], [], []
    for _ in range(pairs):
        a, b = first(), second()
        rates.append(b.wall / a.wall)
        cpus.append(a.cpu / b.cpu)
        walls.append(entries / a.wall / 1e6)
        cpu_ns.append(a.cpu / entries * 1e9)
    print(
        f"{title:<44} rate {statistics.median(rates):5.2f}  cpu {statistics.median(cpus):5.2f}"
        f"  ({min(rates):.2f}..{max(rates):.2f}, {min(cpus):.2f}..{max(cpus):.2f})"
        f"  {statistics.median(walls):5.2f} M entries/s  {statistics.median(cpu_ns):4.0f} ns CPU",
        flush=True,
    )


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build")
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--batch-entries", type=int, default=4_000_000)
    parser.add_argument("--only", default="", help="run the rows whose title holds this")
    args = parser.parse_args()

    rows = []
    for transport in ("tcp", "ipc"):
        bare = lambda t=transport: run_bare(args.build, t, args.entries, 0, False)
        rows.append((f"{transport}, 212 B: bare loop / itself", bare, bare, args.entries))
        rows.append((
            f"{transport}, 212 B: logboomd / bare loop",
            lambda t=transport: run_daemon(args.build, t, args.entries, 0),
            bare,
            args.entries,
        ))
        batch = lambda t=transport: run_bare(args.build, t, args.batch_entries, 65536, True)
        rows.append((f"{transport}, 64 KiB: receive+write / itself", batch, batch, args.batch_entries))
        rows.append((
            f"{transport}, 64 KiB: logboomd / receive+write",
            lambda t=transport: run_daemon(args.build, t, args.batch_entries, 65536),
            batch,
            args.batch_entries,
        ))
    for title, first, second, entries in rows:
        if args.only in title:
            compare(title, args.pairs, first, second, entries)


if __name__ == "__main__":
    main()
