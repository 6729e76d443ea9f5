"""`logboom push` sends the lines of files and pipes to whoever listens as a PULL socket.

A pyzmq socket stands in for the daemon, so that every message is seen as it went over
the wire, and so that the daemon can be slow, gone, or come back at the right moment.
"""

import contextlib
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import time
import zlib

import pytest
import zmq

BUILD = pathlib.Path(os.environ.get("LOGBOOM_BUILD", "build")).resolve()
LOGBOOM = BUILD / "logboom"
SANITIZED = "san" in BUILD.parts

PATIENCE_S = 30  # how long a test waits for what should come at once


class Daemon:
    """A PULL socket in the daemon's place."""

    def __init__(self, address="tcp://127.0.0.1:*", **options):
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.PULL)
        self.socket.rcvtimeo = PATIENCE_S * 1000
        for name, value in options.items():
            setattr(self.socket, name, value)
        self.socket.bind(address)
        self.address = self.socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def receive(self):
        return self.socket.recv()

    def receive_rest(self):
        """What our kernel still holds; a client that ended well has seen it arrive there."""
        messages = []
        while self.socket.poll(300):
            messages.append(self.socket.recv())
        return messages

    def receive_until_end(self, process):
        """All messages, while the client runs and after it."""
        messages = []
        deadline = time.monotonic() + PATIENCE_S
        while process.poll() is None:
            assert time.monotonic() < deadline, "the client does not end"
            if self.socket.poll(20):
                with contextlib.suppress(zmq.Again):
                    while True:
                        messages.append(self.socket.recv(zmq.DONTWAIT))
        return messages + self.receive_rest()

    def close(self):
        self.context.destroy(linger=0)


@pytest.fixture
def daemon():
    daemon = Daemon()
    yield daemon
    daemon.close()


