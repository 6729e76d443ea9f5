#!/usr/bin/env python3
"""What it costs the daemon that somebody reads along: its CPU an entry with `logboom tail`, against nobody.

Flat out, where readers share an eighth of the loop's time and miss the rest, and paced, where one gets every entry.

    bench/tail.py BUILD_FOLDER [--pairs 7] [--entries 4000000]
"""

import argparse
import os
import signal
import subprocess
import tempfile
import time

from end_to_end import LINE_LEN, Daemon, Run, compare, cpu_seconds, push, start, wait_for_size

BATCH_BYTES = 65536


def begin_tail(build, control, is_stopped=False, arguments=(), stdout=subprocess.PIPE):
    """One that reads, or one that has said hello and takes nothing more, as behind Ctrl-S."""
    tail = start([f"{build}/logboom", "tail", "--control", control, *arguments], stdout=stdout)
    while b"socket:" not in b"".join(os.readlink(f"/proc/{tail.pid}/fd/{fd}").encode()
                                     for fd in os.listdir(f"/proc/{tail.pid}/fd") if fd not in "012"):
        time.sleep(0.01)
    time.sleep(0.2)  # it has asked
    if is_stopped:
        tail.send_signal(signal.SIGSTOP)
    return tail


def run(build, entries, batch, reader=None, arguments=()):
    with tempfile.TemporaryDirectory() as folder:
        control = f"{folder}/control.sock"
        daemon = Daemon(build, "tcp", folder, top=f"control: {{path: '{control}'}}\n")
        tail = begin_tail(build, control, reader == "stopped", arguments, subprocess.DEVNULL) if reader else None
        cpu, began = cpu_seconds(daemon.pid), time.monotonic()
        pusher = push(build, daemon.address, entries, batch)
        wait_for_size(daemon.out, entries * LINE_LEN)
        took = Run(time.monotonic() - began, cpu_seconds(daemon.pid) - cpu)
        if tail:
            tail.kill()
            tail.wait()
        daemon.stop()
        assert pusher.wait(60) == 0
        return took


ROWS = [("read along / nobody", "reads", ()),
        ("read along, of which nothing matches / nobody", "reads", ("--min-level", "emerg")),
        ("stopped / nobody", "stopped", ())]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--entries", type=int, default=4_000_000)
    args = parser.parse_args()

    nobody = lambda: run(args.build, args.entries, BATCH_BYTES)
    compare("tail: nobody / itself", args.pairs, nobody, nobody, args.entries)
    for title, reader, arguments in ROWS:
        compare(f"tail: {title}", args.pairs,
                lambda r=reader, a=arguments: run(args.build, args.entries, BATCH_BYTES, r, a), nobody, args.entries)


if __name__ == "__main__":
    main()
