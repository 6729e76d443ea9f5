"""`logboom push` sends the lines of files and pipes to whoever listens as a PULL socket."""

import contextlib
import os
import pathlib
import random
import re
import subprocess

import pytest
from logboom_story import SANITIZED, wait_until
from push_story import (  # noqa: F401
    Daemon,
    check_numbered,
    daemon_fixture,
    ended,
    numbered_line,
    push_fixture,
    said_so_far,
)

# ---- what is sent -------------------------------------------------------------


def test_each_line_of_a_file_is_one_message(daemon, push, tmp_path):
    log = tmp_path / "app.log"
    log.write_bytes(b"".join(numbered_line(i) + b"\n" for i in range(20_000)))
    client = push(log, to=daemon.address)
    messages = daemon.receive_until_end(client)
    assert ended(client) == (0, "")
    check_numbered(messages, 20_000)


def test_any_bytes_pass_and_empty_lines_and_a_missing_last_newline_count(daemon, push, tmp_path):
    lines = [b"", b"a\0b", b"dos\r", b"\xff\xfe\x80", b"", b"x" * 33, b"y" * 34, b"z" * 9000, b"end"]
    log = tmp_path / "odd.log"
    log.write_bytes(b"\n".join(lines))
    client = push(log, to=daemon.address)
    assert daemon.receive_until_end(client) == lines
    assert ended(client) == (0, "")


def test_lines_of_all_lengths_arrive_unchanged(daemon, push, tmp_path):
    """Around the sizes at which buffers end, with a fixed seed."""
    chance = random.Random(7)
    lengths = [0, 1, 33, 34, 8191, 8192, 8193, 65_535, 65_536, 262_143, 262_144]
    lines = [chance.randbytes(length).replace(b"\n", b".") for length in lengths * 3]
    lines += [chance.randbytes(chance.randrange(3000)).replace(b"\n", b".") for _ in range(2000)]
    chance.shuffle(lines)
    log = tmp_path / "lengths.log"
    log.write_bytes(b"".join(line + b"\n" for line in lines))
    client = push(log, to=daemon.address)
    assert daemon.receive_until_end(client) == lines
    assert ended(client) == (0, "")


def test_several_files_and_standard_input_come_in_order_and_are_not_glued(daemon, push, tmp_path):
    (tmp_path / "a").write_bytes(b"a1\na2")
    (tmp_path / "b").write_bytes(b"")
    (tmp_path / "c").write_bytes(b"c1\n")
    client = push("a", "b", "-", "c", to=daemon.address, cwd=tmp_path, stdin=subprocess.PIPE)
    client.stdin.write(b"in1\nin2")
    client.stdin.close()
    client.stdin = None
    assert daemon.receive_until_end(client) == [b"a1", b"a2", b"in1", b"in2", b"c1"]
    assert ended(client) == (0, "")


def test_a_batch_holds_whole_lines_up_to_its_size(daemon, push, tmp_path):
    lines = [numbered_line(i) for i in range(50_000)]
    log = tmp_path / "app.ndjson"
    log.write_bytes(b"".join(line + b"\n" for line in lines))
    client = push("--batch", log, to=daemon.address)
    messages = daemon.receive_until_end(client)
    assert ended(client) == (0, "")
    assert max(map(len, messages)) <= 64 * 1024
    assert len(messages) < 1.3 * len(lines) * 101 / (64 * 1024)
    assert [line for message in messages for line in message.split(b"\n")] == lines


def test_a_batch_of_its_exact_size_is_one_message_and_one_past_are_two(daemon, push, tmp_path):
    log = tmp_path / "log"
    log.write_bytes(b"1234\n" * 4)
    client = push("--batch-size", "20B", log, to=daemon.address)
    assert daemon.receive_until_end(client) == [b"1234\n1234\n1234\n1234"]
    client = push("--batch-size", "19B", log, to=daemon.address)
    assert daemon.receive_until_end(client) == [b"1234\n1234\n1234", b"1234"]


def test_a_line_longer_than_a_batch_goes_alone_and_files_stay_apart(daemon, push, tmp_path):
    (tmp_path / "a").write_bytes(b"1\n" + b"2" * 50 + b"\n3")
    (tmp_path / "b").write_bytes(b"4\n")
    client = push("--batch-size", "20B", "a", "b", to=daemon.address, cwd=tmp_path)
    assert daemon.receive_until_end(client) == [b"1", b"2" * 50, b"3", b"4"]


def test_an_empty_line_at_the_end_of_a_batch_is_not_lost(daemon, push, tmp_path):
    """Daemons take one newline off the end of a message."""
    log = tmp_path / "log"
    log.write_bytes(b"a\n\n")
    client = push("--batch", log, to=daemon.address)
    assert daemon.receive_until_end(client) == [b"a\n\n"]
    log.write_bytes(b"\n")
    client = push("--batch", log, to=daemon.address)
    assert daemon.receive_until_end(client) == [b""]


