"""Somebody else holds the addresses, as systemd does for logboom.socket: the daemon comes and goes,
and clients do not notice."""

import os
import pathlib
import signal
import socket
import stat

import pytest
from cap_story import verify_file
from holder import Holder
from logboom_story import EXIT_FINE, SANITIZED, config_text, numbered_json

RESTARTS = int(os.environ.get("LOGBOOM_RESTARTS", "2"))
RATE = int(os.environ.get("LOGBOOM_RATE", "2000"))  # entries a second; what a machine with other work to do keeps up with


@pytest.fixture
def holder(tmp_path):
    made = Holder(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("transport", [0, 1], ids=["tcp", "ipc"])
@pytest.mark.parametrize("rate, loss", [(RATE, 0), (0, 1)], ids=["paced", "flat-out"])
def test_restarts_that_clients_do_not_notice(start, tools, holder, tmp_path, transport, rate, loss):
    """Two clients send without end, while the daemon is stopped and started again. Of the paced ones
    nothing is missing, once they have caught up; of the others at most the entry that was under way at a restart."""
    sink = {"format": "line", "path": str(tmp_path / "all.log")}
    options = {"endpoint": {"bind": holder.addresses}, "sink": sink, **holder.options()}
    daemon = start("0", **options)
    assert daemon.addresses == holder.addresses
    for client in (0, 1):
        tools("push", holder.addresses[transport], first=client,
              rate=rate // 10 if SANITIZED else rate).wait_says("connected")
    for turn in range(1, RESTARTS + 1):
        daemon.wait_ledger(lambda look: look.sink["written"] > 1000 + rate, "load")
        assert daemon.stop() == EXIT_FINE
        assert stat.S_ISSOCK(holder.path.stat().st_mode)
        daemon = start(str(turn), **options)
    daemon.wait_ledger(lambda look: look.sink["written"] > 1000 + rate, "load")
    for one in tools.started:
        one.tell_to_leave()
    sent = tools.sent()
    assert daemon.stop() == EXIT_FINE
    verified = verify_file(tmp_path / "all.log")
    verified.check_whole()
    missing = {client: verified.lost(client, sent[client]) for client in sent}
    assert max(missing.values()) <= loss * RESTARTS, missing


def test_who_connects_while_nobody_is_there_waits(start, client, holder, tmp_path):
    """Clients connect and send before the first daemon is started, and between two of them."""
    sink = {"format": "line", "path": str(tmp_path / "all.log")}
    for turn in range(2):
        clients = [client(address) for address in holder.addresses]
        for i, one in enumerate(clients):
            one.send(numbered_json(2 * turn + i, 0))
        daemon = start(str(turn), endpoint={"bind": holder.addresses}, sink=sink, **holder.options())
        daemon.wait_ledger(lambda look: look.sink["written"] == 2, "what was sent before")
        assert daemon.stop() == EXIT_FINE


def test_what_no_bind_names_is_said_and_closed(start, client, holder, tmp_path):
    """The socket unit has an address that the configuration has not, and something that listens to
    nobody; the daemon says so and runs, on an address of its own, too."""
    own = f"ipc://{tmp_path}/own.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wrong:
        daemon = start(endpoint={"bind": [holder.addresses[1], own]},
                       **holder.options(*holder.sockets, wrong))
        assert f"listens on {holder.addresses[0]} for us, which is no 'bind' of ours" in daemon.said
        assert "descriptor 5 is no socket that listens" in daemon.said
        held = {os.readlink(one) for one in pathlib.Path(f"/proc/{daemon.pid}/fd").iterdir()
                if one.is_symlink()}
        names = [f"socket:[{os.fstat(one.fileno()).st_ino}]" for one in (*holder.sockets, wrong)]
        assert [name in held for name in names] == [False, True, False]
    for address in daemon.addresses:
        client(address).send(b"here")
    daemon.wait_lines(2)
    assert daemon.stop() == EXIT_FINE
    assert holder.path.exists() and not (tmp_path / "own.sock").exists()


def test_a_zmq_sink_listens_there_too(start, holder, tmp_path):
    """Also once more, when a reload gives it another target at the same address."""
    sinks = [{"name": "live", "type": "zmq", "socket": "pub", "topic": "{app}", "bind": holder.addresses[1]}]
    daemon = start(endpoint={"bind": holder.addresses[0]}, sinks=sinks, **holder.options())
    assert f"sink live: listens on {holder.addresses[1]}\n" in daemon.said
    assert "for us" not in daemon.said
    daemon.config.write_text(daemon.config.read_text().replace("{app}", "{level}"))
    daemon.send_signal(signal.SIGHUP)
    daemon.wait_said(f"sink live: listens on {holder.addresses[1]}\n", times=2)
    daemon.wait_said("sink live: opened")
    assert daemon.stop(signal.SIGTERM) == EXIT_FINE
    assert holder.path.exists()


def test_variables_for_another_process_are_none_of_ours(start, holder, tmp_path):
    """LISTEN_PID is somebody else's: then the address is in use, by whoever holds it."""
    config = config_text([{"name": "apps", "bind": holder.addresses[0]}],
                         [{"name": "all", "type": "stdout"}])
    daemon = start(text=config, env={"LISTEN_PID": "1", "LISTEN_FDS": "1"}, ready=False)
    assert daemon.process.wait(30) == 71
    assert "Address already in use" in daemon.said
