"""Fixtures: whatever a test started is gone when it ends, by pid."""

import pathlib
import subprocess
import sys

import pytest

pytest.register_assert_rewrite("logboom_story")

from logboom_story import PATIENCE_S, Client, Daemon  # noqa: E402

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
