"""The disk fills up, then has room again."""

import os
import re
import subprocess
import time

import pytest
from files_story import rotated
from logboom_story import (
    EXIT_FINE,
    EXIT_LOSSES,
    Output,
    Tally,
    numbered_json,
    wait_until,
)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 128 KiB below the test's folder."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=128k", "logboom-test", place]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting a small tmpfs needs root")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_is_told_once_and_loses_nothing(start, client, small_disk):
    """A ballast file leaves 60 KiB; the daemon has 100 KiB of entries. The last line that
    fits is torn, and the sink says once that there is no space. When the ballast is deleted it
    goes on in the middle of that very line, says so once, and the file is complete."""
    (small_disk / "ballast").write_bytes(b"x" * 68 * 1024)
    log = small_disk / "small.log"
    daemon = start(sinks=[{"name": "all", "type": "file", "path": str(log), "format": "line"}])
    one = client(daemon.address)
    one.send(*(numbered_json(0, i) for i in range(500)))
    daemon.wait_said("No space left on device")
    assert re.search(r"warning: sink all: cannot write to '.*/small\.log': No space left on device; "
                     r"\d+ entries are waiting, retrying\n", daemon.said)
    full = daemon.wait_ledger(lambda look: look.endpoint["received"] == 500 and
                              look.sink["written"] > 0)
    assert full.sink["queued"] > 0
    assert not log.read_bytes().endswith(b"\n"), "the disk ended in the middle of a line"
    one.send(*(numbered_json(0, i) for i in range(500, 600)))
    daemon.wait_ledger(lambda look: look.endpoint["received"] == 600)
    (small_disk / "ballast").unlink()
    daemon.wait_written(600)
    Tally(log.read_bytes(), "line").check_complete({0: 600})
    assert daemon.said.count("No space left on device") == 1
    assert daemon.said.count("sink all: writing again after") == 1
    waited = 600 - full.sink["written"]
    assert f"; {waited} entries have waited, 0 were dropped\n" in daemon.said
    assert daemon.stop() == EXIT_FINE


def test_what_was_dropped_meanwhile_is_told_with_the_end(start, client, small_disk):
    """The queue of a sink that drops fills up behind the full disk. When there is room, the log
    tells how many entries have waited and how many were dropped: what the ledger and the notice
    in the file say too."""
    (small_disk / "ballast").write_bytes(b"x" * 68 * 1024)
    log = small_disk / "small.log"
    daemon = start(memory={"cap": "32MiB"}, endpoint={"max_entry": "4KiB"},
                   sinks=[{"name": "all", "type": "file", "path": str(log), "format": "line",
                           "queue": "384KiB", "when_full": "drop_newest"}])
    one = client(daemon.address)
    one.send(*(numbered_json(0, i) for i in range(600)))
    daemon.wait_said("No space left on device")
    one.send(*(numbered_json(0, i) for i in range(600, 6000)))
    full = daemon.wait_ledger(lambda look: look.received == 6000).sink
    assert full["dropped"] > 0 and full["queued"] > 0
    subprocess.run(["mount", "-o", "remount,size=4m", small_disk], check=True)
    daemon.wait_written(6000 - full["dropped"])
    assert re.search(rf"writing again after \d+\.\d s; {full['queued']} entries have waited, "
                     rf"{full['dropped']} were dropped\n", daemon.said), daemon.said
    assert daemon.stop() == EXIT_FINE
    Output(log.read_bytes(), "line").check_nothing_untold({0: 6000}, daemon.final.sink)


def test_a_full_log_may_be_deleted_to_make_room(start, client, small_disk):
    """Somebody deletes the very file that fills the disk, while the daemon has it open: it lets go
    of it, begins a new one, and no entry is lost but those that were in the file."""
    (small_disk / "ballast").write_bytes(b"x" * 60 * 1024)
    log = small_disk / "small.log"
    daemon = start(sinks=[{"name": "all", "type": "file", "path": str(log), "format": "line"}])
    client(daemon.address).send(*(numbered_json(0, i) for i in range(600)))
    full = daemon.wait_ledger(lambda look: look.received == 600 and look.sink["queued"] > 0).sink
    daemon.wait_said("No space left on device")
    gone = Tally(log.read_bytes()[: log.read_bytes().rindex(b"\n") + 1], "line")
    assert gone.numbers[0] == list(range(full["written"]))
    log.unlink()
    daemon.wait_written(600)
    assert daemon.stop(sent=600) == EXIT_FINE
    assert Tally(log.read_bytes(), "line").numbers[0] == list(range(full["written"], 600))


