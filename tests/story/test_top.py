"""`logboom top` on a terminal, and without one."""

import os
import re
import signal
import subprocess
import time

import pytest
from control_story import FINE, UNREACHABLE, USAGE, logboom
from logboom_story import EXIT_FINE, EXIT_SYSTEM, LOGBOOM, PATIENCE_S, numbered_json
from terminal_story import Terminal


@pytest.fixture(name="top")
def top_fixture(start):
    """Starts `logboom top` on a terminal."""
    made = []

    def make(daemon, *options, **terminal):
        made.append(Terminal([LOGBOOM, "top", *options], cwd=daemon.folder,
                             LOGBOOM_CONTROL="control.sock", **terminal))
        return made[-1]

    yield make
    for one in made:
        one.close()


def send(one, count):
    one.send(*(numbered_json(0, i) for i in range(count)))


def row(terminal, name):
    """The columns of a table's row."""
    found = [line.split() for line in terminal.lines if line.startswith(name + " ")]
    return found[0] if found else None


def test_the_picture_on_a_usual_terminal(start, client, top):
    """It shows memory against the cap, the endpoint and the sink; what comes while one watches is
    a rate a second later. q leaves the terminal as it was."""
    daemon = start()
    one = client(daemon.address)
    screen = top(daemon)
    screen.wait(lambda it: "last minute" in it.text, "the picture")
    assert screen.lines[0].startswith("logboomd ") and screen.lines[1] == "fine"
    assert re.match(r"memory  [█▏▎▍▌▋▊▉]+·+  [\d.]+ MiB of 64.0 MiB, peak [\d.]+ MiB$", screen.lines[2])
    assert re.match(r"ZeroMQ  ·+  [\d.]+ K?i?B of [\d.]+ MiB$", screen.lines[3])
    send(one, 500)
    screen.wait(lambda it: "█" in row(it, "all")[-1], "a rate, which stays in the last minute")
    assert screen.screen.cursor.hidden and not screen.is_restored
    screen.press(b"xq")
    assert screen.ended() == FINE and screen.is_restored
    assert screen.written.endswith(b"\x1b[?25h\x1b[?1049l")
    assert daemon.stop(sent=500) == EXIT_FINE


def row_of(terminal, name):
    """The columns of the row that ends in this name."""
    found = [line.split() for line in terminal.lines if line.endswith(" " + name)]
    return found[0] if found else None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_the_terminal_as_it_was(start, top, number):
    screen = top(start()).wait(lambda it: "last minute" in it.text, "the picture")
    screen.process.send_signal(number)
    assert screen.ended() == FINE and screen.is_restored


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_while_the_terminal_is_stopped(start, top, number):
    """Ctrl-S holds its output for some seconds; it goes on all the same, and puts everything back."""
    screen = top(start()).wait(lambda it: "last minute" in it.text, "the picture")
    screen.press(b"\x13")
    began = time.monotonic()
    screen.wait(lambda _: time.monotonic() - began > 2.5, "that it has more to show")
    screen.process.send_signal(number)
    assert screen.ended() == FINE and screen.is_restored
    assert screen.written.endswith(b"\x1b[?25h\x1b[?1049l")


def test_a_daemon_that_ends_is_told(start, top):
    daemon = start()
    screen = top(daemon).wait(lambda it: "last minute" in it.text, "the picture")
    assert daemon.stop() == EXIT_FINE
    assert screen.ended() == UNREACHABLE and screen.is_restored
    assert screen.written.endswith(b"logboom top: logboomd at 'control.sock' has ended\r\n")


def test_a_terminal_that_is_low_and_narrow(start, top):
    """What has no room is cut, and counted; a larger one shows all of it."""
    screen = top(start(), columns=40, lines=6)
    screen.wait(lambda it: "more lines: the terminal is too low" in it.text, "that something is missing")
    assert screen.lines[0].startswith("logboomd ")
    screen.resize(100, 30)
    screen.wait(lambda it: "last minute" in it.text and "more lines" not in it.text, "all of it")
    assert row(screen, "apps") and row(screen, "all")


