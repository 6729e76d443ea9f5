"""Holds addresses as systemd does for logboom.socket, and hands them to each daemon that is started."""

import socket

# The descriptors become 3, 4, …, and the variables name this very process (sd_listen_fds(3)).
HAND_OVER = """
import os, sys
fds, *command = sys.argv[1:]
originals = [int(fd) for fd in fds.split(",")]
fds = [os.dup2(fd, 100 + i) for i, fd in enumerate(originals)]
for fd in originals:
    os.close(fd)
for i, fd in enumerate(fds):
    os.dup2(fd, 3 + i, inheritable=True)
    os.close(fd)
os.environ.update(LISTEN_FDS=str(len(fds)), LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES="x:" * len(fds))
os.execv(command[0], command)
"""


class Holder:
    """The sockets of a service whose daemon may be away."""

    def __init__(self, folder):
        self.path = folder / "in.sock"
        self.sockets = [socket.create_server(("127.0.0.1", 0), backlog=1000),
                        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)]
        self.sockets[1].bind(str(self.path))
        self.sockets[1].listen(1000)
        self.addresses = [f"tcp://127.0.0.1:{self.sockets[0].getsockname()[1]}", f"ipc://{self.path}"]

    def options(self, *sockets):
        fds = tuple(one.fileno() for one in sockets or self.sockets)
        hand_over = ["/usr/bin/python3", "-c", HAND_OVER, ",".join(map(str, fds))]
        return {"wrapper": hand_over, "pass_fds": fds, "drain_timeout": "5s"}

    def close(self):
        for one in self.sockets:
            one.close()
