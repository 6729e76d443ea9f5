"""kill -9 at each step of rotating, and at any moment of writing. Whatever was written before is
there once; at most one line is torn, and it has its mark; the next start goes on."""

import pytest
from files_story import MARK, files_of, rotated, whole
from logboom_story import EXIT_FINE, PATIENCE_S, Tally, numbered_batches, numbered_json

SIZE = 16 * 1024
BEFORE = 50  # entries that the daemon has counted as written before it may be killed
BATCH = 700  # and those of one message: they fill six files

# Kills the process in front of the n-th call, of those that change files, once `armed` is there.
KILL_AT = """
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_int calls;

static void step(void)
{
    if (access(getenv("ARMED"), F_OK) == 0 && atomic_fetch_add(&calls, 1) + 1 == atoi(getenv("KILL_AT")))
        kill(getpid(), SIGKILL);
}

static int is_regular(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* openat2(2) has no function of its own. */
long syscall(long number, ...)
{
    static long (*real)(long, ...);
    long arguments[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        arguments[i] = va_arg(list, long);
    va_end(list);
    if (!real)
        real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    if (number == SYS_openat2)
        step();
    return real(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

/* Some bytes first, so that lines are torn. */
ssize_t writev(int fd, const struct iovec *vectors, int count)
{
    static ssize_t (*real)(int, const struct iovec *, int);
    if (!real)
        real = (ssize_t (*)(int, const struct iovec *, int))dlsym(RTLD_NEXT, "writev");
    if (!is_regular(fd) || vectors->iov_len < 2000)
        return real(fd, vectors, count);
    step();
    return write(fd, vectors->iov_base, 1999);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    step();
    if (getenv("NO_EXCHANGE") && flags & RENAME_EXCHANGE) {
        errno = EINVAL;
        return -1;
    }
    return syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}

int unlinkat(int folder, const char *name, int flags)
{
    step();
    return syscall(SYS_unlinkat, folder, name, flags);
}

int fdatasync(int fd)
{
    step();
    return syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    step();
    return syscall(SYS_fsync, fd);
}

int close(int fd)
{
    if (is_regular(fd))
        step();
    return syscall(SYS_close, fd);
}
"""


def without_mark(data):
    """The data less what a crash tore, and how often it did."""
    lines = data.splitlines(keepends=True)
    kept = [line for line in lines if not line.endswith(MARK)]
    return b"".join(kept), len(lines) - len(kept)


def check_after_crash(log, client, written):
    """Of this client a first part is there, at least what was counted as written; nothing twice, at
    most one line torn, and none of its entries split between two files."""
    data, torn = without_mark(whole(log))
    tally = Tally(data, "line")
    assert tally.torn == 0
    assert torn <= 1
    numbers = tally.numbers[client]
    assert numbers == list(range(len(numbers))) and len(numbers) >= written
    for path in files_of(log):
        assert path.stat().st_size <= SIZE + len(MARK), path
    assert sum(path.stat().st_size == 0 for path in rotated(log)) <= 1


def crash_and_go_on(start, client, environment, sink, folder, tmp_path, step):
    """One run; whether the daemon was killed, which ends when there is no such step."""
    armed = tmp_path / f"armed-{folder}"
    daemon = start(folder, sink=sink, env={**environment, "ARMED": str(armed), "KILL_AT": str(step)})
    one = client(daemon.address)
    one.send(*(numbered_json(0, i) for i in range(BEFORE)))
    daemon.wait_written(BEFORE)
    armed.touch()
    (batch,) = numbered_batches(0, BATCH, 1 << 20, BEFORE)
    one.send(batch)
    daemon_gone_or_done(daemon)
    written = BEFORE
    if daemon.process.poll() is None:
        written += BATCH
        daemon.process.terminate()  # there are steps in a stop, too
    status = daemon.process.wait(timeout=2 * PATIENCE_S)
    assert status in (-9, EXIT_FINE), daemon.said
    one.close()
    again = start(folder, sink=sink)
    client(again.address).send(*(numbered_json(1, i) for i in range(200)))
    again.wait_written(200)
    assert again.stop() == EXIT_FINE
    check_after_crash(again.log, 0, written)
    data, _ = without_mark(whole(again.log))
    assert Tally(data, "line").numbers[1] == list(range(200))
    return status == -9


def daemon_gone_or_done(daemon):
    """It is killed, or has written everything that was sent."""
    while daemon.process.poll() is None:
        try:
            if daemon.ledger().sink["written"] == BEFORE + BATCH:
                return
        except AssertionError:
            daemon.process.wait(timeout=PATIENCE_S)


@pytest.mark.parametrize("shard", range(4))
@pytest.mark.parametrize("way", ["synced", "no exchange"])
def test_a_kill_at_each_step_of_rotating(start, client, shim, tmp_path, way, shard):
    """The 700 entries of one message go into six files. The process is killed in front of the first
    call that changes anything on the disk, then in front of the second, and so on until one run
    comes through. Each time a new daemon goes on with the files."""
    environment = {**shim(KILL_AT), **({"NO_EXCHANGE": "1"} if way == "no exchange" else {})}
    sink = {"format": "line", "rotate": {"size": "16KiB", "keep": 1000}, "sync": "each" if way == "synced" else "none"}
    step, kills = shard + 1, 0
    while crash_and_go_on(start, client, environment, sink, f"step{step}", tmp_path, step):
        kills += 1
        step += 4
    assert kills > 15


def test_a_kill_at_any_moment_of_writing(start, numbered_client, client, tmp_path):
    """Full load; twenty times the process is killed after some more of it is written, and started
    again on the same files."""
    sink = {"format": "line", "rotate": {"size": "256KiB", "keep": 1000}}
    counted = []
    for turn in range(20):
        daemon = start(sink=sink)
        pusher = numbered_client(daemon.address, turn, 200_000, 64 * 1024)
        pusher.wait_started()
        goal = turn * 997 + 1
        look = daemon.wait_ledger(lambda seen: seen.sink["written"] >= goal)
        counted.append(look.sink["written"])
        daemon.process.kill()
        daemon.process.wait(timeout=PATIENCE_S)
        pusher.process.kill()
        pusher.process.wait(timeout=PATIENCE_S)
    daemon = start(sink=sink)
    client(daemon.address).send(*(numbered_json(99, i) for i in range(10)))
    daemon.wait_written(10)
    assert daemon.stop() == EXIT_FINE
    data, torn = without_mark(whole(daemon.log))
    tally = Tally(data, "line")
    assert tally.torn == 0 and torn <= 20
    for turn, written in enumerate(counted):
        numbers = tally.numbers[turn]
        assert numbers == list(range(len(numbers))) and len(numbers) >= written, turn
    assert tally.numbers[99] == list(range(10))
    for path in files_of(daemon.log):
        assert path.stat().st_size <= 256 * 1024 + len(MARK)
