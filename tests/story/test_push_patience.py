"""`logboom push` while the daemon is gone or takes nothing, and when a signal ends the wait."""

import pathlib
import re
import signal
import socket
import subprocess
import time

import pytest
from logboom_story import wait_until
from push_story import (  # noqa: F401
    Daemon,
    address_fixture,
    check_numbered,
    daemon_fixture,
    ended,
    numbered_line,
    push_fixture,
    said_so_far,
)

# ---- when the daemon is not there ---------------------------------------------


def test_nobody_there(push, address):
    began = time.monotonic()
    status, said = ended(push("--timeout", "300ms", to=address))
    took = time.monotonic() - began
    assert (status, said) == (
        69,
        f"logboom push: nobody answers at {address} within 300ms: Connection refused; is logboomd running there?\n",
    )
    assert 0.3 <= took < 5


def test_somebody_else_there(push):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        status, said = ended(push("--timeout", "300ms", to=address))
    assert status == 69
    assert f"{address} accepts connections, but nobody there answered as logboomd" in said


def test_a_daemon_that_starts_within_the_timeout_is_found(push, address):
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


def test_a_daemon_that_comes_back_gets_the_rest_and_the_break_is_told(push, address):
    daemon = Daemon(address)
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


def test_a_signal_while_nobody_is_there_ends_at_once(push, address):
    client = push("--timeout", "1h", to=address)
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
