"""All that can happen to a log file, in any order."""

import contextlib
import os
import random
import signal

import pytest
from files_story import MARK
from logboom_story import EXIT_FINE, Tally, numbered_json

# Until the file `calm` is there: short writes, full disks, marks of torn lines that do not fit,
# and file systems that refuse to rename, or to exchange names.
SHIM = r"""
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
static unsigned one_of(unsigned count)
{
    static __thread unsigned seed;
    seed = seed ? seed : SEED + (unsigned)syscall(SYS_gettid);
    return access("FOLDER/calm", F_OK) == 0 ? count : (unsigned)rand_r(&seed) % count;
}
static int is_log(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}
static int refuse(int error)
{
    errno = error;
    return -1;
}
ssize_t writev(int fd, const struct iovec *vectors, int count)
{
    unsigned fate = is_log(fd) ? one_of(8) : 8;
    if (fate == 0)
        return refuse(one_of(2) ? ENOSPC : EIO);
    if (fate < 5)
        return syscall(SYS_write, fd, vectors->iov_base, 1 + rand() % vectors->iov_len);
    return syscall(SYS_writev, fd, vectors, count);
}
ssize_t write(int fd, const void *bytes, size_t len)
{
    unsigned fate = len <= 9 && is_log(fd) ? one_of(4) : 4;
    if (fate == 0)
        return refuse(ENOSPC);
    return syscall(SYS_write, fd, bytes, fate == 1 ? (len + 1) / 2 : len);
}
int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    unsigned fate = one_of(6);
    if (fate == 0 || (fate < 3 && flags))
        return refuse(fate == 0 ? EACCES : EINVAL);
    return syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}
"""


def lines_of(path):
    """Whole lines. An unfinished one is marked, or the last of a file that was moved away."""
    *lines, rest = path.read_bytes().split(b"\n")
    assert not rest or path.name.startswith("moved"), path
    return b"".join(line + b"\n" for line in lines if not line.endswith(MARK[:-1]))


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_each_line_is_there_once(start, client, shim, tmp_path, seed):
    """While entries come, writes are short or fail, the file is moved away, with and without
    another in its place, and signals ask for it to be opened anew, many at once. Each entry is in
    one of the files, whole and once, and in each file they are in order."""
    chance = random.Random(seed)
    rotate = chance.choice([{}, {"size": "16KiB", "keep": 1000}, {"size": "64KiB", "keep": 1000}])
    daemon = start(sink={"format": "line", "rotate": rotate, "sync": chance.choice(["none", "10ms", "each"])},
                   env=shim(SHIM.replace("FOLDER", str(tmp_path)).replace("SEED", str(seed * 7919 + 1))))
    one, sent = client(daemon.address), 0
    for turn in range(60):
        count = chance.randrange(1, 60)
        one.send(*(numbered_json(0, i) for i in range(sent, sent + count)))
        sent += count
        what = chance.choice(["move", "replace", "signals", "nothing"])
        if what in ("move", "replace"):
            with contextlib.suppress(FileNotFoundError):  # a rotation without an exchange of names
                os.rename(daemon.log, tmp_path / f"moved-{turn:03}")
        if what == "replace":
            daemon.log.touch()
        if what == "signals":
            for _ in range(chance.randrange(1, 20)):
                daemon.send_signal(signal.SIGUSR1)
    (tmp_path / "calm").touch()
    daemon.wait_written(sent)
    assert daemon.stop(sent=sent) == EXIT_FINE
    numbers = []
    for path in [*tmp_path.glob("all.log*"), *tmp_path.glob("moved-*")]:
        tally = Tally(lines_of(path), "line")
        assert tally.torn == 0 and tally.numbers[0] == sorted(tally.numbers[0]), path
        numbers += tally.numbers[0]
    assert sorted(numbers) == list(range(sent))
