#!/usr/bin/env python3
"""The daemon at full load with rotation every 10 MiB, against the daemon without, in adjacent pairs.

A run lasts until the ledger says that all entries are written. Then every file is looked
through, compressed or not: no line may be lost, and each file goes on where the one before
it ended.

    bench/rotation.py BUILD_FOLDER [--pairs 15] [--entries 2000000]
"""

import argparse
import glob
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

from end_to_end import Daemon, Run, compare, cpu_seconds, push

BATCH_BYTES = 65536
LOOK_SECONDS = 0.01


def kinds_of_compression(build):
    told = subprocess.run([f"{build}/logboomd", "--help-config"], capture_output=True, text=True, check=True)
    return [word for word in ("zstd", "gzip") if re.search(rf"compress: .*\b{word}\b", told.stdout)]


class Ledger:
    """Reads what the daemon says, so that it never waits for us."""

    def __init__(self, daemon):
        self.daemon, self.written = daemon, 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.daemon.process.stderr:
            if found := re.search(r"ledger: sink out: .*written=(\d+)", line):
                self.written = int(found[1])

    def wait_written(self, count, bound=120):
        end = time.monotonic() + bound
        while self.written < count:
            if time.monotonic() > end:
                sys.exit(f"{self.written} of {count} entries are written after {bound} s")
            self.daemon.process.send_signal(signal.SIGUSR2)
            time.sleep(LOOK_SECONDS)


def content(path):
    command = {"zst": ["zstd", "-dcq"], "gz": ["gzip", "-dc"]}.get(path.rsplit(".", 1)[-1], ["cat"])
    return subprocess.run([*command, path], stdout=subprocess.PIPE, check=True).stdout


def check_files(out, entries):
    """Names sort by time, the open one comes last. The pusher numbers its orders."""
    lines, after = 0, -1
    put_away = [path for path in glob.glob(f"{out}@*") if not path.endswith(".part")]  # left by the stop
    files = [*sorted(put_away), out]
    for path in files:
        data = content(path)
        if not data:
            continue
        first, last = (int(re.search(rb"order (\d+)", line)[1])
                       for line in (data[: data.index(b"\n")], data[data.rindex(b"\n", 0, -1) + 1 :]))
        if data[-1:] != b"\n" or first != after + 1:
            sys.exit(f"{path} begins with {first} behind {after}")
        lines, after = lines + data.count(b"\n"), last
    if lines != entries:
        sys.exit(f"{lines} of {entries} lines in {len(files)} files")
    return len(files) - 1


def run_daemon(build, entries, rotate, counts):
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(build, "tcp", folder, sink=f"    rotate: {rotate}\n" if rotate else "")
        ledger = Ledger(daemon)
        cpu, began = cpu_seconds(daemon.pid), time.monotonic()
        pusher = push(build, daemon.address, entries, BATCH_BYTES)
        assert pusher.wait(300) == 0
        ledger.wait_written(entries)
        run = Run(time.monotonic() - began, cpu_seconds(daemon.pid) - cpu)
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(60) == 0
        counts.append(check_files(daemon.out, entries))
        return run


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build")
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--entries", type=int, default=2_000_000)
    args = parser.parse_args()

    plain = lambda: run_daemon(args.build, args.entries, "", [])
    rows = [("no rotation / itself", ""), ("rotation every 10 MiB / none", "{size: 10MiB, keep: 1000}")]
    for kind in kinds_of_compression(args.build):
        rows.append((f"rotation every 10 MiB, {kind} / none", f"{{size: 10MiB, keep: 1000, compress: {kind}}}"))
    for title, rotate in rows:
        counts = []
        compare(title, args.pairs, lambda r=rotate, c=counts: run_daemon(args.build, args.entries, r, c),
                plain, args.entries)
        if rotate:
            print(f"{'':<44} {min(counts)} to {max(counts)} files put away a run, no line lost")


if __name__ == "__main__":
    main()
