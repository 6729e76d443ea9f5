"""What becomes of files that were put away: compressed, kept, removed; and what a crash, a full
disk and a stop make of that."""

import gzip
import os
import pathlib
import random
import re
import signal
import subprocess
import threading
import time

import pytest
from logboom_story import (
    EXIT_FINE,
    PATIENCE_S,
    SANITIZED,
    Tally,
    numbered_batches,
    numbered_json,
    wait_until,
)

MIB = 1 << 20
ROTATED = re.compile(r"^(.+)@(\d{8}T\d{6}\.\d{6}Z)(|\.zst|\.gz|\.part)$")


class Rotated:
    """One look at what was put away of a file; what disappears meanwhile is not there."""

    def __init__(self, log):
        self.log, self.times, self.total_bytes = log, {}, 0
        for entry in os.scandir(log.parent):
            found = ROTATED.match(entry.name)
            if entry.name != log.name and not (found and found[1] == log.name):
                continue
            try:
                self.total_bytes += entry.stat(follow_symlinks=False).st_size
            except FileNotFoundError:
                continue
            if found and found[3] != ".part":
                self.times.setdefault(found[2], set()).add(found[3])

    @property
    def count(self):
        return len(self.times)

    @property
    def plain(self):
        return [time for time, endings in self.times.items() if "" in endings]

    def data(self):
        """All that is there, the oldest first, then the live file."""
        put_away = b"".join(self._read(time, self.times[time]) for time in sorted(self.times))
        return put_away + (self.log.read_bytes() if self.log.exists() else b"")

    def _read(self, time, endings):
        path = f"{self.log}@{time}"
        if ".zst" in endings:
            return subprocess.run(["zstd", "-dcq", path + ".zst"], check=True, capture_output=True).stdout
        if ".gz" in endings:
            with gzip.open(path + ".gz") as packed:
                return packed.read()
        return pathlib.Path(path).read_bytes()


def rotating(**rotate):
    return {"format": "line", "rotate": {"size": "64KiB", "keep": 1000000, **rotate}}


def wait_compressed(daemon):
    """Until nothing that was put away is plain."""
    daemon.wait(lambda: not (look := Rotated(daemon.log)).plain and look.count > 0,
                lambda: f"all compressed, there is {Rotated(daemon.log).times}")
    return Rotated(daemon.log)


def parts(log):
    return list(log.parent.glob(log.name + "@*.part"))


def check_rest(data, count):
    """What is left is the end of what was sent, without a gap."""
    tally = Tally(data, "line")
    assert tally.torn == 0
    numbers = tally.numbers[0]
    assert numbers == list(range(count - len(numbers), count))


# ---- compressing --------------------------------------------------------------------------


@pytest.mark.parametrize("kind, ending", [("zstd", ".zst"), ("gzip", ".gz")])
def test_rotated_files_are_compressed_and_nothing_is_lost(start, client, kind, ending):
    """Two clients send 20,000 entries; a new file is begun after 64 KiB each time. In the end all
    but the live one are compressed, and together hold each entry exactly once. The ledger counts
    them."""
    daemon = start(sink=rotating(compress=kind))
    for number in (0, 1):
        client(daemon.address).send(*numbered_batches(number, 10_000))
    daemon.wait_written(20_000)
    look = wait_compressed(daemon)
    assert all(endings == {ending} for endings in look.times.values())
    Tally(look.data(), "line").check_complete({0: 10_000, 1: 10_000})
    sink = daemon.wait_ledger(lambda it: it.sink["compressed"] == look.count).sink
    assert sink["rotated"] == look.count > 30
    assert sink["removed"] == sink["compress_failed"] == 0
    assert daemon.stop() == EXIT_FINE


def test_a_compressed_file_has_the_permissions_of_the_plain_one(start, client):
    daemon = start(sink={**rotating(compress="zstd"), "mode": "0604"})
    client(daemon.address).send(*numbered_batches(0, 1000))
    daemon.wait_written(1000)
    wait_compressed(daemon)
    for path in daemon.folder.glob("all.log*"):
        assert path.stat().st_mode & 0o7777 == 0o604
        assert path.stat().st_uid == os.geteuid()


