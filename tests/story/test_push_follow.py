"""`logboom push --follow` sends what is added to files, whatever becomes of them meanwhile."""

import os
import random
import signal

import pytest
from push_story import (  # noqa: F401
    check_numbered,
    daemon_fixture,
    ended,
    numbered_line,
    push_fixture,
    said_so_far,
)

EXIT_SIGINT = 128 + signal.SIGINT


@pytest.fixture(name="follow")
def follow_fixture(daemon, push, tmp_path):
    def start(*arguments):
        return push("--follow", *arguments, to=daemon.address, cwd=tmp_path)

    return start


def add(path, *lines, end=b"\n"):
    with path.open("ab") as out:
        out.write(b"".join(line + end for line in lines))


def check_received(daemon, *lines):
    assert [daemon.receive() for _ in lines] == list(lines)


def interrupted(client):
    client.send_signal(signal.SIGINT)
    return ended(client)


def test_what_is_there_and_what_is_added_is_sent_line_by_line(daemon, follow, tmp_path):
    log = tmp_path / "app.log"
    log.write_bytes(b"one\ntwo\nbeg")
    client = follow("app.log")
    check_received(daemon, b"one", b"two")
    add(log, b"un")
    check_received(daemon, b"begun")
    add(log, b"torn", end=b"")
    assert interrupted(client) == (EXIT_SIGINT, "")
    assert daemon.receive_rest() == []


def test_with_new_what_was_there_is_not_sent(daemon, follow, tmp_path):
    """But for a line that was only begun: it is sent when it ends, and as a whole."""
    log = tmp_path / "app.log"
    log.write_bytes(b"old\n" + b"beg" * 10_000)
    late = tmp_path / "late.log"
    client = follow("--new", "app.log", "late.log")
    said_so_far(client, "cannot open 'late.log': No such file or directory; waiting for it to appear")
    add(log, b"un", b"new")
    check_received(daemon, b"beg" * 10_000 + b"un", b"new")
    late.write_bytes(b"all of it\n")
    check_received(daemon, b"all of it")
    interrupted(client)


def test_a_file_may_appear_later_and_its_folder_as_well(daemon, follow, tmp_path):
    client = follow("folder/app.log")
    said_so_far(client, "cannot open 'folder/app.log': No such file or directory; waiting for it to appear")
    (tmp_path / "folder").mkdir()
    add(tmp_path / "folder/app.log", b"first")
    check_received(daemon, b"first")
    said_so_far(client, "'folder/app.log' is there now")
    interrupted(client)


def test_rotation_by_renaming_loses_nothing(daemon, follow, tmp_path):
    """Its writer goes on with the old file for a while, as programs do until they are told; its last
    line has no newline."""
    log, old = tmp_path / "app.log", tmp_path / "app.log.1"
    log.write_bytes(b"one\n")
    client = follow("app.log")
    check_received(daemon, b"one")
    writer = log.open("ab", buffering=0)
    log.rename(old)
    writer.write(b"two, in the old one\n")
    check_received(daemon, b"two, in the old one")
    add(log, b"three")
    check_received(daemon, b"three")
    writer.write(b"four, in the old one\nfi")
    check_received(daemon, b"four, in the old one")
    writer.write(b"ve")
    log.rename(tmp_path / "app.log.2")  # the oldest one is let go
    add(log, b"six")
    assert sorted(daemon.receive() for _ in range(2)) == [b"five", b"six"]
    assert interrupted(client) == (EXIT_SIGINT, "")


def test_a_file_that_becomes_shorter_is_read_from_its_beginning(daemon, follow, tmp_path):
    log = tmp_path / "app.log"
    log.write_bytes(b"one\ntwo\nthr")
    client = follow("app.log")
    check_received(daemon, b"one", b"two")
    os.truncate(log, 0)
    said_so_far(client, "'app.log' became shorter; reading it from its beginning")
    check_received(daemon, b"thr")
    add(log, b"four")
    check_received(daemon, b"four")
    interrupted(client)


def test_a_file_that_is_removed_and_made_again_is_followed(daemon, follow, tmp_path):
    log = tmp_path / "app.log"
    log.write_bytes(b"one\n")
    client = follow("app.log")
    check_received(daemon, b"one")
    log.unlink()
    add(log, b"two")
    check_received(daemon, b"two")
    interrupted(client)


def test_a_link_that_leads_to_another_file_is_followed(daemon, follow, tmp_path):
    (tmp_path / "a").write_bytes(b"one\n")
    (tmp_path / "b").write_bytes(b"two\n")
    (tmp_path / "app.log").symlink_to("a")
    client = follow("app.log")
    check_received(daemon, b"one")
    (tmp_path / "next").symlink_to("b")
    (tmp_path / "next").rename(tmp_path / "app.log")
    check_received(daemon, b"two")
    add(tmp_path / "b", b"three")
    check_received(daemon, b"three")
    interrupted(client)


def test_folders_and_fifos_are_no_files_to_follow(daemon, follow, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    client = follow("fifo", "app.log")
    said_so_far(client, "cannot open 'fifo': it is no ordinary file; trying again every second")
    add(tmp_path / "app.log", b"one")
    check_received(daemon, b"one")
    interrupted(client)


class GrowingLog:
    """A file to which numbered lines are written in pieces, and which is rotated between two lines."""

    def __init__(self, path):
        self.path = path
        self.out = path.open("ab", buffering=0)
        self.left = b"".join(b"%s " % path.name.encode() + numbered_line(i, 300) + b"\n" for i in range(400))
        self.received = []
        self.received_at_rotation = 0

    def write(self, length):
        self.out.write(self.left[:length])
        self.left = self.left[length:]

    def rotate(self):
        """Only once something came from this file: one that comes and goes unseen is seen by nobody."""
        if len(self.received) <= self.received_at_rotation or not self.left:
            return
        self.write(self.left.index(b"\n") + 1)
        self.received_at_rotation = 400 - self.left.count(b"\n")
        self.out.close()
        self.path.rename(f"{self.path}.1")
        self.out = self.path.open("ab", buffering=0)


@pytest.mark.parametrize("batch", [[], ["--batch"]], ids=["lines", "batch"])
def test_many_files_that_are_written_and_rotated_at_random(daemon, follow, tmp_path, batch):
    """Pieces of lines go to eight files in random order, with a fixed seed; each line arrives once, and those
    of a file in order."""
    chance = random.Random(8)
    logs = {f"{number}.log": GrowingLog(tmp_path / f"{number}.log") for number in range(8)}
    client = follow(*batch, *logs)
    while any(len(log.received) < 400 for log in logs.values()):
        for log in chance.choices(list(logs.values()), k=40):
            log.write(chance.randrange(2000))
        chance.choice(list(logs.values())).rotate()
        while daemon.socket.poll(0 if any(log.left for log in logs.values()) else 10_000):
            for line in daemon.receive().split(b"\n"):
                name, _, rest = line.partition(b" ")
                logs[name.decode()].received.append(rest)
            if all(len(log.received) == 400 for log in logs.values()):
                break
        else:
            assert any(log.left for log in logs.values()), {n: len(log.received) for n, log in logs.items()}
    for log in logs.values():
        check_numbered(log.received, 400, 300)
        log.out.close()
    interrupted(client)