@pytest.fixture
def push():
    """Starts `logboom push`; what still runs at the end of the test is killed."""
    started = []

    def start(*arguments, to=None, **popen):
        environment = {k: v for k, v in os.environ.items() if k != "LOGBOOM_ADDRESS"}
        if to:
            arguments = ("--to", to, *arguments)
        popen.setdefault("stdin", subprocess.DEVNULL)
        popen.setdefault("env", environment)
        process = subprocess.Popen(
            [LOGBOOM, "push", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **popen,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def ended(process):
    """Waits for the end; its status and what it said."""
    _, said = process.communicate(timeout=PATIENCE_S)
    return process.returncode, said.decode()


def wait_until(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.005)


def said_so_far(process, sentence):
    """Reads standard error up to the line with this sentence."""
    for line in process.stderr:
        if sentence in line.decode():
            return
    raise AssertionError(f"never said: {sentence}")


def numbered_line(number, length=100):
    text = b"%09d " % number
    text += b"x" * (length - len(text) - 9)
    return text + b" %08x" % zlib.crc32(text)


def check_numbered(lines, count, length=100):
    for number, line in enumerate(lines):
        assert line == numbered_line(number, length)
    assert len(lines) == count


def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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


def test_a_fifo_is_read_like_any_file(daemon, push, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    client = push(fifo, to=daemon.address)
    with fifo.open("wb", buffering=0) as out:
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


# ---- when the daemon is not there ---------------------------------------------


def test_nobody_there(push):
    address = f"tcp://127.0.0.1:{unused_port()}"
    began = time.monotonic()
    status, said = ended(push("--timeout", "300ms", to=address))
    took = time.monotonic() - began
    assert (status, said) == (
        69,
        f"logboom push: nobody answers at {address} within 300ms; is logboomd running there?\n",
    )
    assert 0.3 <= took < 5


def test_somebody_else_there(push):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        status, said = ended(push("--timeout", "300ms", to=address))
    assert status == 69
    assert f"{address} accepts connections, but nobody there answered as logboomd" in said


def test_a_daemon_that_starts_within_the_timeout_is_found(push):
    address = f"tcp://127.0.0.1:{unused_port()}"
    client = push(to=address, stdin=subprocess.PIPE)
    client.stdin.write(b"hello\n")
    client.stdin.close()
    client.stdin = None
    daemon = Daemon(address)
    assert daemon.receive() == b"hello"
    assert ended(client) == (0, "")
    daemon.close()


@pytest.mark.parametrize("batch", [[], ["--batch"]], ids=["lines", "batch"])
def test_the_daemon_goes_away_in_the_middle(push, tmp_path, batch):
    daemon = Daemon()
    log = tmp_path / "app.log"
    log.write_bytes(b"".join(numbered_line(i) + b"\n" for i in range(500_000)))
    client = push("--timeout", "300ms", *batch, log, to=daemon.address)
    daemon.receive()
    daemon.close()
    status, said = ended(client)
    assert status == 69
    assert f"lost {daemon.address} after " in said
    counts = re.search(
        r"did not return within 300ms; (\d+) (entries|batches) were handed over "
        r"\(of the last, some may not have arrived\), (\d+) were not\n$",
        said,
    )
    assert counts.group(2) == ("batches" if batch else "entries")
    assert 1 <= int(counts.group(1)) <= 500_000
    assert int(counts.group(3)) <= 1001


def test_a_daemon_that_goes_while_the_pipe_is_quiet_is_missed(push):
    daemon = Daemon()
    client = push("--timeout", "200ms", to=daemon.address, stdin=subprocess.PIPE, bufsize=0)
    client.stdin.write(b"one\n")
    assert daemon.receive() == b"one"
    daemon.close()
    status, said = ended(client)
    assert status == 69
    assert "did not return within 200ms; 1 entries were handed over" in said


def test_a_daemon_that_comes_back_gets_the_rest_and_the_break_is_told(push):
    daemon = Daemon()
    address = daemon.address
    client = push("--timeout", "20s", to=address, stdin=subprocess.PIPE, bufsize=0)
    client.stdin.write(b"before\n")
    assert daemon.receive() == b"before"
    daemon.close()
    said_so_far(client, f"lost {address} after 1 messages")
    client.stdin.write(b"between\n")
    daemon = Daemon(address)
    assert daemon.receive() == b"between"
    client.stdin.close()
    client.stdin = None
    status, said = ended(client)
    assert status == 1  # something may be missing
    assert f"connected to {address} again after" in said
    daemon.close()


# ---- when the user is not patient ---------------------------------------------


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_sends_what_was_read_and_ends(daemon, push, number, status):
    client = push(to=daemon.address, stdin=subprocess.PIPE, bufsize=0)
    client.stdin.write(b"one\ntwo\nbeg")
    assert daemon.receive() == b"one"
    client.send_signal(number)
    assert ended(client) == (status, "")
    assert daemon.receive_rest() == [b"two"]


def test_a_signal_in_a_huge_file_leaves_a_gapless_prefix(daemon, push, tmp_path):
    log = tmp_path / "app.log"
    log.write_bytes(b"".join(numbered_line(i) + b"\n" for i in range(400_000)))
    client = push(log, to=daemon.address)
    first = daemon.receive()
    client.send_signal(signal.SIGINT)
    messages = [first] + daemon.receive_until_end(client)
    assert ended(client) == (130, "")
    check_numbered(messages, len(messages))


def test_a_signal_while_nobody_is_there_ends_at_once(push):
    client = push("--timeout", "1h", to=f"tcp://127.0.0.1:{unused_port()}")
    wait_until(lambda: blocks_signals(client), "the client watches for signals")
    client.send_signal(signal.SIGTERM)
    assert ended(client) == (143, "")


def test_a_signal_while_the_daemon_takes_nothing_waits_for_the_timeout_only(push, tmp_path):
    daemon = Daemon(f"ipc://{tmp_path}/socket", rcvhwm=1)
    log = tmp_path / "app.log"
    log.write_bytes(b"".join(numbered_line(i) + b"\n" for i in range(50_000)))
    client = push("--timeout", "300ms", log, to=daemon.address)
    said_so_far(client, "is connected but takes nothing; waiting")
    client.send_signal(signal.SIGINT)
    status, said = ended(client)
    assert status == 130
    assert re.search(r"interrupted, and \S+ took nothing more; \d+ entries were handed over", said)
    daemon.close()


def test_a_second_signal_leaves_at_once(push, tmp_path):
    daemon = Daemon(f"ipc://{tmp_path}/socket", rcvhwm=1)
    log = tmp_path / "app.log"
    log.write_bytes(b"".join(numbered_line(i) + b"\n" for i in range(50_000)))
    client = push("--timeout", "1h", log, to=daemon.address)
    said_so_far(client, "is connected but takes nothing; waiting")
    client.send_signal(signal.SIGINT)
    wait_until(lambda: pending_signals(client) == 0, "the first signal is taken")
    client.send_signal(signal.SIGINT)
    status, said = ended(client)
    assert status == 130
    assert "left at the second signal" in said
    daemon.close()


def signal_mask(process, name):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(rf"^{name}:\s+([0-9a-f]+)$", status, re.M).group(1), 16)


def blocks_signals(process):
    return signal_mask(process, "SigBlk") & 1 << (signal.SIGTERM - 1)


def pending_signals(process):
    return signal_mask(process, "ShdPnd")


# ---- when it is used wrongly --------------------------------------------------


def test_unreadable_files_are_told_and_the_others_sent(daemon, push, tmp_path):
    (tmp_path / "good").write_bytes(b"good\n")
    client = push("missing", tmp_path, "good", to=daemon.address, cwd=tmp_path)
    assert daemon.receive_until_end(client) == [b"good"]
    status, said = ended(client)
    assert status == 1
    assert said == (
        "logboom push: cannot open 'missing': No such file or directory\n"
        f"logboom push: cannot read {tmp_path}: Is a directory\n"
    )


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["--bach"], "there is no option '--bach'; did you mean '--batch'?"),
        (["-x"], "there is no option '-x'"),
        (["--to"], "option '--to' needs a value"),
        (["--batch=1"], "option '--batch=1' takes no value"),
        (["--to", "inproc://x"], "'inproc://x' is not an address to push to"),
        (["--to", "tcp://127.0.0.1"], "'tcp://127.0.0.1' is not an address to push to"),
        (["--to", "127.0.0.1:5514"], "'127.0.0.1:5514' is not an address to push to"),
        (["--timeout", "0"], "--timeout is '0', but must be from 1ms to 365d"),
        (["--timeout", "5"], "--timeout: "),
        (["--batch-size", "17MiB"], "--batch-size is '17MiB', but must be from 1B to 16MiB"),
        (["--max-line", "0"], "--max-line is '0', but must be from 1B to 16MiB"),
    ],
)
def test_wrong_options_are_refused_with_a_sentence(push, arguments, sentence):
    status, said = ended(push(*arguments))
    assert status == 64
    assert said.startswith(f"logboom push: {sentence}")
    assert said.endswith("; see 'logboom help push'\n")


def logboom(*arguments):
    return subprocess.run([LOGBOOM, *arguments], capture_output=True, text=True, timeout=PATIENCE_S)


def test_help_version_and_mistyped_commands():
    assert re.fullmatch(r"logboom \d+\.\d+\.\d+\n", logboom("--version").stdout)
    assert "\n  push " in logboom("--help").stdout
    assert logboom("help").stdout == logboom("--help").stdout
    assert logboom("help", "push").stdout == logboom("push", "--help").stdout
    assert logboom("push", "-h").stdout.startswith("usage: logboom push ")
    assert logboom().returncode == 64
    for mistyped in (logboom("psuh"), logboom("help", "psuh")):
        assert mistyped.returncode == 64
        assert mistyped.stderr == "logboom: there is no command 'psuh'; did you mean 'push'?\n"
    assert logboom("frobnicate").stderr.endswith("see 'logboom --help'\n")