def test_a_line_over_the_maximum_is_cut_and_told(daemon, push, tmp_path):
    log = tmp_path / "long.log"
    log.write_bytes(b"short\n" + b"x" * 1024 + b"\n" + b"y" * 1_000_000 + b"\nlast\n" + b"z" * 1025)
    client = push("--max-line", "1KiB", log, to=daemon.address)
    assert daemon.receive_until_end(client) == [
        b"short",
        b"x" * 1024,
        b"y" * 1024,
        b"last",
        b"z" * 1024,
    ]
    status, said = ended(client)
    assert status == 1
    assert said == (
        f"logboom push: {log}:3: the line is longer than 1KiB; its last 998976 bytes were cut off\n"
        f"logboom push: {log}:5: the line is longer than 1KiB; its last 1 bytes were cut off\n"
    )


def test_many_cut_lines_are_counted_not_repeated(daemon, push, tmp_path):
    log = tmp_path / "long.log"
    log.write_bytes(b"12345\n" * 1000)
    client = push("--max-line", "4B", log, to=daemon.address)
    assert daemon.receive_until_end(client) == [b"1234"] * 1000
    status, said = ended(client)
    assert status == 1
    assert said.count("\n") == 6
    assert said.endswith(f"logboom push: {log}: 995 more lines were cut\n")


# ---- how ----------------------------------------------------------------------


def peak_kib(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1))


@pytest.mark.skipif(SANITIZED, reason="the sanitizers' own memory would be measured")
@pytest.mark.parametrize("length", [400, 200_000], ids=["short", "long"])
@pytest.mark.parametrize("batch", [[], ["--batch"]], ids=["lines", "batch"])
def test_a_huge_file_into_a_daemon_that_stops_reading_takes_little_memory(
    push, tmp_path, length, batch
):
    """100 MB; the daemon reads nothing until the client waits, then all of it."""
    block = b"".join(numbered_line(i, length) + b"\n" for i in range(1_000_000 // length))
    log = tmp_path / "huge.log"
    with log.open("wb") as out:
        for _ in range(100):
            out.write(block)
    daemon = Daemon(rcvhwm=10)
    client = push(*batch, log, to=daemon.address)
    said_so_far(client, "is connected but takes nothing; waiting")
    received = 0
    peaks_kib = [peak_kib(client)]
    while received < log.stat().st_size - 1:
        message = daemon.receive()
        received += len(message) + 1
        if received // 10_000_000 >= len(peaks_kib) and received < 80_000_000:  # it still runs
            peaks_kib.append(peak_kib(client))
    assert len(peaks_kib) > 5 and max(peaks_kib) <= 16 * 1024
    assert ended(client)[0] == 0
    daemon.close()


@pytest.mark.parametrize("batch", [[], ["--batch"]], ids=["lines", "batch"])
def test_lines_of_a_pipe_are_sent_as_they_come(daemon, push, batch):
    client = push(*batch, to=daemon.address, stdin=subprocess.PIPE, bufsize=0)
    for number in range(5):
        client.stdin.write(b"line %d\nbegun " % number)
        whole = b"line 0" if number == 0 else b"begun line %d" % number
        assert daemon.receive() == whole  # long before the pipe is closed
    client.stdin.close()
    client.stdin = None
    assert daemon.receive_until_end(client) == [b"begun "]
    assert ended(client) == (0, "")


def open_for_reader(fifo, client):
    """The writing end of a FIFO, when the client has the other; not waited for in open(2)."""

    def writer():
        assert client.poll() is None, "the client is gone"
        with contextlib.suppress(OSError):
            return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)

    return os.fdopen(wait_until(writer, "the client opens the FIFO"), "wb", buffering=0)


def test_a_fifo_is_read_like_any_file(daemon, push, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    client = push(fifo, to=daemon.address)
    with open_for_reader(fifo, client) as out:
        out.write(b"one\n")
        assert daemon.receive() == b"one"
    assert ended(client) == (0, "")


def test_ipc_addresses_work_and_a_daemon_that_dawdles_gets_everything(push, tmp_path):
    """An ipc peer loses what waits in its kernel when the other side closes; push does not
    close before all was read."""
    daemon = Daemon(f"ipc://{tmp_path}/socket", rcvhwm=1)
    log = tmp_path / "app.log"
    log.write_bytes(b"".join(numbered_line(i) + b"\n" for i in range(1200)))
    client = push(log, to=daemon.address)
    said_so_far(client, "is connected but takes nothing; waiting")
    assert client.poll() is None
    check_numbered(daemon.receive_until_end(client), 1200)
    assert ended(client)[0] == 0
    daemon.close()


def test_the_address_comes_from_the_environment(daemon, push):
    environment = {**os.environ, "LOGBOOM_ADDRESS": daemon.address}
    client = push(env=environment, stdin=subprocess.PIPE)
    client.stdin.write(b"hello\n")
    client.stdin.close()
    client.stdin = None
    assert daemon.receive() == b"hello"
    assert ended(client) == (0, "")
