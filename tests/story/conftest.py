"""Fixtures: whatever a test started is gone when it ends, by pid.

Nothing here or in the tests waits without a bound. Should something hang all the same, --timeout
(see `story` in the Makefile) fails the test, which then cleans up as any other; and if that does
not free it, the watchdog below ends the process, and pytest-xdist names the test.
"""

import faulthandler
import os
import pathlib
import select
import shutil
import subprocess
import sys
import time

import pytest

pytest.register_assert_rewrite("logboom_story", "cap_story", "receivers", "tail_story", "tls_receivers", "zmtp_peer")

from cap_story import Reader, Tools  # noqa: E402
from logboom_story import (  # noqa: E402
    PATIENCE_S,
    SANITIZED,
    Client,
    Daemon,
    FifoReader,
    end_contexts,
    end_process,
)
from receivers import Program, Receiver  # noqa: E402

CLIENT_SCRIPT = pathlib.Path(__file__).with_name("numbered_client.py")
HANGING_S = int(os.environ.get("LOGBOOM_HANGING_S", "300"))  # longer than --timeout: for what no exception gets out of

# ---- when a test fails or hangs -----------------------------------------------------------


def pytest_configure(config):
    config.real_stderr = os.dup(2)  # what tests say to the other one is captured


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    yield
    faulthandler.cancel_dump_traceback_later()


def watch(item):
    """A thread of faulthandler's, which needs no Python, waits for the phase to end."""
    faulthandler.dump_traceback_later(HANGING_S, exit=True, file=item.config.real_stderr)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    watch(item)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item):
    watch(item)  # again: pytest calls the watchdog off when a test fails


def pytest_runtest_logreport(report):
    """The name of a failure at once: pytest's own report comes at the end, if the run gets there."""
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        message = getattr(getattr(report.longrepr, "reprcrash", None), "message", str(report.longrepr))
        print(f"\nFAILED in {report.when}: {report.nodeid}\n{message}", flush=True)


@pytest.fixture(autouse=True)
def no_context_is_left():
    yield
    end_contexts()


# ---- what tests start ---------------------------------------------------------------------


@pytest.fixture
def start(tmp_path):
    """Starts a daemon in the test's folder, or in a folder of its own below it."""
    started = []

    def start_daemon(folder=".", **options):
        place = tmp_path / folder
        place.mkdir(exist_ok=True)
        started.append(Daemon(place, **options))
        return started[-1]

    yield start_daemon
    for daemon in started:
        daemon.end()
    for daemon in started:
        daemon.check_said()


@pytest.fixture
def fifo(tmp_path):
    """all.log is a FIFO with a reader that does not read yet."""
    os.mkfifo(tmp_path / "all.log")
    reader = FifoReader(tmp_path / "all.log")
    yield reader
    if not reader.thread.is_alive():
        reader.close()


@pytest.fixture
def client():
    """Makes PUSH sockets in this process."""
    made = []

    def make(address=None, **options):
        made.append(Client(address, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


class NumberedClient:
    def __init__(self, address, client, count, batch_bytes, how):
        self.process = subprocess.Popen(
            [sys.executable, CLIENT_SCRIPT, address, str(client), str(count), str(batch_bytes), how],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.said = b""

    def _wait_said(self, *words, patience_s):
        """Reads on until it said one of them. Not by readline: what that reads ahead is lost."""
        deadline = time.monotonic() + patience_s
        while not self.said.endswith(words):
            left_s = max(0, deadline - time.monotonic())
            assert select.select([self.process.stdout], [], [], left_s)[0], f"said only {self.said}"
            more = os.read(self.process.stdout.fileno(), 4096)
            assert more, f"said only {self.said}, and ended"
            self.said += more

    def wait_started(self):
        words = b"bound\n", b"connected\n", b"done\n"  # the last, if it was that quick
        self._wait_said(*words, patience_s=PATIENCE_S)
        return self

    def wait_done(self):
        self._wait_said(b"done\n", patience_s=2 * PATIENCE_S)
        assert self.process.wait(timeout=PATIENCE_S) == 0


@pytest.fixture
def numbered_client():
    """Starts clients as processes of their own: numbered_client(address, client, count)."""
    started = []

    def start_client(address, client, count, batch_bytes=0, how="connect"):
        started.append(NumberedClient(address, client, count, batch_bytes, how))
        return started[-1]

    yield start_client
    for one in started:
        end_process(one.process)


@pytest.fixture
def tools():
    """Starts the C clients of tests/story/tools."""
    made = Tools()
    yield made
    made.end()


@pytest.fixture
def unread(tmp_path):
    """all.log is a FIFO whose reader judges what comes, once it is told to begin."""
    os.mkfifo(tmp_path / "all.log")
    reader = Reader(tmp_path / "all.log")
    yield reader
    reader.close()


@pytest.fixture
def receiver():
    """Makes receivers of streams: receiver(address, framing=…)."""
    made = []

    def make(*arguments, **options):
        made.append(Receiver(*arguments, **options))
        return made[-1]

    yield make
    for one in made:
        one.end()


@pytest.fixture
def program():
    """Starts receivers that others wrote, or skips the test without them."""
    made = []

    def start_program(name, *arguments):
        if not shutil.which(name):
            pytest.skip(f"needs {name}")
        made.append(Program(name, *arguments))
        return made[-1]

    yield start_program
    for one in made:
        one.end()


@pytest.fixture
def shim(tmp_path):
    """Puts C functions before those of libc: shim(source) is the environment to start with."""
    if SANITIZED:
        pytest.skip("AddressSanitizer wants to be the first library, before any LD_PRELOAD")

    def compile_shim(source):
        library = tmp_path / "shim.so"
        subprocess.run(["gcc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-O1", "-x", "c", "-o", library,
                        "-"], input=source, text=True, check=True, timeout=2 * PATIENCE_S)
        return {"LD_PRELOAD": str(library)}

    return compile_shim
