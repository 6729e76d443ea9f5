"""What stories of the control socket share: the command as an operator runs it, and the socket itself."""

import json
import os
import socket
import subprocess

from logboom_story import LOGBOOM, PATIENCE_S, clean_environment

FINE, NOT_FINE, UNREACHABLE, USAGE = 0, 1, 2, 64


def logboom(daemon, *arguments, wrapper=(), **environment):
    """`logboom …` in the daemon's folder; its status, output and errors."""
    environment = {"LOGBOOM_CONTROL": "control.sock", **environment}
    return subprocess.run([*wrapper, LOGBOOM, *arguments], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, cwd=daemon.folder, timeout=PATIENCE_S,
                          env=clean_environment(**environment))


def stat(daemon):
    """What `logboom stat --json` says, and its status."""
    told = logboom(daemon, "stat", "--json")
    assert told.stderr == ""
    return json.loads(told.stdout), told.returncode


class Asker:
    """One connection to the control socket."""

    def __init__(self, daemon, name="control.sock"):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_S)
        here = os.open(".", os.O_PATH)
        try:  # the path of a socket has 107 bytes at most
            os.chdir(daemon.folder)
            self.socket.connect(name)
        finally:
            os.fchdir(here)
            os.close(here)

    def say(self, request):
        self.socket.sendall(request if isinstance(request, bytes) else json.dumps(request).encode() + b"\n")
        return self

    def rest(self):
        """Everything until the daemon hangs up."""
        data = b""
        while chunk := self._more():
            data += chunk
        return data

    def _more(self):
        try:
            return self.socket.recv(1 << 16)
        except ConnectionResetError:  # it had not read all that we said
            return b""

    def answer(self):
        data = self.rest()
        assert data.endswith(b"\n") and data.count(b"\n") == 1, data
        return json.loads(data)

    def close(self):
        self.socket.close()


def ask(daemon, request):
    one = Asker(daemon).say(request)
    try:
        return one.answer()
    finally:
        one.close()
