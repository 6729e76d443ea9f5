"""A sink of type stdout, on everything that stdout can be."""

import contextlib
import fcntl
import os
import pty
import re
import select
import socket
import subprocess
import threading

import pytest
from logboom_story import (
    EXIT_CONFIGURATION,
    EXIT_FINE,
    EXIT_LOSSES,
    PATIENCE_S,
    Tally,
    numbered_json,
)

SINK = {"name": "out", "type": "stdout", "format": "line"}


@pytest.fixture
def pipe():
    reader, writer = os.pipe()
    open_ends = {reader, writer}

    class Pipe:
        def __init__(self):
            self.reader, self.writer = reader, writer

        def close(self, end):
            if end in open_ends:
                open_ends.remove(end)
                os.close(end)

        def read_to_end(self):
            """Begins to read in a thread; the function it returns waits for the end."""
            data = bytearray()

            def read():
                while chunk := os.read(reader, 1 << 20):
                    data.extend(chunk)

            thread = threading.Thread(target=read, daemon=True)
            thread.start()

            def result():
                thread.join(PATIENCE_S)
                assert not thread.is_alive()
                return bytes(data)

            return result

    made = Pipe()
    yield made
    for end in list(open_ends):
        made.close(end)


def start_on(start, stdout, **options):
    daemon = start(sinks=[SINK], stdout=stdout, **options)
    assert daemon.targets == ["stdout"]
    return daemon


def test_a_pipe_gets_every_entry_and_nothing_else(start, client, pipe):
    """`logboomd | grep`: only entries come through the pipe, what the daemon says goes to stderr."""
    daemon = start_on(start, pipe.writer)
    pipe.close(pipe.writer)
    result = pipe.read_to_end()
    client(daemon.address).send(*(numbered_json(0, i) for i in range(50_000)))
    daemon.wait_written(50_000)
    assert daemon.stop() == EXIT_FINE
    Tally(result(), "line").check_complete({0: 50_000})


def test_a_slow_reader_of_the_pipe_gets_everything_in_the_end(start, client, pipe):
    """The pager stands still: entries wait in the queue, signals are still obeyed. Then it goes on.
    The pipe itself is not made non-blocking for those who share it."""
    daemon = start_on(start, pipe.writer)
    assert not fcntl.fcntl(pipe.writer, fcntl.F_GETFL) & os.O_NONBLOCK
    pipe.close(pipe.writer)
    client(daemon.address).send(*(numbered_json(0, i) for i in range(5000)))
    look = daemon.wait_ledger(lambda look: look.endpoint["received"] == 5000)
    assert look.sink["written"] < 5000
    result = pipe.read_to_end()
    daemon.wait_written(5000)
    assert daemon.stop() == EXIT_FINE
    Tally(result(), "line").check_complete({0: 5000})


def test_a_closed_pipe_is_told_once_and_admitted_at_the_stop(start, client, pipe):
    """`logboomd | head`: the reader leaves. The daemon is not killed by it; it says so once, and
    what could not be written is in the exit status and in the ledger."""
    daemon = start_on(start, pipe.writer, drain_timeout="500ms")
    pipe.close(pipe.writer)
    one = client(daemon.address)
    one.send(numbered_json(0, 0))
    daemon.wait_written(1)
    pipe.close(pipe.reader)
    one.send(numbered_json(0, 1), numbered_json(0, 2))
    daemon.wait_said("sink out: cannot write to 'stdout': Broken pipe")
    daemon.wait_ledger(lambda look: look.sink["queued"] == 2)
    assert daemon.stop() == EXIT_LOSSES
    assert daemon.final.sink["reasons"] == {"shutdown": 2}
    assert daemon.said.count("Broken pipe") == 1


def test_a_regular_file(start, client, tmp_path):
    """`logboomd >> out`: the shell's file is appended to."""
    (tmp_path / "out").write_bytes(b"before\n")
    with (tmp_path / "out").open("ab") as out:
        daemon = start_on(start, out)
    client(daemon.address).send(*(numbered_json(0, i) for i in range(5000)))
    daemon.wait_written(5000)
    assert daemon.stop() == EXIT_FINE
    before, _, entries = (tmp_path / "out").read_bytes().partition(b"\n")
    assert before == b"before"
    Tally(entries, "line").check_complete({0: 5000})


def test_dev_null(start, client):
    daemon = start_on(start, subprocess.DEVNULL)
    client(daemon.address).send(*(numbered_json(0, i) for i in range(5000)))
    daemon.wait_written(5000)
    assert daemon.stop() == EXIT_FINE
    assert "warning" not in daemon.said and "error" not in daemon.said


def test_a_terminal(start, client):
    """In a terminal, with somebody who looks now and then; nothing that it would obey gets there."""
    master, slave = pty.openpty()
    daemon = start_on(start, slave)
    os.close(slave)
    one = client(daemon.address)
    one.send(*(numbered_json(0, i) for i in range(2000)))
    daemon.wait_ledger(lambda look: look.endpoint["received"] == 2000)
    one.send("\x1b[2J\x1b]0;owned\x07")
    shown = bytearray()
    while shown.count(b"\n") < 2001:
        assert select.select([master], [], [], PATIENCE_S)[0]
        shown += os.read(master, 1 << 16)
    lines = bytes(shown).replace(b"\r\n", b"\n").splitlines(keepends=True)
    Tally(b"".join(lines[:2000]), "line").check_complete({0: 2000})
    assert lines[2000].endswith(b"-: \\x1b[2J\\x1b]0;owned\\x07\n")
    assert daemon.stop() == EXIT_FINE
    os.close(master)


def test_a_terminal_that_hangs_up(start, client):
    """The window is closed. The daemon goes on, and its other sink is complete."""
    master, slave = pty.openpty()
    daemon = start(sinks=[SINK, {"name": "all", "type": "file", "path": "all.log", "format": "line"}],
                   stdout=slave, drain_timeout="500ms")
    os.close(slave)
    os.close(master)
    client(daemon.address).send(*(numbered_json(0, i) for i in range(100)))
    daemon.wait_written(100, "all")
    daemon.wait_said("sink out: cannot write to 'stdout'")
    assert daemon.stop() == EXIT_LOSSES
    Tally(daemon.log.read_bytes(), "line").check_complete({0: 100})


def test_without_stdout_the_daemon_does_not_start(start, tmp_path):
    """`>&-`: there is nothing to write to, and no other descriptor is taken for it."""
    daemon = start(sinks=[SINK], wrapper=["/bin/sh", "-c", 'exec "$0" "$@" >&-'], ready=False)
    assert daemon.process.wait(timeout=PATIENCE_S) == EXIT_CONFIGURATION
    assert re.search(r"logboom\.yaml:\d+:\d+: cannot write to stdout: Bad file descriptor", daemon.said)


def test_a_socket_as_stdout(start, client):
    """Started by a supervisor that reads through a socket pair."""
    ours, theirs = socket.socketpair()
    with ours:
        daemon = start_on(start, theirs)
        theirs.close()
        client(daemon.address).send(*(numbered_json(0, i) for i in range(5000)))
        data = bytearray()
        ours.settimeout(PATIENCE_S)
        while data.count(b"\n") < 5000:
            assert (more := ours.recv(1 << 16)), daemon.said
            data += more
        assert daemon.stop() == EXIT_FINE
        with contextlib.suppress(ConnectionError):
            data += ours.recv(1)
    Tally(bytes(data), "line").check_complete({0: 5000})
