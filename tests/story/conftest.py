"""Fixtures: whatever a test started is gone when it ends, by pid."""

import pathlib
import subprocess
import sys

import pytest

pytest.register_assert_rewrite("logboom_story")

from logboom_story import PATIENCE_S, SANITIZED, Client, Daemon  # noqa: E402

CLIENT_SCRIPT = pathlib.Path(__file__).with_name("numbered_client.py")


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
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)

    def wait_started(self):
        assert self.process.stdout.readline() in ("bound\n", "connected\n")
        return self

    def wait_done(self):
        said, _ = self.process.communicate(timeout=2 * PATIENCE_S)
        assert self.process.returncode == 0
        assert said.endswith("done\n")


@pytest.fixture
def numbered_client():
    """Starts clients as processes of their own: numbered_client(address, client, count)."""
    started = []

    def start_client(address, client, count, batch_bytes=0, how="connect"):
        started.append(NumberedClient(address, client, count, batch_bytes, how))
        return started[-1]

    yield start_client
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate()


@pytest.fixture
def shim(tmp_path):
    """Puts C functions before those of libc: shim(source) is the environment to start with."""
    if SANITIZED:
        pytest.skip("AddressSanitizer wants to be the first library, before any LD_PRELOAD")

    def compile_shim(source):
        library = tmp_path / "shim.so"
        subprocess.run(["gcc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-O1", "-x", "c", "-o", library,
                        "-"], input=source, text=True, check=True)
        return {"LD_PRELOAD": str(library)}

    return compile_shim