def test_rotated_files_may_be_deleted_to_make_room(start, client, small_disk):
    """The disk fills up while files are put away. Whoever deletes old ones makes room."""
    log = small_disk / "small.log"
    daemon = start(sinks=[{"name": "all", "type": "file", "path": str(log), "format": "line",
                           "rotate": {"size": "16KiB"}}])
    client(daemon.address).send(*(numbered_json(0, i) for i in range(3000)))
    kept = {}

    def make_room():
        for path in rotated(log):
            kept[path.name] = path.read_bytes()
            path.unlink()
        return daemon.ledger().sink["written"] == 3000

    daemon.wait_said("No space left on device")
    daemon.wait(make_room, "all entries")
    assert daemon.stop(sent=3000) == EXIT_FINE
    kept.update((path.name, path.read_bytes()) for path in rotated(log))
    data = [kept[name] for name in sorted(kept)] + [log.read_bytes()]
    assert all(len(one) <= 16 * 1024 for one in data)
    Tally(b"".join(data), "line").check_complete({0: 3000})


def test_below_min_free_a_sink_waits(start, client, small_disk):
    """The file system has 128 KiB, of which the sink leaves 64: before it is full, the sink is down
    and says why. With room it goes on; nothing is torn or lost."""
    log = small_disk / "small.log"
    daemon = start(sinks=[{"name": "all", "type": "file", "path": str(log), "format": "line",
                           "min_free": "64KiB"}])
    one = client(daemon.address)
    for i in range(100):
        one.send(numbered_json(0, i))
    daemon.wait_written(100)
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 60 * 1024)
    down = re.compile(r"warning: sink all: the file system has \d+KiB left, less than min_free, 64KiB; "
                      r"\d+ entries are waiting, retrying\n")
    sent = 100

    def is_down():
        nonlocal sent
        one.send(numbered_json(0, sent))
        sent += 1
        return down.search(daemon.said)

    daemon.wait(is_down, "the sink down")
    assert os.statvfs(small_disk).f_bavail > 0
    ballast.unlink()
    daemon.wait_written(sent)
    daemon.wait_said("writing again after")
    assert len(down.findall(daemon.said)) == 1
    assert daemon.stop(sent=sent) == EXIT_FINE
    Tally(log.read_bytes(), "line").check_complete({0: sent})


@pytest.mark.parametrize("left", [0, 3, 8])
def test_a_disk_that_is_full_at_the_start_keeps_nobody_from_starting(
    start, client, small_disk, left
):
    """The log's last line is unfinished and the disk is full, so that the mark has no room, or
    only a part of it has. The daemon starts, keeps the entries, and when there is room marks the
    line and goes on."""
    log = small_disk / "small.log"
    log.write_bytes(b"unfin")
    ballast = small_disk / "ballast"
    with pytest.raises(OSError), ballast.open("wb", buffering=0) as out:
        while True:
            out.write(b"x" * 4096)
    with log.open("ab", buffering=0) as out:
        out.write(b"y" * (4096 - 5 - left))  # in a page that it has
    daemon = start(sinks=[{"name": "all", "type": "file", "path": str(log), "format": "line"}])
    one = client(daemon.address)
    one.send(*(numbered_json(0, i) for i in range(100)))
    daemon.wait_ledger(lambda look: look.sink["queued"] == 100)
    assert "No space left on device" in daemon.said
    ballast.unlink()
    daemon.wait_written(100)
    first, rest = log.read_bytes().split(b"\n", 1)
    mark = rb" \[torn]"
    assert first == b"unfin" + b"y" * (4091 - left) + mark[:left] + mark
    Tally(rest, "line").check_complete({0: 100})
    assert daemon.stop() == EXIT_FINE


