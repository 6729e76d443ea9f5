"""logboomd puts files away by itself: by size, by time; no line is split, lost or repeated."""

import os
import re
import subprocess
import time

import pytest
from files_story import check_complete, files_of, rotated, whole
from logboom_story import (
    EXIT_FINE,
    PATIENCE_S,
    Tally,
    end_process,
    numbered_batches,
    numbered_json,
)

SIZE = 16 * 1024
NO_EXCHANGE = """
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    if (flags & RENAME_EXCHANGE) {
        errno = EINVAL;
        return -1;
    }
    return syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}
"""


@pytest.fixture
def tail():
    """`tail -F` on a file, from its begin: what it prints."""
    started = []

    def start_tail(path, output):
        with output.open("wb") as out:
            started.append(subprocess.Popen(["tail", "-n", "+1", "-F", path], stdout=out,
                                            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return started[-1]

    yield start_tail
    for process in started:
        end_process(process)


def test_by_size_each_line_is_in_one_file_once(start, client):
    """100,000 entries, 14 MB, into files of 256 KiB while they come as fast as they can."""
    limit = 256 * 1024
    daemon = start(sink={"format": "line", "rotate": {"size": "256KiB", "keep": 1000}})
    one = client(daemon.address)
    one.send(*numbered_batches(0, 100_000))
    daemon.wait_written(100_000)
    check_complete(daemon.log, {0: 100_000}, limit)
    assert len(rotated(daemon.log)) == pytest.approx(len(whole(daemon.log)) / limit, rel=0.1)
    assert daemon.stop(sent=100_000) == EXIT_FINE
    assert daemon.final.sink["bytes"] == len(whole(daemon.log))
    assert "warning" not in daemon.said


def test_names_sort_in_the_order_of_what_is_in_them(start, client):
    daemon = start(sink={"format": "line", "rotate": {"size": "16KiB", "keep": 1000}})
    client(daemon.address).send(*numbered_batches(0, 2000))
    daemon.wait_written(2000)
    first = [Tally(path.read_bytes(), "line").numbers[0][0] for path in files_of(daemon.log)]
    assert first == sorted(first) and len(set(first)) == len(first) > 10
    assert daemon.stop() == EXIT_FINE


@pytest.mark.parametrize("way", ["exchange", "no exchange"])
def test_tail_shows_every_line_once(start, client, shim, tail, tmp_path, way):
    """`tail -F` follows from file to file. It looks at the name, so a file that comes and goes
    between two looks it never sees; here it has its time: a part of a file, then it catches up."""
    daemon = start(sink={"format": "line", "rotate": {"size": "16KiB", "keep": 1000}},
                   env=shim(NO_EXCHANGE) if way == "no exchange" else None)
    one = client(daemon.address)
    output = tmp_path / "tailed"
    tail(daemon.log, output)
    for first in range(0, 3000, 75):
        one.send(*(numbered_json(0, i) for i in range(first, first + 75)))
        daemon.wait(lambda: output.read_bytes().count(b"\n") >= first + 75,
                    lambda: f"{first + 75} lines from tail, has {output.read_bytes().count(10)}")
    assert len(rotated(daemon.log)) > 15
    assert daemon.stop() == EXIT_FINE
    Tally(output.read_bytes(), "line").check_complete({0: 3000})
    check_complete(daemon.log, {0: 3000}, SIZE)


def test_a_restart_goes_on_with_the_file_that_is_there(start, client):
    """Three daemons, one after the other; what is there counts for the size."""
    for turn in range(3):
        daemon = start(sink={"format": "line", "rotate": {"size": "64KiB", "keep": 1000}})
        client(daemon.address).send(*(numbered_json(turn, i) for i in range(700)))
        daemon.wait_written(700)
        assert daemon.stop(sent=700) == EXIT_FINE
    check_complete(daemon.log, {turn: 700 for turn in range(3)}, 64 * 1024)
    assert len(rotated(daemon.log)) == len(whole(daemon.log)) // (64 * 1024)


def test_entries_of_several_lines_stay_together(start, client):
    """With `newlines: indent` an entry has many lines; it is not cut at any of them."""
    daemon = start(sink={"format": "line", "newlines": "indent", "rotate": {"size": "16KiB", "keep": 1000}})
    one = client(daemon.address)
    text = r"\n".join(f"inner line {i}" for i in range(30))
    one.send(*(b'{"level":"info","message":"entry %d of\\n%s"}' % (i, text.encode()) for i in range(200)))
    daemon.wait_written(200)
    assert daemon.stop() == EXIT_FINE
    assert len(rotated(daemon.log)) > 3
    for path in files_of(daemon.log):
        lines = path.read_bytes().split(b"\n")
        assert b" of" in lines[0] and lines[-2].endswith(b"inner line 29")
    assert [int(n) for n in re.findall(rb"entry (\d+) of", whole(daemon.log))] == list(range(200))


def test_an_entry_longer_than_a_file_has_one_of_its_own(start, client):
    daemon = start(sink={"format": "raw", "rotate": {"size": "16KiB", "keep": 1000}})
    lengths = [100, 40_000, 100, 16_383, 16_384, 100]
    client(daemon.address).send(*(bytes([65 + i]) * length for i, length in enumerate(lengths)))
    daemon.wait_written(len(lengths))
    assert daemon.stop() == EXIT_FINE
    assert [[len(line) for line in path.read_bytes().split(b"\n")[:-1]]
            for path in files_of(daemon.log)] == [[100], [40_000], [100], [16_383], [16_384], [100]]


# ---- by time --------------------------------------------------------------------------------


def test_a_file_of_yesterday_is_put_away_at_the_start(start, client, tmp_path):
    """The daemon was stopped over midnight."""
    log = tmp_path / "all.log"
    log.write_bytes(b"yesterday\n")
    os.utime(log, (time.time() - 86400,) * 2)
    daemon = start(sink={"format": "line", "rotate": {"every": "1d"}})
    client(daemon.address).send(numbered_json(0, 0))
    daemon.wait_written(1)
    assert daemon.stop() == EXIT_FINE
    (old,) = rotated(log)
    assert old.read_bytes() == b"yesterday\n"
    Tally(log.read_bytes(), "line").check_complete({0: 1})


def test_a_file_of_today_is_not(start, tmp_path):
    log = tmp_path / "all.log"
    log.write_bytes(b"today\n")
    daemon = start(sink={"rotate": {"every": "daily"}})
    assert daemon.stop() == EXIT_FINE
    assert log.read_bytes() == b"today\n" and rotated(log) == []


FAST_CLOCK = """
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
/* The time of day begins 2 s before midnight UTC; every other clock is as it is. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
    static long begin;
    long result = syscall(SYS_clock_gettime, clock, now);
    if (clock != CLOCK_REALTIME)
        return result;
    if (begin == 0)
        begin = now->tv_sec;
    now->tv_sec += 86400 * 2 - begin % 86400 - 2;
    return result;
}
"""


def test_a_quiet_file_is_put_away_at_midnight(start, client, shim):
    """Entries come before midnight, then none; the file is put away all the same. What comes then
    is in the new one."""
    daemon = start(sink={"format": "line", "rotate": {"every": "daily"}}, env=shim(FAST_CLOCK))
    one = client(daemon.address)
    one.send(numbered_json(0, 0))
    daemon.wait_written(1)
    (old,) = daemon.wait(lambda: rotated(daemon.log), "the file put away")
    assert "T000000." in old.name
    one.send(numbered_json(0, 1))
    daemon.wait_written(2)
    assert daemon.stop() == EXIT_FINE
    Tally(old.read_bytes(), "line").check_complete({0: 1})
    assert Tally(daemon.log.read_bytes(), "line").numbers == {0: [1]}


# ---- what goes wrong --------------------------------------------------------------------------


def test_without_an_exchange_of_names_it_works_too(start, client, shim):
    """An old file system: renamed, then made."""
    daemon = start(sink={"format": "line", "rotate": {"size": "16KiB", "keep": 1000}}, env=shim(NO_EXCHANGE))
    client(daemon.address).send(*numbered_batches(0, 5000))
    daemon.wait_written(5000)
    assert daemon.stop(sent=5000) == EXIT_FINE
    check_complete(daemon.log, {0: 5000}, SIZE)
    assert len(rotated(daemon.log)) > 30


def test_a_file_that_cannot_be_put_away_is_written_on(start, client, tmp_path):
    """Somebody has made a rotated file with the last time that there is, so that none can come after
    it. That is said once, and no entry is lost."""
    (tmp_path / "all.log@99991231T235959.999999Z").write_bytes(b"the end\n")
    daemon = start(sink={"format": "line", "rotate": {"size": "16KiB", "keep": 1000}})
    client(daemon.address).send(*numbered_batches(0, 5000))
    daemon.wait_written(5000)
    assert daemon.said.count("cannot rotate '") == 1
    assert "still writing to the same file, retrying" in daemon.said
    assert daemon.stop(sent=5000) == EXIT_FINE
    Tally(daemon.log.read_bytes(), "line").check_complete({0: 5000})


def test_new_files_get_mode_owner_and_group(start, client):
    """The first and those after it."""
    if os.geteuid() != 0:
        pytest.skip("giving files away needs root")
    daemon = start(sink={"format": "line", "rotate": {"size": "16KiB", "keep": 1000}, "mode": "0604",
                         "owner": "nobody", "group": "nogroup"})
    client(daemon.address).send(*numbered_batches(0, 1000))
    daemon.wait_written(1000)
    assert daemon.stop() == EXIT_FINE
    assert len(files_of(daemon.log)) > 5
    for path in files_of(daemon.log):
        it = path.stat()
        assert (it.st_uid, it.st_mode & 0o777) == (65534, 0o604), path
        assert path.group() == "nogroup"


def test_a_redirected_stdout_is_not_rotated(start, client, tmp_path):
    """It has no name."""
    with (tmp_path / "out").open("wb") as out:
        daemon = start(sinks=[{"name": "all", "type": "stdout", "format": "line"}], stdout=out)
    client(daemon.address).send(*numbered_batches(0, 1000))
    daemon.wait_written(1000)
    assert daemon.stop() == EXIT_FINE
    Tally((tmp_path / "out").read_bytes(), "line").check_complete({0: 1000})


# ---- on the disk -------------------------------------------------------------------------------


def counting_syncs(tmp_path, error=""):
    return f"""
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>
int fdatasync(int fd)
{{
    int log = open("{tmp_path}/syncs", O_WRONLY | O_CREAT | O_APPEND, 0600);
    write(log, ".", 1);
    close(log);
    {error}
    return syscall(SYS_fdatasync, fd);
}}
"""


def syncs(tmp_path):
    path = tmp_path / "syncs"
    return path.stat().st_size if path.exists() else 0


def test_sync_each_syncs_before_an_entry_counts_as_written(start, client, shim, tmp_path):
    daemon = start(sink={"format": "line", "sync": "each"}, env=shim(counting_syncs(tmp_path)))
    one = client(daemon.address)
    for i in range(20):
        one.send(numbered_json(0, i))
        daemon.wait_written(i + 1)
        assert syncs(tmp_path) >= i + 1
    assert daemon.stop() == EXIT_FINE
    Tally(daemon.log.read_bytes(), "line").check_complete({0: 20})


def test_sync_after_a_time_comes_without_another_entry(start, client, shim, tmp_path):
    daemon = start(sink={"format": "line", "sync": "20ms"}, env=shim(counting_syncs(tmp_path)))
    one = client(daemon.address)
    for i in range(3):
        before = syncs(tmp_path)
        one.send(numbered_json(0, i))
        daemon.wait(lambda: syncs(tmp_path) > before, "a sync")
    assert daemon.stop() == EXIT_FINE


def test_without_sync_there_is_none_before_the_stop(start, client, shim, tmp_path):
    daemon = start(sink={"format": "line", "rotate": {"size": "16KiB", "keep": 1000}}, env=shim(counting_syncs(tmp_path)))
    client(daemon.address).send(*numbered_batches(0, 1000))
    daemon.wait_written(1000)
    assert syncs(tmp_path) == 0
    assert daemon.stop() == EXIT_FINE


def test_a_sync_that_fails_is_told_once_and_admitted(start, client, shim, tmp_path):
    """The disk says EIO to each sync, though it takes all that is written."""
    daemon = start(sink={"format": "line", "sync": "each"},
                   env=shim(counting_syncs(tmp_path, "errno = EIO; return -1;")))
    one = client(daemon.address)
    for i in range(5):
        one.send(numbered_json(0, i))
        daemon.wait_written(i + 1)
    daemon.process.terminate()
    assert daemon.process.wait(timeout=2 * PATIENCE_S) == 75
    assert daemon.said.count("cannot sync '") == 1
    Tally(daemon.log.read_bytes(), "line").check_complete({0: 5})