# ---- keep and max_total -------------------------------------------------------------------


class Watch(threading.Thread):
    """Looks at the folder again and again; remembers the worst that it saw."""

    def __init__(self, log):
        super().__init__(daemon=True)
        self.log, self.over = log, threading.Event()
        self.most_files = self.most_bytes = self.looks = 0

    def run(self):
        while not self.over.wait(0.001):
            look = Rotated(self.log)
            self.looks += 1
            self.most_files = max(self.most_files, look.count)
            self.most_bytes = max(self.most_bytes, look.total_bytes)

    def end(self):
        self.over.set()
        self.join(PATIENCE_S)
        return self


@pytest.mark.parametrize("compress", ["none", "zstd"])
def test_keep_holds_while_files_are_rotated(start, client, compress):
    """Files are put away as fast as one client can send, a tenth at a time, so that the thread that
    removes has its turn. At every look there are no more than `keep`, and those that the thread is
    just about to remove; behind each tenth exactly `keep`, and in the end they hold the end of what
    was sent, without a gap."""
    daemon = start(sink=rotating(size="256KiB", keep=4, compress=compress))
    watch = Watch(daemon.log)
    watch.start()
    one = client(daemon.address)
    for first in range(0, 100_000, 10_000):
        one.send(*numbered_batches(0, 10_000, first=first))
        daemon.wait_written(first + 10_000)
        look = daemon.wait_ledger(lambda it: it.sink["removed"] >= it.sink["rotated"] - 4).sink
    watch.end()
    assert look["rotated"] > 50 and watch.looks > 5
    assert watch.most_files < 4 + look["rotated"] / 2, "far behind"
    assert Rotated(daemon.log).count == 4
    assert daemon.stop() == EXIT_FINE
    check_rest(Rotated(daemon.log).data(), 100_000)


@pytest.mark.parametrize("compress, filled", [("none", 6), ("zstd", 1)])
def test_max_total_holds_at_every_look(start, client, compress, filled):
    """A client sends what fills max_total nearly three times, one message after the other, so that
    the daemon is busy and not driven. At no look do the live file and what was put away, unfinished
    files included, hold more than max_total, and one file more, since a look takes its time. What
    is left is the end of what was sent."""
    daemon = start(sink=rotating(size="512KiB", max_total="8MiB", compress=compress))
    watch = Watch(daemon.log)
    watch.start()
    one = client(daemon.address)
    for batch in numbered_batches(0, 150_000, 16 * 1024):
        one.send(batch)
        time.sleep(0.005)  # not flat out: the keeper is given the time that a disk would need
    daemon.wait_written(150_000)
    watch.end()
    sink = daemon.wait_ledger(lambda it: it.sink["removed"] + it.sink["compressed"] > 20).sink
    assert watch.looks > 50
    assert filled * MIB < watch.most_bytes <= 8 * MIB + MIB / 2
    assert sink["rotated"] > 40
    assert daemon.stop() == EXIT_FINE
    check_rest(Rotated(daemon.log).data(), 150_000)


def test_limits_hold_for_what_was_there_before(start, client, tmp_path):
    """There are 30 files of an earlier run, put away without compression. With new limits the
    daemon removes what is too old at its start, and compresses the rest."""
    log = tmp_path / "all.log"
    for number in range(30):
        (tmp_path / f"all.log@20250101T000000.{number:06}Z").write_bytes(b"old line %d\n" % number * 50)
    daemon = start(sink=rotating(keep=7, compress="gzip"))
    daemon.wait_ledger(lambda it: it.sink["compressed"] == 7 and it.sink["removed"] == 23)
    look = Rotated(log)
    assert sorted(look.times) == [f"20250101T000000.{n:06}Z" for n in range(23, 30)]
    assert look.data() == b"".join(b"old line %d\n" % n * 50 for n in range(23, 30))
    assert daemon.stop() == EXIT_FINE


