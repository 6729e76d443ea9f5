"""On a terminal `logboom push` shows how far it is; a pipe gets nothing of it."""

import os
import re
import subprocess

import pytest
from logboom_story import PATIENCE_S
from push_story import daemon_fixture, ended, push_fixture  # noqa: F401
from terminal_story import PseudoTerminal


def without_waiting(lines):
    """Less what is said where the receiver, which is this slow process, has held up the client for some seconds."""
    return [line for line in lines if not re.search("takes nothing; waiting$|goes on after [0-9]+ s$", line)]


def lines_of(terminal):
    r"""What a person sees at the end: \r and \x1b[K draw over a line."""
    terminal.wait(lambda it: re.search(r"100 %[^\n]*\n$", it.text), "its end")
    seen = [re.split(r"\r(?!\n)", line.rstrip("\r"))[-1].replace("\x1b[K", "") for line in terminal.text.split("\n")]
    return without_waiting(seen)


@pytest.fixture(name="terminal")
def terminal_fixture():
    terminal = PseudoTerminal()
    yield terminal
    terminal.close()


@pytest.fixture(name="log")
def log_fixture(tmp_path):
    log = tmp_path / "app.log"
    log.write_bytes((b"x" * 1023 + b"\n") * 20_000)
    return log


def start(push, terminal, *arguments, **popen):
    """`push` pipes standard error; here it is the terminal."""
    environment = {**os.environ, "TERM": popen.pop("term", "xterm")}
    return push(*arguments, env=environment, preexec_fn=lambda: os.dup2(terminal.theirs, 2), **popen)


def test_a_file_shows_its_share_rate_and_the_time_left(daemon, push, terminal, log):
    client = start(push, terminal, log, to=daemon.address)
    daemon.receive_until_end(client)
    assert client.wait(PATIENCE_S) == 0
    *shown, last, empty = lines_of(terminal)
    assert (shown, empty) == ([], "")
    assert re.fullmatch(r"\[=+\]  100 %  19\.5 MiB of 19\.5 MiB  [\d.]+ [KMG]iB/s  in \d+ s", last)
    assert re.match(r"\r\[=*> *\]   +\d+ %  [\d.]+ [KM]iB of 19\.5 MiB  [\d.]+ \w+/s  .+ left\x1b\[K\r", terminal.text)
    assert all(len(line) < 80 for line in re.split(r"[\r\n]|\x1b\[K", terminal.text))


def test_a_pipe_of_unknown_size_shows_what_came(daemon, push, terminal):
    client = start(push, terminal, to=daemon.address, stdin=subprocess.PIPE, bufsize=0)
    client.stdin.write(b"x" * 1023 + b"\n")
    terminal.wait(lambda it: re.search(r"\r1\.0 KiB  [\d.]+ \w+/s  in \d+ s\x1b\[K", it.text), "what came")
    client.stdin.close()
    client.stdin = None
    daemon.receive_until_end(client)
    assert client.wait(PATIENCE_S) == 0


def test_a_sentence_wipes_the_line_that_was_drawn(daemon, push, terminal, tmp_path, log):
    client = start(push, terminal, log, tmp_path / "missing", to=daemon.address)
    daemon.receive_until_end(client)
    assert client.wait(PATIENCE_S) == 1
    said, last, _ = lines_of(terminal)
    assert said == f"logboom push: cannot open '{tmp_path}/missing': No such file or directory"
    assert "100 %" in last


@pytest.mark.parametrize("how", ["pipe", "--quiet", "-q", "--follow", "dumb"])
def test_where_nobody_wants_it_there_is_none(daemon, push, terminal, log, how):
    """Not into a pipe, not where it was declined, not while files are followed, and not on a terminal that
    cannot draw over a line."""
    options = [how] if how.startswith("-") else []
    if how == "pipe":
        client = push(log, to=daemon.address, env={**os.environ, "TERM": "xterm"})
    else:
        client = start(push, terminal, *options, log, to=daemon.address, term="dumb" if how == "dumb" else "xterm")
    for _ in range(20_000):
        daemon.receive()
    if how == "--follow":
        client.terminate()
    status, said = ended(client)
    assert (status, without_waiting(said.splitlines())) == (128 + 15 if how == "--follow" else 0, [])
    assert without_waiting(terminal.take_rest().text.splitlines()) == []
