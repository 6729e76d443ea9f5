"""The daemon is stopped: what clients handed over is written, the rest is admitted."""

import contextlib
import fcntl
import os
import re
import select
import signal
import socket
import subprocess
import threading
import time

import pytest
from logboom_story import (
    EXIT_FINE,
    EXIT_LOSSES,
    PATIENCE_S,
    SANITIZED,
    Tally,
    end_process,
    numbered_batches,
    numbered_json,
    wait_until,
)

ENDLESS = 100_000_000
DRAIN_S = 3 if SANITIZED else 1
SLACK_S = PATIENCE_S / 10  # for starting, scheduling and, with the sanitizers, looking for leaks
F_SETPIPE_SZ = 1031  # fcntl(2); Python has a name for it since 3.10

# What a ZeroMQ client says first (ZMTP 3.0): version and mechanism, then who it is.
GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00NULL".ljust(55, b"\0")
READY = b"\x04\x1a\x05READY\x0bSocket-Type\x00\x00\x00\x04PUSH"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_stop_under_load(start, numbered_client, tmp_path, transport, number):
    """Two clients have sent all they had and left; three others send without end when the stop
    comes. The file has everything of the first two and a gapless first part of each of the
    others; the process is gone within drain_timeout, and its exit status is what its ledger
    says."""
    address = {"tcp": "tcp://127.0.0.1:0", "ipc": f"ipc://{tmp_path}/in.sock"}[transport]
    daemon = start(endpoint={"bind": address}, sink={"format": "line"},
                   drain_timeout=f"{DRAIN_S}s")
    endless = [numbered_client(daemon.address, i, ENDLESS) for i in (0, 1, 2)]
    for one in endless:
        one.wait_started()
    daemon.wait_ledger(lambda look: look.endpoint["received"] > 5000, "load")
    for i in (3, 4):
        numbered_client(daemon.address, i, 5000).wait_done()
    began = time.monotonic()
    daemon.stop(number)
    assert time.monotonic() - began < DRAIN_S + SLACK_S
    tally = Tally(daemon.log.read_bytes(), "line")
    tally.check_prefixes()
    assert tally.faults(3, 5000) == tally.faults(4, 5000) == {}
    assert all(len(tally.numbers[i]) > 0 for i in (0, 1, 2))
    assert tally.total == daemon.final.sink["written"]


def test_stop_right_behind_batches_writes_all_of_them(start, client):
    """A client sends big batches, ends in the orderly way, and the stop comes at that very
    moment, while all of it is still on its way."""
    daemon = start(sink={"format": "json"})
    one = client(daemon.address)
    one.send(*numbered_batches(0, 100_000, 200_000))
    one.finish()
    assert daemon.stop(sent=100_000) == EXIT_FINE
    Tally(daemon.log.read_bytes(), "json").check_complete({0: 100_000})


def test_an_idle_daemon_stops_at_once(start):
    """Nothing was ever sent; nobody waits for drain_timeout."""
    daemon = start(drain_timeout="60s")
    began = time.monotonic()
    assert daemon.stop(sent=0) == EXIT_FINE
    assert time.monotonic() - began < SLACK_S
    assert daemon.log.read_bytes() == b""


def test_a_second_interrupt_leaves_at_once(start, client, tmp_path):
    """The sink is stalled and drain_timeout is a minute. The operator presses ^C, and loses
    patience: the second ^C ends it at once, with status 75 and the losses in the ledger."""
    os.mkfifo(tmp_path / "all.log")
    reader = os.open(tmp_path / "all.log", os.O_RDONLY | os.O_NONBLOCK)
    daemon = start(drain_timeout="60s")
    one = client(daemon.address)
    one.send(*(numbered_json(0, i) for i in range(3000)))
    daemon.wait_ledger(lambda look: look.endpoint["received"] == 3000)
    began = time.monotonic()
    daemon.send_signal(signal.SIGINT)
    daemon.wait_said("stopping: ")
    daemon.send_signal(signal.SIGINT)
    assert daemon.wait_exit() == 75
    assert time.monotonic() - began < SLACK_S
    assert "interrupted twice" in daemon.said
    assert daemon.final.lost > 0
    os.close(reader)