def test_nobody_elses_files_are_touched(start, client, tmp_path):
    """Beside the log lie files that look nearly like rotated ones, links, folders, and those of
    another log. All survive a keep of 1 and the smallest max_total."""
    names = ["all.log@notes", "all.log@20261125T211828.123456Z.bak", "all.log.1", "all.log.2.gz",
             "all.log@20261125T211828.123456Z.zst.part", "xall.log@20261125T211828.123456Z",
             "all.log@20261325T211828.123456Z", "all.log@x@20261125T211828.123456Z", ".all.log.swp"]
    precious = {name: os.urandom(3000) for name in [*names, "target", "twice"]}
    for name, data in precious.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "all.log@20240101T000000.000000Z").symlink_to("target")
    (tmp_path / "all.log@20240101T000000.000001Z").hardlink_to(tmp_path / "twice")
    (tmp_path / "all.log@20240101T000000.000002Z").mkdir()
    (tmp_path / "all.log@20240101T000000.000003Z.zst").mkdir()
    daemon = start(sink=rotating(size="32KiB", keep=1, max_total="1MiB", compress="zstd"))
    client(daemon.address).send(*numbered_batches(0, 10_000))
    daemon.wait_written(10_000)
    daemon.wait_ledger(lambda it: it.sink["removed"] > 0 and it.sink["compressed"] > 0)
    assert daemon.stop() == EXIT_FINE
    assert {name: (tmp_path / name).read_bytes() for name in precious} == precious
    assert (tmp_path / "all.log@20240101T000000.000000Z").is_symlink()
    assert (tmp_path / "all.log@20240101T000000.000001Z").stat().st_nlink == 2
    assert (tmp_path / "all.log@20240101T000000.000002Z").is_dir()
    assert (tmp_path / "all.log@20240101T000000.000003Z.zst").is_dir()


# ---- crashes ------------------------------------------------------------------------------


CRASHES = int(os.environ.get("LOGBOOM_CRASHES", "30"))


def test_a_crash_while_files_are_compressed_loses_nothing(start, client):
    """Again and again: entries are sent and written, files are put away and compressed, and in
    the midst of that comes kill -9. The next start goes on. In the end every entry that was
    written is there exactly once, nothing is left of what was unfinished, and nothing is there
    plain and compressed. A part of the kills is aimed at an unfinished file."""
    chance = random.Random(1)
    written, aimed = 0, 0
    until = time.monotonic() + 60 * max(1, CRASHES / 30)
    for crash in range(CRASHES):
        if time.monotonic() > until and crash >= 5:
            break
        daemon = start(sink=rotating(size="64KiB", compress=chance.choice(["zstd", "gzip"])))
        batch = chance.randrange(500, 3000)
        client(daemon.address).send(*numbered_batches(0, batch, first=written))
        daemon.wait_written(batch)
        written += batch
        if crash % 2:
            deadline = time.monotonic() + 0.2
            while not parts(daemon.log) and time.monotonic() < deadline:
                pass
            aimed += bool(parts(daemon.log))
        time.sleep(chance.random() * 0.01)
        daemon.send_signal(signal.SIGKILL)
        daemon.process.wait(timeout=PATIENCE_S)
        if crash < 30 or crash % 10 == 0:  # it takes longer each time
            Tally(Rotated(daemon.log).data(), "line").check_complete({0: written})
    daemon = start(sink=rotating(compress="zstd"))
    look = wait_compressed(daemon)
    assert all(len(endings) == 1 for endings in look.times.values())
    Tally(look.data(), "line").check_complete({0: written})
    assert daemon.stop() == EXIT_FINE
    assert not parts(daemon.log)
    print(f"{crash + 1} crashes, {aimed} while a file was being compressed")


