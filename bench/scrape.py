#!/usr/bin/env python3
"""What it costs the daemon that Prometheus comes by: CPU of one scrape, and at full load.

    bench/scrape.py BUILD_FOLDER [--pairs 7] [--scrapes 1000] [--entries 4000000]
"""

import argparse
import tempfile
import threading
import time

from end_to_end import LINE_LEN, Run, compare, cpu_seconds, push, wait_for_size
from latency import ScrapedDaemon, metrics_of

BATCH_BYTES = 65536


def show_one(build, scrapes):
    """An idle daemon: all its CPU is that of the scrapes."""
    with tempfile.TemporaryDirectory() as folder:
        daemon = ScrapedDaemon(build, "tcp", folder)
        size = len(metrics_of(daemon.url))
        before = cpu_seconds(daemon.pid)
        for _ in range(scrapes):
            metrics_of(daemon.url)
        each_us = (cpu_seconds(daemon.pid) - before) / scrapes * 1e6
        daemon.stop()
    print(f"one scrape: {each_us:.0f} µs of CPU, {size} bytes; once a second: {each_us / 1e4:.3f} % of a core",
          flush=True)


def run(build, entries, scraped):
    with tempfile.TemporaryDirectory() as folder:
        daemon = ScrapedDaemon(build, "tcp", folder)
        done = threading.Event()

        def scrape():
            while not done.wait(1):
                metrics_of(daemon.url)

        if scraped:
            metrics_of(daemon.url)
            threading.Thread(target=scrape, daemon=True).start()
        cpu, began = cpu_seconds(daemon.pid), time.monotonic()
        pusher = push(build, daemon.address, entries, BATCH_BYTES)
        wait_for_size(daemon.out, entries * LINE_LEN)
        took = Run(time.monotonic() - began, cpu_seconds(daemon.pid) - cpu)
        done.set()
        daemon.stop()
        assert pusher.wait(60) == 0
        return took


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--scrapes", type=int, default=1000)
    parser.add_argument("--entries", type=int, default=4_000_000)
    args = parser.parse_args()

    show_one(args.build, args.scrapes)
    compare("full load, scraped every second / not", args.pairs, lambda: run(args.build, args.entries, True),
            lambda: run(args.build, args.entries, False), args.entries)


if __name__ == "__main__":
    main()
