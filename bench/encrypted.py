#!/usr/bin/env python3
"""The daemon with encryption: against a bare receive loop that decrypts as well, and against itself
without, in adjacent pairs of runs as in end_to_end.py.

    bench/encrypted.py BUILD_FOLDER [--pairs 15] [--entries 300000] [--batch-entries 1000000] [--only WORDS]
"""

import argparse
import signal
import subprocess
import sys
import tempfile

from end_to_end import compare, run_bare, run_daemon


class Keys:
    """A pair of the server and one of the client, and what the processes of a run need of them."""

    def __init__(self, build, folder):
        self.folder = folder
        self.server_public, server_secret = self._make(build, "server")
        self.client_public, client_secret = self._make(build, "client")
        self.of_server = {"BENCH_CURVE_SECRET": server_secret}
        self.of_client = {"BENCH_CURVE_SECRET": client_secret, "BENCH_CURVE_SERVER": self.server_public}

    def _make(self, build, name):
        path = f"{self.folder}/{name}.key"
        subprocess.run([f"{build}/logboom", "keygen", path], check=True, capture_output=True)
        with open(path) as lines:
            words = dict(line.split() for line in lines if not line.startswith("# "))
        return words["public"], words["secret"]

    def endpoint(self):
        return (f"    encryption: curve\n    key: '{self.folder}/server.key'\n"
                f"    allow: ['client {self.client_public}']\n")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build")
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--entries", type=int, default=300_000)
    parser.add_argument("--batch-entries", type=int, default=1_000_000)
    parser.add_argument("--only", default="", help="run the rows whose title holds this")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        keys = Keys(args.build, folder)
        for size, entries, batch in (("212 B", args.entries, 0), ("64 KiB", args.batch_entries, 65536)):
            bare = lambda: run_bare(args.build, "tcp", entries, batch, False, keys=keys)
            daemon = lambda: run_daemon(args.build, "tcp", entries, batch, keys=keys, endpoint=keys.endpoint())
            plain = lambda: run_daemon(args.build, "tcp", entries, batch)
            for title, first, second in (
                (f"tcp, CURVE, {size}: bare loop / itself", bare, bare),
                (f"tcp, CURVE, {size}: logboomd / bare loop", daemon, bare),
                (f"tcp, {size}: logboomd with CURVE / without", daemon, plain),
            ):
                if args.only in title:
                    compare(title, args.pairs, first, second, entries)


if __name__ == "__main__":
    main()