# Kills the process in front of the n-th call by which the compressor changes a file.
KILL_AT = r"""
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int calls;

static void step(void)
{
    char name[16] = "";
    prctl(PR_GET_NAME, name);
    if (strcmp(name, "log compressor") == 0 && ++calls == atoi(getenv("KILL_AT")))
        kill(getpid(), SIGKILL);
}

int openat(int folder, const char *name, int flags, ...)
{
    va_list list;
    mode_t mode;
    va_start(list, flags);
    mode = va_arg(list, mode_t);
    va_end(list);
    if (flags & O_CREAT)
        step();
    return syscall(SYS_openat, folder, name, flags, mode);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    step();
    return syscall(SYS_write, fd, bytes, len);
}

int fchown(int fd, uid_t user, gid_t group) { step(); return syscall(SYS_fchown, fd, user, group); }
int fchmod(int fd, mode_t mode) { step(); return syscall(SYS_fchmod, fd, mode); }
int fsync(int fd) { step(); return syscall(SYS_fsync, fd); }

int futimens(int fd, const struct timespec times[2])
{
    step();
    return syscall(SYS_utimensat, fd, NULL, times, 0);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    step();
    return syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}

int unlinkat(int folder, const char *name, int flags)
{
    step();
    return syscall(SYS_unlinkat, folder, name, flags);
}
"""


def end_or_start_again(daemon, start, place, kind):
    """After a kill: the next daemon. Without one: None, and it has ended well."""
    if daemon.process.poll() is not None:
        assert daemon.process.returncode == -signal.SIGKILL, daemon.said
        return start(place, sink=rotating(compress=kind))
    daemon.wait_ready()
    assert daemon.stop() == EXIT_FINE
    return None


@pytest.mark.parametrize("kind, ending", [("zstd", ".zst"), ("gzip", ".gz")])
def test_a_kill_at_each_step_of_compressing_loses_nothing(start, shim, tmp_path, kind, ending):
    """A file is there to be compressed. The process is killed in front of the first call by which
    the compressor changes anything; in another run in front of the second; and so on, until there
    is no further step. After each kill the file is there, plain or compressed; and after the next
    start it is there once, compressed, byte for byte."""
    data = b"\n".join(numbered_json(0, i) for i in range(2000)) + b"\n"
    old, halves, step, killed = "20250101T000000.000000Z", 0, 0, True
    while killed:
        step += 1
        place = f"step{step}"
        (tmp_path / place).mkdir()
        (tmp_path / place / f"all.log@{old}").write_bytes(data)
        daemon = start(place, sink=rotating(compress=kind), ready=False,
                       env={**shim(KILL_AT), "KILL_AT": str(step)})
        wait_until(lambda: daemon.process.poll() is not None or
                   Rotated(daemon.log).times == {old: {ending}}, "the end")
        look = Rotated(daemon.log)
        halves += bool(parts(daemon.log)) or len(look.times[old]) == 2
        assert look.data() == data
        daemon = end_or_start_again(daemon, start, place, kind)
        killed = daemon is not None
        if killed:
            assert wait_compressed(daemon).times == {old: {ending}}
            assert Rotated(daemon.log).data() == data and not parts(daemon.log)
            assert daemon.stop() == EXIT_FINE
    assert step > 8 and halves > 5


# ---- the disk -----------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 512 KiB below the test's folder."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "logboom-test", place]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting a small tmpfs needs root")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@pytest.mark.parametrize("free_kib", [72, 30])
def test_a_full_disk_lets_files_stay_plain_until_there_is_room(start, client, small_disk, free_kib):
    """Noise has been put away, which does not get smaller, on a disk with too little room for a
    second copy: the disk is full in the middle of it, or so nearly full that it is not begun. It
    stays plain, which is said once; the sink itself writes on. When there is room
    it is compressed, which is said, too, and nothing is lost."""
    log = small_disk / "all.log"
    noise = os.urandom(108 * 1024 - 1) + b"\n"
    packed = small_disk / "all.log@20250101T000000.000000Z"
    packed.write_bytes(noise)
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * (512 - 108 - free_kib) * 1024)
    daemon = start(sinks=[{"name": "all", "type": "file", "path": str(log), "format": "line",
                           "rotate": {"size": "1MiB", "compress": "zstd"}}])
    daemon.wait_said("sink all: cannot compress 'all.log@20250101T000000.000000Z': "
                     "No space left on device, retrying")
    assert not parts(log) and packed.read_bytes() == noise
    client(daemon.address).send(*(numbered_json(0, i) for i in range(20)))
    daemon.wait_written(20)
    daemon.wait_ledger(lambda it: it.sink["compress_failed"] >= 2)
    ballast.unlink()
    daemon.wait_said("sink all: compressing again after")
    assert daemon.said.count("No space left on device") == 1
    assert not packed.exists() and not parts(log)
    assert daemon.stop() == EXIT_FINE
    Tally(Rotated(log).data()[len(noise):], "line").check_complete({0: 20})
    assert Rotated(log).data().startswith(noise)