def test_a_second_interrupt_under_load_admits_what_it_left_behind(start, numbered_client, tmp_path):
    """Clients send without end, so the drain goes on; the second ^C ends it. Nobody can count
    what had arrived by then: status 75 and a sentence say so. The ipc socket goes with the
    daemon all the same."""
    daemon = start(endpoint={"bind": f"ipc://{tmp_path}/in.sock"}, sink={"format": "line"})
    for i in (0, 1):
        numbered_client(daemon.address, i, ENDLESS).wait_started()
    daemon.wait_ledger(lambda look: look.endpoint["received"] > 5000, "load")
    daemon.send_signal(signal.SIGINT)
    daemon.wait_said("stopping: ")
    daemon.send_signal(signal.SIGINT)
    assert daemon.wait_exit() == EXIT_LOSSES
    assert re.search(r"interrupted twice: .*lost, uncounted", daemon.said)
    assert not (tmp_path / "in.sock").exists()
    Tally(daemon.log.read_bytes(), "line").check_prefixes()


STORMS = [[signal.SIGTERM], [signal.SIGUSR1], [signal.SIGHUP],
          [signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP]]


@pytest.mark.parametrize("storm", STORMS, ids=["term", "usr1", "hup", "all"])
def test_a_storm_of_signals_during_the_stop(start, client, storm):
    """Scripts and managers signal again and again, from the first SIGTERM until the process is
    gone. It is never killed by one: the entries are written and the last ledger is printed."""
    for turn in range(6):
        daemon = start(f"turn{turn}", sink={"format": "line"})
        one = client(daemon.address)
        one.send(*(numbered_json(0, i) for i in range(2000)))
        one.finish()
        daemon.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 2 * PATIENCE_S
        while daemon.process.poll() is None:
            assert time.monotonic() < deadline, daemon.said[-4096:]
            for number in storm:
                daemon.send_signal(number)
        assert daemon.wait_exit(sent=2000) == EXIT_FINE
        Tally(daemon.log.read_bytes(), "line").check_complete({0: 2000})


class SlowLine:
    """A proxy of one connection. Passes bytes on as they come, but once `slow`, the way to the
    daemon is 4 KiB every few milliseconds: well below the silence that ends a drain."""

    def __init__(self, port):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.slow, self.slow_bytes = port, False, 0
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        near, _ = self.listener.accept()
        far = socket.create_connection(("127.0.0.1", self.port), PATIENCE_S)
        with near, far, contextlib.suppress(ConnectionError):
            while ready := select.select([near, far], [], [], PATIENCE_S)[0]:
                for one, other in ((near, far), (far, near)):
                    if one not in ready:
                        continue
                    if not (data := one.recv(4096)):
                        return
                    other.sendall(data)
                    if self.slow and one is far:
                        self.slow_bytes += len(data)
                        time.sleep(0.002)

    def close(self):
        self.thread.join(PATIENCE_S)
        self.listener.close()


def test_a_large_message_that_is_still_arriving_is_received_wholly(start, client):
    """The daemon connects to a client, whose large message is on its way over a slow line when
    the stop comes. Bytes keep coming, so the drain goes on until the message is there."""
    one = client(bind="tcp://127.0.0.1:0")
    line = SlowLine(int(one.socket.last_endpoint.rsplit(b":", 1)[1]))
    address = f"tcp://127.0.0.1:{line.listener.getsockname()[1]}"
    daemon = start(ingest=[{"name": "apps", "connect": address, "max_message": "1MiB",
                            "max_entry": "1MiB"}], sink={"format": "raw", "queue": "8MiB"})
    one.send(b"first")
    daemon.wait_written(1)
    line.slow = True
    one.send(b"x" * 800_000)
    wait_until(lambda: line.slow_bytes > 65536, "the message is on its way")
    daemon.send_signal(signal.SIGTERM)
    daemon.wait_said("stopping: ")
    assert line.slow_bytes < 600_000
    assert daemon.wait_exit(sent=2) == EXIT_FINE
    assert daemon.log.read_bytes() == b"first\n" + b"x" * 800_000 + b"\n"
    line.close()


def test_a_large_message_that_stands_still_does_not_hold_the_stop(start):
    """A client has sent the head of a message and then nothing: it is not waited for."""
    daemon = start()
    host, port = daemon.address.removeprefix("tcp://").split(":")
    with socket.create_connection((host, int(port)), PATIENCE_S) as raw:
        raw.sendall(GREETING + READY)
        heard = b""
        while not heard.endswith(b"PULL"):
            assert (more := raw.recv(4096)), heard
            heard += more
        raw.sendall(b"\x02" + (100_000).to_bytes(8, "big") + b"x" * 1000)
        began = time.monotonic()
        assert daemon.stop() == EXIT_FINE
        assert time.monotonic() - began < SLACK_S


def test_repeated_sigterm_is_one_stop(start, client):
    """A service manager that signals twice does not shorten the drain."""
    daemon = start(sink={"format": "line"})
    one = client(daemon.address)
    one.send(*(numbered_json(0, i) for i in range(20_000)))
    one.finish()
    daemon.send_signal(signal.SIGTERM)
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait_exit(sent=20_000) == EXIT_FINE
    Tally(daemon.log.read_bytes(), "line").check_complete({0: 20_000})


