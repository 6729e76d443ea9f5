#!/usr/bin/env python3
"""From sending an entry until it is seen in `tail -F`: one now and then, and at a tenth of the load.

The load is what the daemon was just seen to take from one client, flat out. Each row is the median
of RUNS runs. Beside it stands what the daemon says itself, from receiving to having written
(`logboom_delivery_seconds`): the rest is the client, ZeroMQ, and tail.

    bench/latency.py BUILD_FOLDER [--runs 5] [--entries 100000]
"""

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import urllib.request

from end_to_end import Daemon, run_daemon, start

METRICS = "metrics: {listen: '127.0.0.1:0'}\n"
BOUNDS_US = [100, 200, 300, 500, 1000, 2000, 5000, 10000, 100000]


class Own:
    """The daemon's own histogram of one run."""

    def __init__(self, page):
        found = re.findall(r'logboom_delivery_seconds_bucket\{.*le="([^"]+)"\} (\d+)', page)
        self.buckets = [(float(bound), int(count)) for bound, count in found]

    def quantile(self, part):
        """The bound that holds so much, in microseconds."""
        wanted = part * self.buckets[-1][1]
        return next(bound for bound, count in self.buckets if count >= wanted) * 1e6


def metrics_of(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read().decode()


class ScrapedDaemon(Daemon):
    """One with metrics, of which it says where they are."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, top=METRICS, **options)
        self.url = re.search(r"metrics: (\S+)", self.said)[1]


def run(build, entries, rate):
    with tempfile.TemporaryDirectory() as folder:
        daemon = ScrapedDaemon(build, "tcp", folder)
        tail = start(["tail", "-n", "+1", "-F", daemon.out], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        visible = start([f"{build}/bench/visible", daemon.address, str(entries), str(rate)],
                        stdin=tail.stdout, stdout=subprocess.PIPE, text=True)
        took_us = [int(line) / 1000 for line in visible.stdout]
        if visible.wait(60) != 0 or len(took_us) != entries:
            sys.exit(f"{len(took_us)} of {entries} entries were seen")
        own = Own(metrics_of(daemon.url))
        tail.kill()
        daemon.stop()
        return sorted(took_us), own


def quantile(sorted_us, part):
    return sorted_us[min(len(sorted_us) - 1, int(part * len(sorted_us)))]


def show(title, runs):
    medians = [statistics.median(quantile(took, part) for took, _ in runs) for part in (0.5, 0.99, 0.999)]
    own = [statistics.median(one.quantile(part) for _, one in runs) for part in (0.5, 0.99)]
    best, worst = (f(quantile(took, 0.99) for took, _ in runs) for f in (min, max))
    print(f"{title:<36} p50 {medians[0]:6.0f} µs  p99 {medians[1]:6.0f} µs ({best:.0f}..{worst:.0f})"
          f"  p99.9 {medians[2]:6.0f} µs;  in the daemon: p50 ≤ {own[0]:.0f} µs, p99 ≤ {own[1]:.0f} µs", flush=True)
    whole = sorted(took for one, _ in runs for took in one)
    before = 0
    for bound in [*BOUNDS_US, float("inf")]:
        count = sum(took <= bound for took in whole)
        part = (count - before) / len(whole)
        label = f"<= {bound / 1000:g} ms" if bound < float("inf") else "more"
        print(f"    {label:>12} {part * 100:6.2f} %  {'#' * round(part * 60)}")
        before = count


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--entries", type=int, default=100_000)
    args = parser.parse_args()

    flat_out = statistics.median(500_000 / run_daemon(args.build, "tcp", 500_000, 0).wall for _ in range(3))
    rate = int(flat_out / 10)
    show("send -> tail -F, one entry each 20 ms", [run(args.build, 100, 50) for _ in range(args.runs)])
    show(f"send -> tail -F, {rate:,} a second", [run(args.build, args.entries, rate) for _ in range(args.runs)])


if __name__ == "__main__":
    main()
