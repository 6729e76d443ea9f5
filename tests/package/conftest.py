"""A fresh Debian with a real systemd: made by debootstrap, run by systemd-nspawn, thrown away."""

import os
import pathlib
import shutil
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/story"))

BUILD = pathlib.Path(os.environ.get("LOGBOOM_BUILD", "build")).resolve()
DEB = pathlib.Path(os.environ.get("LOGBOOM_DEB", "")).resolve()
MIRROR = os.environ.get("LOGBOOM_MIRROR", "http://deb.debian.org/debian")
BOOT_S, COMMAND_S = 120, 240


class Machine:
    """Shares the network with this one, so that clients here reach its daemon."""

    def __init__(self, folder):
        self.folder = folder
        self.console = (folder.parent / "console.log").open("wb")
        self.process = subprocess.Popen(
            ["systemd-nspawn", "-D", folder, "--boot", "--register=no", "--keep-unit", "--quiet",
             f"--machine=logboom-test-{os.getpid()}"],
            stdin=subprocess.DEVNULL, stdout=self.console, stderr=self.console)
        deadline = time.monotonic() + BOOT_S
        while self._state() not in ("running", "degraded"):
            assert self.process.poll() is None and time.monotonic() < deadline, "it does not start"
            time.sleep(0.2)

    def _leader(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return children.read_text().split()[0]

    def _inside(self, *command):
        return ["nsenter", "--all", "--target", self._leader(), "env", "-i", "-C", "/", "LC_ALL=C.UTF-8",
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", *map(str, command)]

    def _state(self):
        try:
            return subprocess.run(self._inside("systemctl", "is-system-running"), capture_output=True,
                                  text=True, timeout=10).stdout.strip()
        except (IndexError, subprocess.TimeoutExpired):
            return ""

    def run(self, *command, input=None, status=0):
        ran = subprocess.run(self._inside(*command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             text=True, input=input, timeout=COMMAND_S)
        assert status is None or ran.returncode == status, f"{command}: {ran.returncode}\n{ran.stdout}"
        return ran.stdout

    def wait(self, condition, what, patience_s=60):
        deadline = time.monotonic() + patience_s
        while not (value := condition()):
            assert time.monotonic() < deadline, f"waited in vain: {what}"
            time.sleep(0.1)
        return value

    def path(self, inside):
        return self.folder / inside.lstrip("/")

    def show(self, unit, name):
        return self.run("systemctl", "show", "--value", "-p", name, unit).strip()

    def end(self):
        self.process.terminate()  # an orderly poweroff
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.console.close()


@pytest.fixture(scope="session")
def fresh(tmp_path_factory):
    """The folder of a Debian that knows nothing of us; kept in the build tree for the next time."""
    kept = BUILD / "debian-bookworm.tar"
    folder = tmp_path_factory.mktemp("machine") / "root"
    if not kept.exists():
        made = subprocess.run(["debootstrap", "--variant=minbase", "--include=systemd,dbus,ca-certificates",
                               "bookworm", folder, MIRROR], capture_output=True, text=True)
        assert made.returncode == 0, made.stdout[-2000:]
        subprocess.run(["tar", "-C", folder, "-cf", f"{kept}.part", "."], check=True)
        os.replace(f"{kept}.part", kept)
    else:
        folder.mkdir()
        subprocess.run(["tar", "-C", folder, "-xf", kept], check=True)
    shutil.copy(DEB, folder / "root/logboom.deb")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def machine(fresh):
    made = Machine(fresh)
    yield made
    made.end()
