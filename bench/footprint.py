#!/usr/bin/env python3
"""What the daemon costs at rest, how soon it is ready, and who allocates under load.

    bench/footprint.py BUILD_FOLDER [--entries 500000]
"""

import argparse
import os
import re
import statistics
import struct
import tempfile

from end_to_end import LINE_LEN, Daemon, push, wait_for_size

LIBRARIES = ("logboomd", "libzmq", "libuv", "simdjson", "others")
STARTS = 15


def memory(pid):
    with open(f"/proc/{pid}/status") as file:
        return {name: int(kib) for name, kib in re.findall(r"(\w+):\s+(\d+) kB", file.read())}


def at_rest(build):
    """Start to ready, by the clock of whoever waits for the line; memory once it is."""
    ready, resident, anonymous = [], [], []
    for _ in range(STARTS):
        with tempfile.TemporaryDirectory() as folder:
            daemon = Daemon(build, "tcp", folder)
            ready.append(daemon.start_seconds * 1000)
            use = memory(daemon.pid)
            resident.append(use["VmRSS"] / 1024)
            anonymous.append(use["RssAnon"] / 1024)
            daemon.stop()
    print(f"start to ready            {statistics.median(ready):6.1f} ms   (at most {max(ready):.1f})")
    print(f"resident, idle            {statistics.median(resident):6.1f} MiB  (VmRSS)")
    print(f"of it anonymous           {statistics.median(anonymous):6.1f} MiB  (RssAnon)")


def counters(path):
    with open(path, "rb") as file:
        return struct.unpack("5Q", file.read(40))


def allocations(build, entries, batch, title):
    """By calling library, from the second half of a run: the first warms up."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/counters"
        env = {
            "LD_PRELOAD": os.path.abspath(f"{build}/bench/count_malloc.so"),
            "COUNT_MALLOC_FILE": path,
        }
        daemon = Daemon(build, "tcp", folder, env=env)
        for part in (1, 2):
            before = counters(path)
            push(build, daemon.address, entries, batch).wait()
            wait_for_size(daemon.out, part * entries * LINE_LEN)
        after = counters(path)
        daemon.stop()
    for name, was, now in zip(LIBRARIES, before, after):
        print(f"allocs/op, {title:<14} {(now - was) / entries:9.6f}  {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build")
    parser.add_argument("--entries", type=int, default=500_000)
    args = parser.parse_args()
    at_rest(args.build)
    allocations(args.build, args.entries, 0, "one a message")
    allocations(args.build, args.entries, 65536, "64 KiB NDJSON")


if __name__ == "__main__":
    main()
