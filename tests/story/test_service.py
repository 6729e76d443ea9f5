"""The service manager's side: what it is told over a real notify socket, the unit and its sandbox."""

import contextlib
import ctypes
import os
import pathlib
import re
import shutil
import socket
import subprocess
import threading
import time

import pytest
from logboom_story import (
    EXIT_FINE,
    EXIT_USAGE,
    LOGBOOM,
    LOGBOOMD,
    PATIENCE_S,
    numbered_batches,
    numbered_json,
    run_logboomd,
    wait_until,
)

ROOT = pathlib.Path(__file__).resolve().parents[2]
PERIOD_S = 0.3  # of the watchdog; the daemon pings three times in it
PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT, WALL = 17, 0x4206, 0x4207, 0x40000000
PR_SET_MDWE = 65

libc = ctypes.CDLL(None, use_errno=True)


class Manager:
    """As systemd: a datagram socket, and what was said on it, with the time."""

    def __init__(self, folder):
        self.path = str(folder / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(0.05)
        self.heard = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._hear)
        self.thread.start()

    def _hear(self):
        while not self.over.is_set():
            with contextlib.suppress(TimeoutError):
                self.heard.append((time.monotonic(), self.socket.recv(4096).decode()))

    def environment(self, **extra):
        return {"NOTIFY_SOCKET": self.path, "WATCHDOG_USEC": str(int(PERIOD_S * 1e6)), **extra}

    def words(self):
        return [text for _, text in self.heard]

    def wait(self, condition, what):
        return wait_until(lambda: condition(self.words()), lambda: f"{what}: {self.words()[-5:]}")

    def wait_pings(self, count):
        before = self.words().count("WATCHDOG=1")
        self.wait(lambda words: words.count("WATCHDOG=1") >= before + count, "pings")

    def close(self):
        self.over.set()
        self.thread.join()
        self.socket.close()


@pytest.fixture
def manager(tmp_path):
    made = Manager(tmp_path)
    yield made
    made.close()


@contextlib.contextmanager
def stopped(tid):
    """One thread stands still, in the midst of whatever it does; all others go on."""

    def ptrace(request):
        assert libc.ptrace(request, tid, None, None) == 0, os.strerror(ctypes.get_errno())

    ptrace(PTRACE_SEIZE)
    try:
        ptrace(PTRACE_INTERRUPT)
        assert libc.waitpid(tid, None, WALL) == tid
        yield
    finally:
        ptrace(PTRACE_DETACH)


def test_from_ready_to_stopping(start, client, manager):
    """READY when addresses are open, and a line with rate and memory from then on; pings; STOPPING at the
    stop. The line is not repeated while nothing changes."""
    daemon = start(env=manager.environment())
    manager.wait_pings(2)
    line, ready = manager.words()[:2]
    assert re.fullmatch(r"STATUS=0 entries/s, \d+ of 64 MiB", line) and ready == "READY=1"
    client(daemon.address).send(*(numbered_json(0, i) for i in range(100)))
    manager.wait(lambda words: any(re.fullmatch(r"STATUS=[1-9]\d* entries/s, \d+ of 64 MiB", one) for one in words),
                 "a rate")
    assert daemon.stop() == EXIT_FINE
    manager.wait(lambda words: "STOPPING=1\nSTATUS=draining" in words, "the stop")
    lines = [one for one in manager.words() if one.startswith("STATUS=")]
    assert all(one != next for one, next in zip(lines, lines[1:]))


def test_a_loop_that_hangs_is_not_alive(start, manager):
    """The loop's thread stands still, while ZeroMQ's and the pool's go on: no pings until it goes on."""
    daemon = start(env=manager.environment())
    manager.wait_pings(2)
    with stopped(daemon.pid):
        before = len(manager.heard)
        time.sleep(3 * PERIOD_S)  # nothing must come, so there is nothing to wait for
        assert len(manager.heard) == before
    manager.wait_pings(2)
    assert daemon.stop() == EXIT_FINE


def test_a_sink_that_blocks_is_no_reason_to_be_killed(start, client, fifo, manager):
    """A FIFO is not read, clients wait: it is told in the line, and pings go on."""
    daemon = start(sink={"format": "line", "when_full": "block"}, memory={"cap": "32MiB"},
                   env=manager.environment())
    client(daemon.address, sndhwm=100).send_until_blocked(numbered_batches(0, 10**6))
    daemon.wait_said("nothing more is received")
    manager.wait(lambda words: any("BLOCKED" in one and "by sink all: its reader does not read" in one
                                   for one in words), "the block")
    manager.wait_pings(5)
    fifo.begin()
    daemon.wait_said("receiving again")
    assert daemon.stop() == EXIT_FINE