# ---- the stop -----------------------------------------------------------------------------


def test_a_stop_does_not_wait_for_a_large_file(start, tmp_path):
    """A file of 4 GiB is being compressed when the stop comes. The daemon is gone at once, the
    plain file is as it was, and the next start removes what was unfinished, if anything is."""
    large = tmp_path / "all.log@20250101T000000.000000Z"
    with large.open("wb") as out:
        out.truncate(4 << 30)
    daemon = start(sink=rotating(compress="gzip"))
    daemon.wait(lambda: parts(daemon.log), "a file being compressed")
    began = time.monotonic()
    assert daemon.stop() == EXIT_FINE
    took = time.monotonic() - began
    assert took < PATIENCE_S / 15, f"{took:.2f} s"
    assert large.stat().st_size == 4 << 30
    large.unlink()
    again = start(sink=rotating(compress="gzip"))
    assert not parts(again.log)
    assert again.stop() == EXIT_FINE


HUNG_FSYNC = """
#define _GNU_SOURCE
#include <unistd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <stdio.h>
#include <string.h>
int fsync(int fd)
{
    char link[64], name[4096];
    struct stat st;
    ssize_t len;
    (void)st;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    len = readlink(link, name, sizeof name - 1);
    if (len > 5 && IS_HUNG)
        for (;;) pause();
    return syscall(SYS_fsync, fd);
}
"""

HUNG = {
    "file": 'memcmp(name + len - 5, ".part", 5) == 0',
    "folder": 'fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)',
}


@pytest.mark.parametrize("hung", HUNG)
def test_a_stop_does_not_wait_for_a_disk_that_hangs(start, client, shim, tmp_path, hung):
    """What is compressed, or its name, never gets onto the disk. The log itself is written and removed from as
    before, and the stop leaves without that thread: nothing was lost, and the status says so."""
    (tmp_path / "all.log@20250101T000000.000000Z").write_bytes(b"old\n" * 100)
    daemon = start(sink=rotating(compress="zstd", keep=2), env=shim(HUNG_FSYNC.replace("IS_HUNG", HUNG[hung])))
    daemon.wait(lambda: parts(daemon.log) if hung == "file" else list(tmp_path.glob("*.zst")),
                "a file being compressed")
    client(daemon.address).send(*numbered_batches(0, 5000))
    daemon.wait_written(5000)
    daemon.wait_ledger(lambda it: it.sink["removed"] > 5)
    began = time.monotonic()
    assert daemon.stop() == EXIT_FINE
    assert time.monotonic() - began < PATIENCE_S / 10
    assert "leaving without it" in daemon.said
    check_rest(Rotated(daemon.log).data(), 5000)


# ---- memory -------------------------------------------------------------------------------


@pytest.mark.skipif(SANITIZED, reason="the sanitizers' own memory is in no plan")
@pytest.mark.parametrize("kind", ["zstd", "gzip"])
def test_the_cap_holds_while_files_are_compressed(start, client, kind):
    """The smallest cap that the settings allow, and a load that puts away a file after each MiB:
    the peak stays below it."""
    daemon = start(sink=rotating(size="1MiB", keep=50, compress=kind), memory={"cap": "25MiB"},
                   endpoint={"max_clients": 4})
    client(daemon.address).send(*numbered_batches(0, 150_000))
    daemon.wait_written(150_000)
    wait_compressed(daemon)
    assert daemon.ledger().sink["compressed"] > 10
    assert daemon.peak_bytes() <= 25 * MIB
    assert daemon.stop() == EXIT_FINE
    Tally(Rotated(daemon.log).data(), "line").check_complete({0: 150_000})