def test_the_socket_file_is_gone_after_the_stop_and_a_left_one_is_replaced(start, client, tmp_path):
    """An ipc socket has the mode that the configuration says and goes with the daemon. One that
    a killed daemon left behind does not keep the next from starting, on the same file."""
    address = f"ipc://{tmp_path}/in.sock"
    endpoint = {"bind": address, "ipc": {"mode": "0600"}}
    killed = start(endpoint=endpoint, sink={"format": "line"})
    assert (tmp_path / "in.sock").stat().st_mode & 0o7777 == 0o600
    client(address).send(numbered_json(0, 0))
    killed.wait_lines(1)
    killed.process.kill()
    killed.process.wait()
    assert (tmp_path / "in.sock").is_socket()
    daemon = start(endpoint=endpoint, sink={"format": "line"})
    client(address).send(numbered_json(1, 0))
    daemon.wait_lines(2)
    assert daemon.stop() == EXIT_FINE
    assert not (tmp_path / "in.sock").exists()


def wait_told(manager, state):
    """A line of status may come before."""
    while state not in manager.recv(4096).split(b"\n"):
        pass


def test_the_service_manager_is_told(start, tmp_path):
    """systemd gave a notify socket: it gets READY=1 when addresses are open, STOPPING=1 at the
    stop."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE_S)
        daemon = start(env={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        wait_told(manager, b"READY=1")
        assert daemon.stop() == EXIT_FINE
        wait_told(manager, b"STOPPING=1")


def test_the_service_manager_may_listen_on_an_abstract_name_or_be_gone(start, tmp_path):
    """An abstract notify socket works too; one that nobody holds does no harm."""
    name = f"logboom-test-{os.getpid()}-{time.monotonic_ns()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{name}")
        manager.settimeout(PATIENCE_S)
        first = start(env={"NOTIFY_SOCKET": f"@{name}"})
        wait_told(manager, b"READY=1")
        assert first.stop() == EXIT_FINE
    second = start(env={"NOTIFY_SOCKET": str(tmp_path / "nobody")})
    assert second.stop() == EXIT_FINE


def test_a_stderr_that_nobody_reads_holds_nobody(start, client, tmp_path):
    """stderr is a pipe, full from the start, and its reader hangs. The daemon starts, entries
    flow also while it has something to say, and the stop takes no longer than it may."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, F_SETPIPE_SZ, 4096)
    os.write(writer, b"x" * 4096)
    daemon = start(endpoint={"bind": f"ipc://{tmp_path}/in.sock"}, sink={"format": "line"},
                   stderr=writer, ready=False, drain_timeout=f"{DRAIN_S}s")
    os.close(writer)
    one = client(f"ipc://{tmp_path}/in.sock")
    one.send(numbered_json(0, 0))
    daemon.wait(daemon.log.exists, "it has started")
    daemon.wait_lines(1)
    for turn in range(3):
        daemon.send_signal(signal.SIGUSR2)
        one.send(*(numbered_json(0, i) for i in range(1 + turn * 100, 101 + turn * 100)))
        daemon.wait_lines(101 + turn * 100)
    began = time.monotonic()
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait_exit() == EXIT_FINE
    assert time.monotonic() - began < DRAIN_S + SLACK_S
    os.close(reader)
    Tally(daemon.log.read_bytes(), "line").check_complete({0: 301})


def test_stopping_with_nobody_left_to_read_what_it_says(start, client, tmp_path):
    """stderr was a pipe whose reader is gone: the daemon goes on and stops as ever."""
    daemon = start(wrapper=["/bin/sh", "-c", 'exec "$@" 2>"$0"', "said"], ready=False)
    wait_until(lambda: "ready: " in (tmp_path / "said").read_text()
               if (tmp_path / "said").exists() else False, "ready")
    daemon.send_signal(signal.SIGTERM)
    assert daemon.process.wait(timeout=PATIENCE_S) == EXIT_FINE
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.Popen([*daemon.process.args[4:]], stderr=writer, stdin=subprocess.DEVNULL,
                               cwd=tmp_path, env={})
    try:
        os.close(writer)
        wait_until(lambda: "SigCgt" in (status := open(f"/proc/{process.pid}/status").read())
                   and int(status.split("SigCgt:")[1].split()[0], 16) & 1 << signal.SIGTERM - 1,
                   "it watches for signals")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE_S) == EXIT_FINE
    finally:
        end_process(process)