def test_a_stop_on_a_full_disk_admits_what_it_could_not_write(start, client, small_disk):
    """No room comes. The stop takes drain_timeout, then status 75; the next start ends the torn
    line with its mark and all other lines are whole."""
    (small_disk / "ballast").write_bytes(b"x" * 68 * 1024)
    log = small_disk / "small.log"
    sinks = [{"name": "all", "type": "file", "path": str(log), "format": "line"}]
    daemon = start(sinks=sinks, drain_timeout="500ms")
    client(daemon.address).send(*(numbered_json(0, i) for i in range(1000)))
    daemon.wait_ledger(lambda look: look.endpoint["received"] == 1000)
    daemon.wait_said("No space left on device")
    assert daemon.stop() == EXIT_LOSSES
    written = daemon.final.sink["written"]
    assert daemon.final.sink["reasons"] == {"shutdown": 1000 - written}
    (small_disk / "ballast").unlink()
    again = start("again", sinks=sinks)
    assert "ended in an unfinished line" in again.said
    assert again.stop() == EXIT_FINE
    lines = log.read_bytes().split(b"\n")
    assert lines.pop() == b"" and lines.pop().endswith(rb" \[torn]")
    Tally(b"\n".join([*lines, b""]), "line").check_complete({0: written})


def test_a_stop_tries_the_disk_at_once(start, client, small_disk):
    """The disk has been full for so long that it is tried once in a while only. Somebody makes
    room and stops the daemon, with less time than is left to wait: all entries are written."""
    (small_disk / "ballast").write_bytes(b"x" * 68 * 1024)
    log = small_disk / "small.log"
    daemon = start(sinks=[{"name": "all", "type": "file", "path": str(log), "format": "line"}],
                   drain_timeout="1200ms")
    client(daemon.address).send(*(numbered_json(0, i) for i in range(500)))
    daemon.wait_said("No space left on device")
    down_since = time.monotonic()
    daemon.wait_ledger(lambda look: look.endpoint["received"] == 500)
    # it tries after 0.1, 0.3, 0.7, 1.5 and 3.1 s
    wait_until(lambda: time.monotonic() > down_since + 1.7, "the long pause")
    (small_disk / "ballast").unlink()
    assert daemon.stop(sent=500) == EXIT_FINE
    Tally(log.read_bytes(), "line").check_complete({0: 500})


def test_dev_full_is_a_disk_that_is_always_full(start, client):
    """The sink is down and says so; a second sink writes on; stopping admits the losses."""
    daemon = start("full", drain_timeout="500ms", sinks=[
        {"name": "full", "type": "file", "path": "/dev/full", "format": "line"},
        {"name": "all", "type": "file", "path": "all.log", "format": "line"}])
    client(daemon.address).send(*(numbered_json(0, i) for i in range(50)))
    daemon.wait_written(50, "all")
    daemon.wait_said("sink full: cannot write to '/dev/full': No space left on device")
    assert daemon.stop() == EXIT_LOSSES
    assert daemon.final.sinks["full"]["reasons"] == {"shutdown": 50}
    Tally(daemon.log.read_bytes(), "line").check_complete({0: 50})


def test_a_read_only_file_system_is_waited_for(start, client, small_disk):
    """The file system is mounted read-only at boot and mended later."""
    log = small_disk / "small.log"

    def remount(mode):
        subprocess.run(["mount", "-o", f"remount,{mode}", small_disk], check=True)

    remount("ro")
    daemon = start(sinks=[{"name": "all", "type": "file", "path": str(log), "format": "line"}])
    assert "Read-only file system" in daemon.said
    client(daemon.address).send(*(numbered_json(0, i) for i in range(50)))
    daemon.wait_ledger(lambda look: look.sink["queued"] == 50)
    remount("rw")
    daemon.wait_written(50)
    wait_until(lambda: "writing again" in daemon.said, "said that it is back")
    assert daemon.stop() == EXIT_FINE
    Tally(log.read_bytes(), "line").check_complete({0: 50})
