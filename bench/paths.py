#!/usr/bin/env python3
"""Many files of one sink: entries of random hosts, each host with a file of its own.

Each row is the median of RUNS runs with a queue of 1 MiB and the default of 64 open files, and
says what it cost: CPU of all threads of the daemon, to the entry. The first row is one file, for
comparison. What a file costs is opening, looking, writing and closing it: a loop that does only
that, on the same disk, is the last row.

    bench/paths.py BUILD_FOLDER [--runs 5] [--entries 1000000] [--folder /var/tmp]
"""

import argparse
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from end_to_end import LINE_LEN, cpu_seconds, start

ROWS = (("one file", 0), ("1 path", 1), ("1,000 paths", 1000), ("10,000 paths", 10_000))


def written_bytes(folder):
    total = 0
    with os.scandir(folder) as found:
        for one in found:
            assert one.name != "_other.log", "a path had no room"
            total += one.stat().st_size
    return total


def wait_written(process, said, entries, bound_s=180):
    """Asks for the ledger until all is written: looking at so many files takes too long."""
    end = time.monotonic() + bound_s
    while time.monotonic() < end:
        process.send_signal(signal.SIGUSR2)
        found = re.findall(r"ledger: sink out: offered=\d+ written=(\d+)", said.read_text())
        if found and int(found[-1]) == entries:
            return
        time.sleep(0.005)
    sys.exit(f"{entries} entries were not written in {bound_s} s")


def run(build, place, hosts, entries):
    """Seconds of wall time and of CPU."""
    with tempfile.TemporaryDirectory(dir=place) as name:
        folder = pathlib.Path(name)
        path, more = ("{host}.log", ", max_paths: 10000") if hosts else ("all.log", "")
        (folder / "bench.yaml").write_text(
            f"ingest:\n  - {{name: bench, bind: 'ipc://{folder}/bench.sock'}}\n"
            f"sinks:\n  - {{name: out, type: file, path: '{folder}/logs/{path}', format: line, "
            f"queue: 1MiB{more}}}\n")
        said = folder / "said"
        with said.open("w") as out:
            daemon = start([f"{build}/logboomd", "--config", folder / "bench.yaml"], stderr=out)
        while "ready: " not in said.read_text():
            time.sleep(0.005)
        # The files are made first: a system that is a minute old has them all.
        warm = entries // 5
        push = [f"{build}/bench/pusher", f"ipc://{folder}/bench.sock"]
        tail = ["65536", str(hosts or 1)]
        subprocess.run([*push, str(warm), *tail], check=True, stdout=subprocess.DEVNULL)
        wait_written(daemon, said, warm)
        cpu, began = cpu_seconds(daemon.pid), time.monotonic()
        pusher = start([*push, str(entries), *tail], stdout=subprocess.DEVNULL)
        assert pusher.wait(180) == 0
        wait_written(daemon, said, warm + entries)
        took = time.monotonic() - began, cpu_seconds(daemon.pid) - cpu
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(60) == 0
        assert written_bytes(folder / "logs") == (warm + entries) * LINE_LEN
        assert len(os.listdir(folder / "logs")) == (hosts or 1), "the pusher named other hosts"
        return took


def floor_us(place, files=1000, rounds=20):
    """What opening, looking, writing and closing a file costs here."""
    line = [b"x" * LINE_LEN] * 6
    with tempfile.TemporaryDirectory(dir=place) as name:
        folder = os.open(name, os.O_PATH)
        names = [f"h{i:05}.log" for i in range(files)]
        for one in names:
            os.close(os.open(one, os.O_WRONLY | os.O_CREAT, 0o640, dir_fd=folder))
        began = time.thread_time()
        for _ in range(rounds):
            for one in names:
                fd = os.open(one, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW, dir_fd=folder)
                os.fstat(fd)
                os.writev(fd, line)
                os.close(fd)
        took = time.thread_time() - began
        os.close(folder)
        return took / rounds / files * 1e6


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--folder", default=None, help="a folder on the disk that is meant")
    args = parser.parse_args()

    for title, hosts in ROWS:
        runs = [run(args.build, args.folder, hosts, args.entries) for _ in range(args.runs)]
        rates = sorted(args.entries / wall / 1000 for wall, _ in runs)
        cpu_ns = statistics.median(cpu for _, cpu in runs) / args.entries * 1e9
        print(f"{title:<44} {statistics.median(rates):6.0f} k entries/s ({rates[0]:.0f}..{rates[-1]:.0f})"
              f"  {cpu_ns:5.0f} ns CPU  load {os.getloadavg()[0]:.1f}", flush=True)
    print(f"{'open, look, write 6 lines, close one file':<44} {floor_us(args.folder):6.1f} µs CPU")


if __name__ == "__main__":
    main()
