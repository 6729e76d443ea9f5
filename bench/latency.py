#!/usr/bin/env python3
"""From sending an entry until it is seen: one now and then, and at a tenth of the load.

It is seen in `tail -F` of a file that a bare loop writes (`zmq_msg_recv`, `write`, nothing else), in
`tail -F` of the daemon's file, and in `logboom tail`: by turns, RUNS times. The load is what the
daemon was just seen to take from one client, flat out. Each row is the median of the runs, and of
their ratios to the bare loop's run beside them. Next to it stands what the daemon says itself, from
receiving to having written (`logboom_delivery_seconds`): the rest is the client, ZeroMQ, and tail.

    bench/latency.py BUILD_FOLDER [--runs 5] [--entries 100000]
"""

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import urllib.request

from end_to_end import ENTRY_LEN, Daemon, run_daemon, start
from tail import begin_tail

METRICS = "metrics: {listen: '127.0.0.1:0'}\n"
BARE_ADDRESS = "tcp://127.0.0.1:15514"
BOUNDS_US = [100, 200, 300, 500, 1000, 2000, 5000, 10000, 100000]
LONE_ENTRIES, LONE_RATE = 100, 50


class Own:
    """The daemon's own histogram of one run."""

    def __init__(self, page):
        found = re.findall(r'logboom_delivery_seconds_bucket\{.*le="([^"]+)"\} (\d+)', page)
        self.buckets = [(float(bound), int(count)) for bound, count in found]

    def quantile(self, part):
        """The bound that holds so much, in microseconds."""
        wanted = part * self.buckets[-1][1]
        return next(bound for bound, count in self.buckets if count >= wanted) * 1e6


class Seen:
    """What one run saw: microseconds, in order, and how many entries its reader missed."""

    def __init__(self, lines, own=None):
        words = [line.split() for line in lines]
        self.took_us = sorted(int(word[0]) / 1000 for word in words if len(word) == 1)
        self.missed = sum(int(word[1]) for word in words if len(word) == 2)
        self.own = own

    def quantile(self, part):
        return self.took_us[min(len(self.took_us) - 1, int(part * len(self.took_us)))]


def metrics_of(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read().decode()


class ScrapedDaemon(Daemon):
    """One with metrics, of which it says where they are."""

    def __init__(self, *arguments, top="", **options):
        super().__init__(*arguments, top=METRICS + top, **options)
        self.url = re.search(r"metrics: (\S+)", self.said)[1]


def tail_of(path):
    return start(["tail", "-n", "+1", "-F", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def watch(build, address, tail, entries, rate):
    """The lines of bench/visible."""
    visible = start([f"{build}/bench/visible", address, str(entries), str(rate)],
                    stdin=tail.stdout, stdout=subprocess.PIPE, text=True)
    lines = visible.stdout.readlines()
    if visible.wait(60) != 0:
        sys.exit(f"{len(lines)} of {entries} entries were seen")
    tail.kill()
    return lines


def run_bare(build, entries, rate):
    with tempfile.TemporaryDirectory() as folder:
        bare = start([f"{build}/bench/bare_recv", BARE_ADDRESS, str(entries * ENTRY_LEN), f"{folder}/out.log"],
                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert bare.stdout.readline() == "ready\n"
        lines = watch(build, BARE_ADDRESS, tail_of(f"{folder}/out.log"), entries, rate)
        bare.communicate("\n")
        return Seen(lines)


def run(build, begin_reading, entries, rate):
    """`begin_reading` gets the daemon and the path of its control socket."""
    with tempfile.TemporaryDirectory() as folder:
        control = f"{folder}/control.sock"
        daemon = ScrapedDaemon(build, "tcp", folder, top=f"control: {{path: '{control}'}}\n")
        lines = watch(build, daemon.address, begin_reading(daemon, control), entries, rate)
        seen = Seen(lines, Own(metrics_of(daemon.url)))
        daemon.stop()
        return seen


def show_histogram(runs):
    whole = sorted(took for one in runs for took in one.took_us)
    before = 0
    for bound in [*BOUNDS_US, float("inf")]:
        count = sum(took <= bound for took in whole)
        part = (count - before) / len(whole)
        label = f"<= {bound / 1000:g} ms" if bound < float("inf") else "more"
        print(f"    {label:>12} {part * 100:6.2f} %  {'#' * round(part * 60)}")
        before = count


def show(title, runs, bare):
    def median(of):
        return statistics.median(map(of, runs))

    def ratio(part):
        return statistics.median(one.quantile(part) / other.quantile(part) for one, other in zip(runs, bare))

    worst = [one.quantile(0.99) for one in runs]
    line = (f"{title:<40} p50 {median(lambda one: one.quantile(0.5)):6.0f} µs"
            f"  p99 {median(lambda one: one.quantile(0.99)):6.0f} µs ({min(worst):.0f}..{max(worst):.0f})"
            f"  p99.9 {median(lambda one: one.quantile(0.999)):6.0f} µs")
    if runs is not bare:
        line += f";  of the bare loop: {ratio(0.5):.2f} and {ratio(0.99):.2f}"
        line += (f";  in the daemon: p50 ≤ {median(lambda one: one.own.quantile(0.5)):.0f} µs,"
                 f" p99 ≤ {median(lambda one: one.own.quantile(0.99)):.0f} µs")
    missed = sum(one.missed for one in runs)
    if missed:
        line += f";  missed {missed / (missed + sum(len(one.took_us) for one in runs)) * 100:.1f} %"
    print(line, flush=True)
    show_histogram(runs)


def compare(build, when, rounds, entries, rate):
    readers = [lambda daemon, control: tail_of(daemon.out),
               lambda daemon, control: begin_tail(build, control, arguments=("-n", "0"))]
    runs = [(run_bare(build, entries, rate), *(run(build, reader, entries, rate) for reader in readers))
            for _ in range(rounds)]
    bare, in_file, in_tail = zip(*runs)
    show(f"bare loop -> tail -F, {when}", bare, bare)
    show(f"logboomd -> tail -F, {when}", in_file, bare)
    show(f"logboomd -> logboom tail, {when}", in_tail, bare)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--rate", type=int, help="the load, instead of a tenth of what is measured")
    args = parser.parse_args()

    def flat_out():
        return statistics.median(500_000 / run_daemon(args.build, "tcp", 500_000, 0).wall for _ in range(3))

    rate = args.rate or int(flat_out() / 10)
    compare(args.build, "one entry each 20 ms", args.runs, LONE_ENTRIES, LONE_RATE)
    compare(args.build, f"{rate:,} a second", args.runs, args.entries, rate)


if __name__ == "__main__":
    main()