def test_a_sink_that_goes_down_while_nothing_happens(start, manager, tmp_path):
    """Nobody sends anything when a receiver goes: the line tells it all the same."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "receiver"))
        listener.listen()
        daemon = start(sinks=[{"name": "far", "type": "unix", "address": str(tmp_path / "receiver")}],
                       env=manager.environment())
        listener.accept()[0].close()
    manager.wait(lambda words: any("fine, but sink far is down" in one for one in words), "the sink")
    assert daemon.stop() == EXIT_FINE


def test_nobody_asks_for_pings(start, manager):
    """Without WATCHDOG_USEC, or when it is meant for another process, there are none."""
    daemon = start(env=manager.environment(WATCHDOG_PID="1"))
    daemon.ledger()
    assert daemon.stop() == EXIT_FINE
    manager.wait(lambda words: "STOPPING=1\nSTATUS=draining" in words, "the stop")
    assert "WATCHDOG=1" not in manager.words()


# ---- the units -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def units(tmp_path_factory):
    """As `make install` writes them, in a root of their own in which their program is there."""
    root = tmp_path_factory.mktemp("root")
    made = subprocess.run(["make", "-s", "install-units", f"DESTDIR={root}", "PREFIX=/usr"], cwd=ROOT,
                          capture_output=True, text=True, timeout=PATIENCE_S)
    assert made.returncode == 0, made.stderr
    return root / "usr/lib/systemd/system"


needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not here")


def analyze(*arguments):
    return subprocess.run(["systemd-analyze", *map(str, arguments)], capture_output=True, text=True,
                          timeout=PATIENCE_S, env={**os.environ, "SYSTEMD_COLORS": "0"})


@needs_systemd
def test_the_units_are_right(units, tmp_path):
    """systemd finds nothing wrong with them, with and without each of the drop-ins."""
    for drop_in in (None, *(ROOT / "systemd/examples").glob("*.conf")):
        place = tmp_path / (drop_in.stem if drop_in else "plain")
        shutil.copytree(units, place)
        service = place / "logboom.service"
        service.write_text(service.read_text().replace("/usr/sbin/logboomd", str(LOGBOOMD))
                           .replace("/usr/bin/logboom", str(LOGBOOM)))
        if drop_in:
            (place / "logboom.service.d").mkdir()
            shutil.copy(drop_in, place / "logboom.service.d")
        told = analyze("verify", "--man=no", *sorted(place.glob("logboom.*[et]")))
        assert (told.returncode, told.stdout + told.stderr) == (0, ""), drop_in


@needs_systemd
def test_the_service_is_locked_in(units):
    told = analyze("security", "--offline=true", "--threshold=15", units / "logboom.service")
    assert told.returncode == 0, told.stdout
    assert float(re.search(r"exposure level for logboom.service: (\d+\.\d)", told.stdout)[1]) <= 1.5


def test_the_unit_fits_the_program(units):
    """Its patience is longer than ours, and what no restart mends is not restarted."""
    unit = dict(re.findall(r"^(\w+)=(.*)$", (units / "logboom.service").read_text(), re.M))
    sample = (ROOT / "conf/logboom.yaml").read_text()
    drain_s = int(re.search(r"^drain_timeout: (\d+)s$", sample, re.M)[1])
    cap_mib = int(re.search(r"cap: (\d+)MiB", sample)[1])
    assert int(unit["TimeoutStopSec"].rstrip("s")) > 2 * drain_s
    assert int(unit["MemoryMax"].rstrip("M")) >= 4 * cap_mib
    assert unit["RestartPreventExitStatus"] == "64 78"


def test_without_memory_that_can_be_written_and_run(start, client):
    """MemoryDenyWriteExecute= forbids compiled expressions: they are interpreted, and it is said."""
    forbid = ["/usr/bin/python3", "-c", "import ctypes, os, sys\n"
              f"if ctypes.CDLL(None).prctl({PR_SET_MDWE}, 1, 0, 0, 0) != 0: sys.exit(99)\n"
              "os.execv(sys.argv[1], sys.argv[1:])"]
    daemon = start(sink={"format": "{message}", "match": {"message": "or?d+er [0-9]+$"}}, wrapper=forbid,
                   ready=False)
    daemon.wait_ready_or_gone()
    if daemon.process.poll() == 99:
        pytest.skip("this kernel has no PR_SET_MDWE")
    daemon.wait_ready()
    assert "the system allows no compiled expressions" in daemon.said
    client(daemon.address).send("order 17", "border", "new order 18")
    assert daemon.wait_lines(2) == [b"order 17", b"new order 18"]
    assert daemon.stop() == EXIT_FINE


def test_only_what_is_grave_is_said(start, client, tmp_path):
    """--log-level warning: neither the address nor the ledger, but what may be lost."""
    quiet = ["sh", "-c", 'exec "$@" --log-level warning', "sh"]
    address = f"ipc://{tmp_path}/in.sock"
    daemon = start(endpoint={"bind": address}, wrapper=quiet, ready=False)
    daemon.wait((tmp_path / "in.sock").exists, "the address")
    client(address).send(b"here")
    daemon.wait(lambda: (tmp_path / "all.log").exists(), "the file")
    daemon.wait_lines(1)
    assert daemon.stop() == EXIT_FINE
    assert daemon.said == ""
    told = run_logboomd("--log-level", "loud")
    assert (told.returncode, told.stderr) == (
        EXIT_USAGE, "logboomd: 'loud' is no level; there are error, warning, notice and info\n")
