"""The disk hangs: system calls on it do not come back. A stop does not wait for them."""

import re
import signal
import time

from logboom_story import EXIT_LOSSES, PATIENCE_S, numbered_json

SLACK_S = PATIENCE_S / 10

HANGS = {
    "fsync": "#include <unistd.h>\nint fsync(int fd) { (void)fd; for (;;) pause(); }",
    "writev": """
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
ssize_t writev(int fd, const struct iovec *vectors, int count)
{
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        for (;;) pause();
    return syscall(SYS_writev, fd, vectors, count);
}
""",
}


def test_an_fsync_that_hangs_is_left_behind(start, client, shim):
    """All entries are written; then the fsync of the stop does not come back. At drain_timeout
    the daemon leaves without it. Nobody knows whether the entries are on the disk, so the log
    names the sink and the status is 75."""
    daemon = start(drain_timeout="1s", env=shim(HANGS["fsync"]))
    one = client(daemon.address)
    one.send(*(numbered_json(0, i) for i in range(10)))
    daemon.wait_written(10)
    began = time.monotonic()
    daemon.send_signal(signal.SIGTERM)
    assert daemon.process.wait(timeout=PATIENCE_S) == EXIT_LOSSES, daemon.said
    assert time.monotonic() - began < 1 + SLACK_S
    assert re.search(r"^(error|warning): sink all: .*", daemon.said, re.M), daemon.said
    assert re.search(r"ledger: sink all: offered=10 written=10 ", daemon.said)
    assert len(daemon.lines()) == 10


def test_a_write_that_hangs_is_left_behind(start, client, shim):
    """A write does not come back. At drain_timeout the daemon leaves without it, names the sink,
    and the entries count as lost."""
    daemon = start(drain_timeout="1s", env=shim(HANGS["writev"]))
    one = client(daemon.address)
    one.send(*(numbered_json(0, i) for i in range(10)))
    daemon.wait_ledger(lambda look: look.endpoint["received"] == 10)
    began = time.monotonic()
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait_exit(sent=10) == EXIT_LOSSES
    assert time.monotonic() - began < 1 + SLACK_S
    assert daemon.final.lost == 10
    assert re.search(r"^(error|warning): sink all: .*", daemon.said, re.M), daemon.said


def test_a_notice_whose_write_hangs_is_left_behind(start, client, shim, tmp_path):
    """Entries were dropped while the disk was slow, all others are written, and the write of the
    notice alone does not come back. The stop leaves without it: no entry is lost, but the file
    was never synced, so the status is 75."""
    source = f"""
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
ssize_t writev(int fd, const struct iovec *vectors, int count)
{{
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {{
        while (access("{tmp_path}/go", F_OK) < 0)
            usleep(1000);
        if (memcmp(vectors->iov_base, "--- ", 4) == 0)
            for (;;) pause();
    }}
    return syscall(SYS_writev, fd, vectors, count);
}}
"""
    daemon = start(drain_timeout="1s", env=shim(source), memory={"cap": "32MiB"}, endpoint={"max_entry": "4KiB"},
                   sink={"format": "line", "queue": "384KiB", "when_full": "drop_newest"})
    one = client(daemon.address)
    one.send(*(numbered_json(0, i) for i in range(20_000)))
    full = daemon.wait_ledger(lambda look: look.received == 20_000).sink
    assert full["dropped"] > 0
    (tmp_path / "go").touch()
    daemon.wait_written(20_000 - full["dropped"])
    daemon.send_signal(signal.SIGTERM)
    assert daemon.process.wait(timeout=PATIENCE_S) == EXIT_LOSSES, daemon.said
    assert "does not return from a write or a sync; leaving without it" in daemon.said
    assert re.search(rf"ledger: sink all: .* dropped={full['dropped']}{{full=", daemon.said)
    assert len(daemon.lines()) == 20_000 - full["dropped"]


def test_a_full_sink_on_a_disk_that_hangs_is_not_called_unread(start, client, shim):
    """The stall is told, and a file has no reader that could be to blame."""
    daemon = start(drain_timeout="500ms", env=shim(HANGS["writev"]), memory={"cap": "32MiB"},
                   endpoint={"max_entry": "4KiB"}, sink={"queue": "384KiB"})
    one = client(daemon.address, sndhwm=10, sndbuf=65536)
    one.send_until_blocked(numbered_json(0, i) for i in range(1_000_000))
    daemon.wait_said("sink all: full for 1.")
    assert "reader" not in daemon.said
    assert daemon.stop() == EXIT_LOSSES
