"""Over a socket file, `allow_uid` says whose processes come in, and the kernel who they are."""

import os
import pwd
import re
import signal
import subprocess
import sys

import pytest
from logboom_story import (
    EXIT_CONFIGURATION,
    EXIT_FINE,
    PATIENCE_S,
    config_text,
    run_logboomd,
)

NOBODY = pwd.getpwnam("nobody").pw_uid
AS_ANOTHER = """
import os, sys, zmq
os.setuid(int(sys.argv[2]))
push = zmq.Context().socket(zmq.PUSH)
push.connect(sys.argv[1])
push.send(b"from another")
print("sent", flush=True)
sys.stdin.read()
os._exit(0)
"""

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")


@pytest.fixture
def another():
    """Starts a client as this user, who sends one entry and stays."""
    started = []

    def start_client(address, uid=NOBODY):
        started.append(subprocess.Popen([sys.executable, "-c", AS_ANOTHER, address, str(uid)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        assert started[-1].stdout.readline() == b"sent\n"
        return started[-1]

    yield start_client
    for process in started:
        process.kill()
        process.wait(timeout=PATIENCE_S)
        process.stdin.close()
        process.stdout.close()


def endpoint(name, *users, gate="on"):
    """At an address that no mode guards."""
    return {"endpoint": {"bind": f"ipc://@logboom-users-{os.getpid()}-{name}", "ipc": {"allow_uid": list(users)}},
            "memory": {"gate": gate}, "sink": {"format": "{uid} {message}"}}


def turned_away(daemon):
    length = len(daemon.said)
    daemon.ledger()
    return int(re.search(r" uid=(\d+)", daemon.said[length:])[1])


@needs_root
def test_only_listed_users_come_in(start, client, another):
    daemon = start(**endpoint("listed", "root", NOBODY + 1))
    stranger = another(daemon.address)
    daemon.wait_said(f"endpoint apps: pid {stranger.pid} was turned away: its user, uid {NOBODY}, is not in "
                     "'allow_uid'")
    another(daemon.address, NOBODY + 1)  # without a name
    one = client(daemon.address)
    one.send("from root")
    one.finish()
    daemon.wait_written(2)
    daemon.wait(lambda: turned_away(daemon) > 2, "it comes again and again")
    assert daemon.said.count("was turned away") == 1
    daemon.stop()
    assert sorted(daemon.lines()) == [b"0 from root", b"%d from another" % (NOBODY + 1)]


@needs_root
def test_without_the_gate_zeromq_looks_itself(start, client, another):
    daemon = start(**endpoint("plain", "root", gate="off"))
    another(daemon.address)
    one = client(daemon.address)
    one.send("from root")
    one.finish()
    daemon.wait_written(1)
    daemon.stop()
    assert daemon.lines() == [b"0 from root"]


@needs_root
def test_who_is_listed_no_more_is_cut_at_a_reload(start, client, another):
    parts = endpoint("reload", "root", "nobody")
    daemon = start(**parts)
    another(daemon.address)
    daemon.wait_written(1)
    text = daemon.config.read_text()
    assert '"nobody"' in text
    daemon.config.write_text(text.replace(', "nobody"', ""))
    daemon.send_signal(signal.SIGHUP)
    daemon.wait_said("reloaded: endpoint apps: 1 connection cut off")
    daemon.wait_said("its user is no longer in 'allow_uid'")
    one = client(daemon.address)
    one.send("from root")
    one.finish()
    daemon.wait_written(2)
    daemon.stop()
    assert sorted(daemon.lines()) == [b"0 from root", b"%d from another" % NOBODY]


@pytest.mark.parametrize("bind, users, sentence", [
    ("ipc://@x", ["no such user"], "'allow_uid' has 'no such user', which is neither a user's name nor a number"),
    ("ipc://@x", ["4294967295"], "which is neither a user's name nor a number"),
    ("tcp://127.0.0.1:0", ["root"], "'allow_uid' is for ipc:// addresses in 'bind', and there is none"),
])
def test_what_cannot_be_is_told(tmp_path, bind, users, sentence):
    path = tmp_path / "check.yaml"
    path.write_text(config_text([{"name": "apps", "bind": bind, "ipc": {"allow_uid": users}}],
                                [{"name": "all", "type": "stdout"}]))
    told = run_logboomd("--check", "--config", path)
    assert told.returncode == EXIT_CONFIGURATION and sentence in told.stderr, told.stderr


def test_numbers_need_no_user(tmp_path):
    path = tmp_path / "check.yaml"
    path.write_text(config_text([{"name": "apps", "bind": "ipc://@x", "ipc": {"allow_uid": [0, 4242]}}],
                                [{"name": "all", "type": "stdout"}]))
    told = run_logboomd("--check", "--config", path)
    assert told.returncode == EXIT_FINE, told.stderr
