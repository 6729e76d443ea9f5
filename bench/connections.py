#!/usr/bin/env python3
"""Sinks that connect: their rate against that of a file, one that stalls beside others, and
connections that break a thousand times.

    bench/connections.py BUILD_FOLDER [--pairs 15] [--entries 4000000] [--breaks 1000] [--only WORD]

Rates are medians of adjacent pairs, as in end_to_end.py.
"""

import argparse
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from end_to_end import LINE_LEN, Daemon, Run, compare, cpu_seconds, push, run_daemon, start, wait_for_size

BATCH_BYTES = 65536
BREAK_MEAN_BYTES = 100_000


class Sinks(Daemon):
    """logboomd with other sinks than the one file."""

    def __init__(self, build, folder, sinks):
        config = f"{folder}/bench.yaml"
        with open(config, "w") as file:
            file.write("ingest:\n  - name: bench\n    bind: 'tcp://127.0.0.1:0'\nsinks:\n")
            for name, keys in sinks.items():
                file.write(f"  - {{name: {name}, format: line, {keys}}}\n")
        self.process = start([f"{build}/logboomd", "--config", config], stderr=subprocess.PIPE, text=True)
        self.address = next(found[1] for line in self.process.stderr if (found := re.search(r"ready: (\S+) ", line)))
        self.said = []
        threading.Thread(target=lambda: self.said.extend(self.process.stderr), daemon=True).start()
        self.pid = self.process.pid

    def end(self, status=0):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) in (status, 0), "".join(self.said)


