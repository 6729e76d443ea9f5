#!/usr/bin/env python3
"""What an entry costs above the bare receive loop, when it comes from 1, 8, 32 and 128 clients.

The bare loop itself costs more with many clients, so the difference is compared: CPU of the
daemon less that of the loop, an entry, in adjacent pairs; the median of each, and its ratio to
that with one client. One process is all clients, so that it is no busier with many.

    bench/crowd.py BUILD_FOLDER [--pairs 15] [--entries 500000]
"""

import argparse
import statistics

from end_to_end import run_bare, run_daemon

CLIENTS = (1, 8, 32, 128)


def nanoseconds(run, entries):
    return run.cpu / entries * 1e9


def measure(build, clients, pairs, entries):
    """Medians of nanoseconds of CPU an entry: the loop's, and what the daemon takes above it."""
    bare, above = [], []
    for _ in range(pairs):
        loop = run_bare(build, "tcp", entries, 0, False, clients)
        daemon = run_daemon(build, "tcp", entries, 0, clients)
        bare.append(nanoseconds(loop, entries))
        above.append(nanoseconds(daemon, entries) - bare[-1])
    return statistics.median(bare), statistics.median(above)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build")
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--entries", type=int, default=500_000)
    args = parser.parse_args()
    first = None
    for clients in CLIENTS:
        bare, above = measure(args.build, clients, args.pairs, args.entries)
        first = first or above
        print(f"{clients:4} clients, 212 B: bare loop {bare:5.0f} ns CPU, logboomd {above:5.0f} ns above it"
              f"  {above / first:5.2f} x one client", flush=True)


if __name__ == "__main__":
    main()