def test_a_sink_in_trouble_says_why(start, client, top, tmp_path):
    """A FIFO without a reader: the verdict, and the reason below the sink."""
    os.mkfifo(tmp_path / "all.log")
    daemon = start(endpoint={"max_entry": "4KiB"}, memory={"cap": "32MiB"},
                   sink={"when_full": "drop_newest", "queue": "384KiB"})
    screen = top(daemon)
    client(daemon.address).send(*[b"x" * 2000] * 600)
    screen.wait(lambda it: "No such device or address, for " in it.text, "the reason")
    screen.wait(lambda it: it.lines[1].startswith("LOSING"), "the verdict")


def test_who_sends_most(start, client, top, tmp_path):
    """Two clients, of which one sends three times as much: by app, by host and by the user and
    process of the other end. What came before anybody watched is not counted."""
    daemon = start(endpoint={"bind": f"ipc://{tmp_path}/in.sock"})
    quiet, loud = client(daemon.address), client(daemon.address)
    quiet.send(b'{"app":"before"}')
    daemon.wait_written(1)
    screens = {by: top(daemon, "--by", by, lines=40) for by in ("app", "host", "client")}
    for by, screen in screens.items():
        screen.wait(lambda it: f"heaviest by {by}, since this began" in it.text, "the picture")
    for one, app, count in ((quiet, b"quiet", 100), (loud, b"loud", 300)):
        one.send(*[b'{"app":"%s","host":"h-%s","message":"%09d"}' % (app, app, i) for i in range(count)])
    daemon.wait_written(401)
    for by, names in (("app", ("loud", "quiet")), ("host", ("h-loud", "h-quiet"))):
        screens[by].wait(lambda it: row_of(it, names[1]), "both")
        assert [row_of(screens[by], it)[0] for it in names] == ["300", "100"]
        assert screens[by].text.index(names[0]) < screens[by].text.index(names[1])
        assert "before" not in screens[by].text
    me = f"uid:{os.getuid()},pid:{os.getpid()}"
    screens["client"].wait(lambda it: row_of(it, me) and row_of(it, me)[0] == "400", "the process")


def test_without_a_terminal_it_is_plain_text(start):
    told = logboom(start(), "top", "--count", "2")
    assert told.returncode == FINE and told.stderr == ""
    first, second = told.stdout.split("\n\nlogboomd ")
    assert first.startswith("logboomd ") and "\x1b" not in told.stdout
    assert first.count("last minute") == second.count("last minute") == 2


def test_where_nobody_takes_what_it_prints_it_ends(start):
    daemon = start()
    with open("/dev/full", "wb") as full:
        told = subprocess.run([LOGBOOM, "top", "--control", "control.sock"], stdout=full, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, cwd=daemon.folder, timeout=PATIENCE_S, check=False)
    assert told.returncode == EXIT_SYSTEM
    assert told.stderr == b"logboom top: cannot write to standard output: No space left on device\n"


def test_wrong_usage_and_nobody_there(start):
    daemon = start()
    for words, sentence in ((["--count", "0"], "--count is '0', but must be a number from 1 on"),
                            (["--count", "-3"], "--count is '-3', but must be a number from 1 on"),
                            (["--by", "colour"], "--by is 'colour', but must be client, app or host"),
                            (["now"], "'now' is one too many: top takes options only")):
        told = logboom(daemon, "top", *words)
        assert (told.returncode, told.stdout) == (USAGE, "")
        assert told.stderr == f"logboom top: {sentence}; see 'logboom help top'\n"
    told = logboom(daemon, "top", "--control", "nowhere")
    assert told.returncode == UNREACHABLE and "no logboomd answers at 'nowhere'" in told.stderr
