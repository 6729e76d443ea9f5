"""Five faults are staged, and a stranger names each with at most two commands. What the commands say
stands in docs/troubleshooting.md, where the numbers are other ones."""

import pathlib
import re
import socket
import subprocess

import pytest
from control_story import FINE, NOT_FINE, UNREACHABLE, logboom
from curve_story import Keys, refusal_of
from logboom_story import (
    EXIT_CONFIGURATION,
    LOGBOOM,
    clean_environment,
    numbered_json,
    run_logboomd,
)

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/troubleshooting.md"


def masked(text):
    """Without numbers and the spaces around them, and without a key."""
    without_key = re.sub(r"(?<=our key, )\S+(?=: it)", "KEY", text)
    return re.sub(r" *[\d.,:–-]*\d[\d.,:–-]* *", "#", without_key)


def check_shown(line):
    """The page has this line, with other numbers."""
    assert masked(line) in {masked(shown) for shown in PAGE.read_text().splitlines()}, line


def first_line(daemon, beginning, status):
    """Of `logboom stat`, once it begins so."""
    told = None

    def begins():
        nonlocal told
        told = logboom(daemon, "stat")
        return told.stdout.startswith(beginning)

    daemon.wait(begins, lambda: f"{beginning}: {told}")
    assert told.returncode == status
    return told.stdout.splitlines()[0]


def fill(client, daemon):
    client(daemon.address).send_until_blocked(numbered_json(0, i) for i in range(100_000))


def test_a_full_disk(start, client):
    """A device that is always full: who stands still and why is the first line, and that somebody waits."""
    daemon = start(sink={"path": "/dev/full", "queue": "512KiB"})
    fill(client, daemon)
    check_shown(first_line(daemon, "BLOCKED", NOT_FINE))
    assert logboom(daemon, "drops").stdout == "nothing was lost since logboomd started\n"


@pytest.fixture
def closed_port():
    """Nobody listens on it, and nobody else can get it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_a_dead_collector(start, client, closed_port):
    """While its queue holds what comes, all is fine but for it; then its clients wait."""
    daemon = start(sinks=[{"name": "all", "type": "file", "path": "all.log"},
                          {"name": "central", "type": "tcp", "address": f"127.0.0.1:{closed_port}",
                           "queue": "512KiB"}])
    check_shown(first_line(daemon, "fine, but", FINE))
    fill(client, daemon)
    check_shown(first_line(daemon, "BLOCKED", NOT_FINE))


def test_a_client_that_floods(start, client):
    """One app sends a hundred times what the other does, and heads the list."""
    daemon = start()
    seen = daemon.folder / "top"
    with seen.open("wb") as output:
        top = subprocess.Popen([LOGBOOM, "top", "--by", "app"], stdout=output, stdin=subprocess.DEVNULL,
                               cwd=daemon.folder, env=clean_environment(LOGBOOM_CONTROL="control.sock"))
    try:
        daemon.wait(lambda: b"heaviest by app" in seen.read_bytes(), "the first second")
        client(daemon.address).send(*['{"app":"chatty","message":"again"}'] * 2000,
                                    *['{"app":"shop","message":"order 17 was paid"}'] * 20)
        daemon.wait(lambda: re.search(rb"^ +2,000 .* chatty\n +20 .* shop\n", seen.read_bytes(), re.M),
                    lambda: seen.read_text())
    finally:
        top.terminate()
        top.wait()


def test_too_small_a_cap(start):
    """A smaller cap that does not hold what else is configured: `check` says so beforehand, with what it
    takes; a daemon that is started with it does not start, and so `stat` finds nobody."""
    daemon = start(endpoint={"max_clients": 1000}, memory={"cap": "256MiB"})
    daemon.config.write_text(daemon.config.read_text().replace("256MiB", "16MiB"))
    told = logboom(daemon, "check")
    assert told.returncode == NOT_FINE
    sentence = told.stderr.splitlines()[0].split(": ", 1)[1]
    assert re.fullmatch(r"'cap' is 16MiB, but base [\d.]+ \+ clients [\d.]+ \+ .* MiB need \d+KiB; raise it, or "
                        r"lower max_clients, .*", sentence)
    check_shown(f"/etc/logboom/logboom.yaml:3:17: {sentence}")
    daemon.stop()
    refused = run_logboomd("--config", daemon.config)
    assert refused.returncode == EXIT_CONFIGURATION and sentence in refused.stderr
    nobody = logboom(daemon, "stat")
    assert nobody.returncode == UNREACHABLE and "no logboomd answers at 'control.sock'" in nobody.stderr


def test_too_few_places(start, client):
    """Those that are in stay, and the others wait outside."""
    daemon = start(endpoint={"max_clients": 2})
    for _ in range(2):
        client(daemon.address).send("here")
    daemon.wait_written(2)
    client(daemon.address)
    check_shown(first_line(daemon, "fine, but", FINE))


def test_a_wrong_key(start, tmp_path):
    """The daemon says who was not let in, and `push` says why."""
    keys = Keys(tmp_path)
    daemon = start(endpoint=keys.endpoint("web1"))
    assert refusal_of(daemon.address, **keys.client_options("stranger"))
    drops = None

    def is_told():
        nonlocal drops
        drops = logboom(daemon, "drops").stdout.splitlines()
        return len(drops) == 2

    daemon.wait(is_told, lambda: drops)
    check_shown(drops[1])
    (daemon.folder / "one.log").write_text("hello\n")
    told = logboom(daemon, "push", "--to", daemon.address, "--key", keys.path("stranger"), "--server-key",
                   keys.pair("server")[0].decode(), "one.log")
    assert told.returncode == 69
    check_shown(told.stderr.strip())
