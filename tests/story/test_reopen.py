"""Others move, delete and cut the log while it is written: logrotate, and people."""

import os
import shutil
import signal
import subprocess

import pytest
from files_story import MARK
from logboom_story import EXIT_FINE, PATIENCE_S, Tally, numbered_json

LOGROTATE = shutil.which("logrotate", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
needs_logrotate = pytest.mark.skipif(not LOGROTATE, reason="there is no logrotate here")


def send(one, first, count):
    one.send(*(numbered_json(0, i) for i in range(first, first + count)))


class Logrotate:
    """logrotate itself, on a configuration of its own."""

    def __init__(self, folder, log, options):
        self.config, self.state = folder / "logrotate.conf", folder / "logrotate.state"
        self.config.write_text(f"{log} {{\n  rotate 50\n  {options}\n}}\n")
        self.config.chmod(0o600)
        self.log = log

    def run(self):
        told = subprocess.run([LOGROTATE, "-f", "-s", self.state, self.config], text=True,
                              capture_output=True, timeout=PATIENCE_S)
        assert told.returncode == 0, told.stderr

    def everything(self):
        """Oldest first: all.log.3, all.log.2, all.log.1, all.log."""
        old = sorted(self.log.parent.glob(self.log.name + ".[0-9]*"),
                     key=lambda path: -int(path.name.rsplit(".", 1)[1]))
        files = [*old, self.log]
        for file in files:
            assert file.read_bytes()[-1:] in (b"\n", b""), file
        return files


@needs_logrotate
@pytest.mark.parametrize("options", ["create 0640", "nocreate"])
def test_logrotate_needs_no_signal(start, client, tmp_path, options):
    """It renames the file, and makes a new one or none, while entries come. No signal is sent. All
    files together hold every entry once, in order."""
    daemon = start(sink={"format": "line"})
    rotator = Logrotate(tmp_path, daemon.log, options)
    one = client(daemon.address)
    for turn in range(8):
        send(one, turn * 4000, 4000)
        rotator.run()
    send(one, 32_000, 100)
    daemon.wait_written(32_100)
    assert daemon.stop(sent=32_100) == EXIT_FINE
    files = rotator.everything()
    assert len(files) > 2
    Tally(b"".join(file.read_bytes() for file in files), "line").check_complete({0: 32_100})
    assert "warning" not in daemon.said


@needs_logrotate
def test_logrotate_with_copytruncate_goes_on_from_the_begin(start, client, tmp_path):
    """What is written between its copy and its truncation is lost with any writer; so here nothing
    comes then. The file begins again, without a hole, and nothing else is lost."""
    daemon = start(sink={"format": "line", "rotate": {"size": "1MiB"}})
    rotator = Logrotate(tmp_path, daemon.log, "copytruncate")
    one = client(daemon.address)
    for turn in range(6):
        send(one, turn * 500, 500)
        daemon.wait_written((turn + 1) * 500)
        rotator.run()
        assert daemon.log.stat().st_size == 0
    send(one, 3000, 10)
    daemon.wait_written(3010)
    assert daemon.stop(sent=3010) == EXIT_FINE
    files = rotator.everything()
    assert [Tally(file.read_bytes(), "line").total for file in files] == [500] * 6 + [10]
    Tally(b"".join(file.read_bytes() for file in files), "line").check_complete({0: 3010})
    assert list(tmp_path.glob("all.log@*")) == []


def test_a_deleted_file_comes_again(start, client, tmp_path):
    """What was in it is gone, and nothing of what comes after."""
    daemon = start(sink={"format": "line"})
    one = client(daemon.address)
    for turn in range(5):
        send(one, turn * 100, 100)
        daemon.wait_written((turn + 1) * 100)
        tally = Tally(daemon.log.read_bytes(), "line")
        assert tally.torn == 0 and tally.numbers[0] == list(range(turn * 100, (turn + 1) * 100))
        daemon.log.unlink()
    send(one, 500, 1)
    daemon.wait_written(501)
    assert Tally(daemon.log.read_bytes(), "line").numbers[0] == [500]
    assert daemon.stop(sent=501) == EXIT_FINE
    assert daemon.said.count("was moved or deleted; opened anew") == 5


def test_a_folder_that_is_moved_comes_again(start, client, tmp_path):
    """Somebody moves the whole folder away, or deletes it."""
    log = tmp_path / "logs/all.log"
    daemon = start(sinks=[{"name": "all", "type": "file", "path": str(log), "format": "line"}])
    one = client(daemon.address)
    send(one, 0, 100)
    daemon.wait_written(100)
    os.rename(tmp_path / "logs", tmp_path / "old")
    send(one, 100, 100)
    daemon.wait_written(200)
    old = (tmp_path / "old/all.log").read_bytes()
    Tally(old + log.read_bytes(), "line").check_complete({0: 200})
    assert Tally(old, "line").total == 100
    shutil.rmtree(tmp_path / "logs")
    send(one, 200, 100)
    daemon.wait_written(300)
    assert Tally(log.read_bytes(), "line").numbers[0] == list(range(200, 300))
    assert daemon.stop(sent=300) == EXIT_FINE


def test_a_file_that_moves_again_and_again_under_load(start, client, tmp_path):
    """Renamed a hundred times while entries come as fast as they can."""
    daemon = start(sink={"format": "line"})
    one = client(daemon.address)
    moved = []
    for turn in range(100):
        send(one, turn * 200, 200)
        if daemon.log.exists():
            moved.append(tmp_path / f"moved-{turn:03}")
            os.rename(daemon.log, moved[-1])
    daemon.wait_written(20_000)
    assert daemon.stop(sent=20_000) == EXIT_FINE
    assert len(moved) > 3
    Tally(b"".join(file.read_bytes() for file in [*moved, daemon.log] if file.exists()),
          "line").check_complete({0: 20_000})


def test_an_idle_sink_opens_anew_when_it_is_told(start, tmp_path):
    """No entry comes, so only the signal makes it look."""
    daemon = start()
    os.rename(daemon.log, tmp_path / "old")
    daemon.send_signal(signal.SIGUSR1)
    daemon.wait(daemon.log.exists, "a new file")
    daemon.wait_said("sink all: reopened")
    fds = [os.readlink(f"/proc/{daemon.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{daemon.pid}/fd")]
    assert str(daemon.log) in fds and str(tmp_path / "old") not in fds
    assert daemon.stop() == EXIT_FINE


@pytest.mark.parametrize("trap", ["symlink", "hard link", "folder", "fifo"])
def test_a_trap_at_the_path_is_not_stepped_into(start, client, tmp_path, trap):
    """Somebody who may write to the folder puts something in the log's place while it is open: a
    link to a precious file, or what is no file. The daemon says so once, touches nothing there,
    goes on with the file that it has, and takes the path again when the trap is gone."""
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    daemon = start(sink={"format": "line"})
    one = client(daemon.address)
    send(one, 0, 100)
    daemon.wait_written(100)
    os.rename(daemon.log, tmp_path / "old")
    {"symlink": lambda: daemon.log.symlink_to(precious),
     "hard link": lambda: os.link(precious, daemon.log),
     "folder": daemon.log.mkdir, "fifo": lambda: os.mkfifo(daemon.log)}[trap]()
    for i in range(100, 200, 10):
        send(one, i, 10)
        daemon.wait_written(i + 10)
    assert precious.read_bytes() == b"precious"
    assert daemon.said.count("still writing to the same file, retrying") == 1
    daemon.log.rmdir() if trap == "folder" else daemon.log.unlink()
    daemon.send_signal(signal.SIGUSR1)
    daemon.wait(daemon.log.exists, "a new file")
    send(one, 200, 100)
    daemon.wait_written(300)
    assert daemon.stop(sent=300) == EXIT_FINE
    assert Tally((tmp_path / "old").read_bytes(), "line").total == 200
    Tally((tmp_path / "old").read_bytes() + daemon.log.read_bytes(), "line").check_complete({0: 300})


def test_a_folder_that_is_lost_twice_is_told_twice(start, client, tmp_path):
    """The log's folder is behind a link, which leads nowhere for a while, and later again. Entries
    go on into the open file, and each trouble and each end of one is told once."""
    (tmp_path / "real").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("real")
    log = tmp_path / "link/all.log"
    daemon = start(sinks=[{"name": "all", "type": "file", "path": str(log), "format": "line"}])
    one = client(daemon.address)
    for turn in range(2):
        for target in ("file/nowhere", "real"):
            (tmp_path / "new").symlink_to(target)
            os.rename(tmp_path / "new", tmp_path / "link")
            for i in range(3):
                first = daemon.ledger().sink["offered"]
                send(one, first, 1)
                daemon.wait_written(first + 1)
        assert daemon.said.count("still writing to the same file, retrying") == turn + 1
        daemon.wait_said("is the file that is open again", turn + 1)
    assert daemon.stop(sent=12) == EXIT_FINE
    Tally(log.read_bytes(), "line").check_complete({0: 12})


@pytest.mark.parametrize("told", [False, True], ids=["unasked", "SIGUSR1"])
def test_nothing_is_written_to_a_deleted_file(start, client, tmp_path, told):
    """The folder is deleted, and cannot be made again. What was written to the file now would be
    lost, so the sink is down, says so and nothing else, and keeps what comes. When the folder may
    be made, all of that is in it."""
    log = tmp_path / "logs/all.log"
    daemon = start(sinks=[{"name": "all", "type": "file", "path": str(log), "format": "line"}])
    one = client(daemon.address)
    send(one, 0, 100)
    daemon.wait_written(100)
    shutil.rmtree(tmp_path / "logs")
    (tmp_path / "logs").touch()
    if told:
        daemon.send_signal(signal.SIGUSR1)
        daemon.wait_said("entries are waiting, retrying")
    send(one, 100, 100)
    daemon.wait_ledger(lambda ledger: ledger.sink["offered"] == 200)
    daemon.wait_said("entries are waiting, retrying")
    assert daemon.ledger().sink["written"] == 100
    assert "cannot open the folder" in daemon.said
    assert "still writing" not in daemon.said and "reopened" not in daemon.said
    (tmp_path / "logs").unlink()
    daemon.wait_written(200)
    assert Tally(log.read_bytes(), "line").numbers[0] == list(range(100, 200))
    daemon.wait_said("sink all: writing again after")
    assert daemon.stop(sent=200) == EXIT_FINE


def test_a_line_that_was_cut_is_whole_in_the_next_file(start, client, shim, tmp_path):
    """A write takes a part of a line, and the next says that the disk is full. Then the file is
    moved away: there the part is marked, and the new file begins with the whole line."""
    source = f"""
#include <errno.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
ssize_t writev(int fd, const struct iovec *vectors, int count)
{{
    static int full;
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || access("{tmp_path}/room", F_OK) == 0)
        return syscall(SYS_writev, fd, vectors, count);
    if (full++) {{
        errno = ENOSPC;
        return -1;
    }}
    return write(fd, vectors->iov_base, vectors->iov_len / 2 + 7);
}}
"""
    daemon = start(sink={"format": "line"}, env=shim(source))
    client(daemon.address).send(b"\n".join(numbered_json(0, i) for i in range(100)))
    daemon.wait_said("No space left on device")
    os.rename(daemon.log, tmp_path / "old")
    (tmp_path / "room").touch()
    daemon.wait_written(100)
    assert daemon.stop(sent=100) == EXIT_FINE
    old = (tmp_path / "old").read_bytes()
    assert old.endswith(MARK) and old.count(MARK) == 1
    kept = old[: old[:-1].rindex(b"\n") + 1]
    Tally(kept + daemon.log.read_bytes(), "line").check_complete({0: 100})
    assert daemon.said.count("sink all: writing again after") == 1