def reader(build, *arguments, program="tcp_read"):
    child = start([f"{build}/bench/{program}", *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                  text=True)
    return child, f"127.0.0.1:{int(child.stdout.readline())}"


def run_until_read(build, daemon, peer, entries, batch):
    """From the first entry until the receiver has all."""
    cpu, began = cpu_seconds(daemon.pid), time.monotonic()
    pusher = push(build, daemon.address, entries, batch)
    line = peer.stdout.readline()
    run = Run(time.monotonic() - began, cpu_seconds(daemon.pid) - cpu)
    assert line == "done\n"
    daemon.end()
    peer.communicate("\n")
    assert pusher.wait(60) == 0
    return run


def run_to_tcp(build, entries, batch, keys):
    with tempfile.TemporaryDirectory() as folder:
        peer, address = reader(build, entries * (LINE_LEN + (3 if "octet" in keys else 0)))
        daemon = Sinks(build, folder, {"central": f"type: tcp, address: '{address}'{keys}"})
        return run_until_read(build, daemon, peer, entries, batch)


def run_to_tls(build, entries, batch):
    """With a certificate of its own, and AES-GCM in records of 16 KiB, as both sides choose."""
    with tempfile.TemporaryDirectory() as folder:
        cert, key = f"{folder}/cert.pem", f"{folder}/key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=bench", "-addext",
                        "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        peer, address = reader(build, entries * LINE_LEN, cert, key, program="tls_read")
        daemon = Sinks(build, folder, {"central": f"type: tls, address: '{address}', tls: {{ca: '{cert}'}}"})
        return run_until_read(build, daemon, peer, entries, batch)


def run_three(build, entries, stalled):
    """Two files, and a receiver that never reads, or takes what it gets."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as never:
        peer = None
        address = f"127.0.0.1:{never.getsockname()[1]}"
        if not stalled:
            peer, address = reader(build, entries * LINE_LEN)
        sinks = {name: f"type: file, path: '{folder}/{name}.log'" for name in ("a", "b")}
        sinks["central"] = f"type: tcp, address: '{address}', when_full: {stalled or 'block'}"
        daemon = Sinks(build, folder, sinks)
        cpu, began = cpu_seconds(daemon.pid), time.monotonic()
        pusher = push(build, daemon.address, entries, BATCH_BYTES)
        for name in ("a", "b"):
            wait_for_size(f"{folder}/{name}.log", entries * LINE_LEN)
        run = Run(time.monotonic() - began, cpu_seconds(daemon.pid) - cpu)
        if peer:
            assert peer.stdout.readline() == "done\n"
        daemon.end(status=75)
        assert pusher.wait(60) == 0
        if peer:
            peer.communicate("\n")
        return run


def run_two(build, entries):
    """The same two files without a third sink."""
    with tempfile.TemporaryDirectory() as folder:
        daemon = Sinks(build, folder, {name: f"type: file, path: '{folder}/{name}.log'" for name in ("a", "b")})
        cpu, began = cpu_seconds(daemon.pid), time.monotonic()
        pusher = push(build, daemon.address, entries, BATCH_BYTES)
        for name in ("a", "b"):
            wait_for_size(f"{folder}/{name}.log", entries * LINE_LEN)
        run = Run(time.monotonic() - began, cpu_seconds(daemon.pid) - cpu)
        daemon.end()
        assert pusher.wait(60) == 0
        return run


def run_breaks(build, breaks):
    """Every break is followed by a pause of 50 to 100 ms: by far the most of the time."""
    entries = breaks * BREAK_MEAN_BYTES // LINE_LEN * 6
    with tempfile.TemporaryDirectory() as folder:
        peer, address = reader(build, entries, breaks, BREAK_MEAN_BYTES)
        daemon = Sinks(build, folder, {"central": f"type: tcp, address: '{address}'"})
        began = time.monotonic()
        pusher = push(build, daemon.address, entries, BATCH_BYTES)
        told = peer.stdout.readline()
        seconds = time.monotonic() - began
        assert peer.stdout.readline() == "done\n", f"{told}{peer.poll()}"
        daemon.end()
        peer.communicate("\n")
        assert pusher.wait(60) == 0
        ledger = next(line for line in reversed(daemon.said) if "ledger: sink central" in line)
        written = int(re.search(r"written=(\d+)", ledger)[1])
        resent = int(found[1]) if (found := re.search(r"resent=(\d+)", ledger)) else 0
        twice = int(re.search(r"(\d+) entries came twice", told)[1])
        assert written == entries and twice <= resent and int(told.split()[0]) == breaks, told
        print(f"{'connections that break':<44} {entries} entries in {seconds:.0f} s, none lost, none merged: "
              f"{told.strip()}, {resent} of them were called resent", flush=True)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build")
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--entries", type=int, default=4_000_000)
    parser.add_argument("--breaks", type=int, default=1000)
    parser.add_argument("--only", default="", help="run the rows whose title holds this")
    args = parser.parse_args()

    build, n = args.build, args.entries
    to_file = lambda: run_daemon(build, "tcp", n, BATCH_BYTES)
    rows = [
        ("64 KiB to a file / itself", to_file, to_file),
        ("64 KiB to tcp / to a file", lambda: run_to_tcp(build, n, BATCH_BYTES, ""), to_file),
        ("64 KiB to tcp, octet-counted / to a file",
         lambda: run_to_tcp(build, n, BATCH_BYTES, ", framing: octet-counted"), to_file),
        ("64 KiB to tls / to a file", lambda: run_to_tls(build, n, BATCH_BYTES), to_file),
        ("64 KiB to tls / to tcp", lambda: run_to_tls(build, n, BATCH_BYTES),
         lambda: run_to_tcp(build, n, BATCH_BYTES, "")),
        ("two files beside a tcp that stalls (newest)", lambda: run_three(build, n // 2, "drop_newest"),
         lambda: run_three(build, n // 2, "")),
        ("two files beside a tcp that stalls (oldest)", lambda: run_three(build, n // 2, "drop_oldest"),
         lambda: run_three(build, n // 2, "")),
        ("two files beside such a tcp / two files alone", lambda: run_three(build, n // 2, "drop_newest"),
         lambda: run_two(build, n // 2)),
    ]
    for title, first, second in rows:
        if args.only in title:
            compare(title, args.pairs, first, second, n // 2 if "two" in title else n)
    if args.only in "connections that break":
        run_breaks(build, args.breaks)


if __name__ == "__main__":
    main()
