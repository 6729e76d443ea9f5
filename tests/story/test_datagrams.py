"""Each entry is a datagram: for syslog daemons, /dev/log and the journal."""

import contextlib
import os
import re
import select
import socket
import threading

import pytest
from logboom_story import EXIT_FINE, EXIT_LOSSES, Tally, numbered_batches, numbered_json, wait_until
from receivers import free_port


class Datagrams:
    """Receives datagrams at 127.0.0.1 or at a path, until it is told to end."""

    def __init__(self, where=("127.0.0.1", 0)):
        self.where, self.got = where, []
        self.open()

    def open(self):
        is_path = isinstance(self.where, str)
        self.socket = socket.socket(socket.AF_UNIX if is_path else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        if is_path:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.where)
        self.socket.bind(self.where)
        if not is_path:
            self.where = self.socket.getsockname()
        self.ending = False
        self.thread = threading.Thread(target=self._receive, daemon=True)
        self.thread.start()

    def _receive(self):
        while not self.ending:
            if select.select([self.socket], [], [], 0.05)[0]:
                self.got.append(self.socket.recv(1 << 18))

    def end(self):
        self.ending = True
        self.thread.join()
        self.socket.close()

    @property
    def sink(self):
        if isinstance(self.where, str):
            return {"type": "unix-dgram", "address": self.where}
        return {"type": "udp", "address": f"127.0.0.1:{self.where[1]}"}

    def lines(self):
        return b"".join(one + b"\n" for one in list(self.got))


@pytest.fixture
def datagrams():
    made = []

    def make(*arguments):
        made.append(Datagrams(*arguments))
        return made[-1]

    yield make
    for one in made:
        one.end()


def test_entries_arrive_at_a_socket_file_like_dev_log(start, client, datagrams, tmp_path):
    """Its receiver is slower than the client, and the kernel keeps but a few datagrams: entries
    wait, and all arrive, each in a datagram of its own, without a newline, in order."""
    log = datagrams(f"{tmp_path}/dev-log")
    daemon = start(sinks=[{"name": "syslog", "format": "line", **log.sink}])
    client(daemon.address).send(*numbered_batches(0, 10_000, 20_000))
    daemon.wait_written(10_000)
    assert daemon.stop(sent=10_000) == EXIT_FINE
    wait_until(lambda: len(log.got) == 10_000, "all of it")
    assert not any(b"\n" in one for one in log.got)
    Tally(log.lines(), "line").check_complete({0: 10_000})


def test_rfc3164_as_programs_on_this_machine_write_it(start, client, datagrams, tmp_path):
    """What glibc's syslog(3) sends to /dev/log looks like this, but for the host."""
    log = datagrams(f"{tmp_path}/dev-log")
    daemon = start(sinks=[{"name": "syslog", "format": "rfc3164", **log.sink}])
    client(daemon.address).send(b'{"app":"shop","level":"warn","host":"web-01","message":"paid late"}')
    daemon.wait_written(1)
    wait_until(lambda: log.got, "the datagram")
    assert re.fullmatch(rb"<12>\w{3} [ \d]\d \d\d:\d\d:\d\d web-01 shop: paid late", log.got[0])


def test_a_receiver_at_a_socket_file_that_is_restarted(start, client, datagrams, tmp_path):
    """As when the syslog daemon is upgraded: entries wait, and go on when it is back."""
    log = datagrams(f"{tmp_path}/dev-log")
    daemon = start(sinks=[{"name": "syslog", "format": "line", **log.sink}])
    one = client(daemon.address)
    one.send(*(numbered_json(0, i) for i in range(50)))
    daemon.wait_written(50)
    wait_until(lambda: len(log.got) == 50, "the first")
    log.end()
    one.send(*(numbered_json(0, i) for i in range(50, 100)))
    daemon.wait_said("is lost: Connection refused; ")
    daemon.wait_ledger(lambda look: look.sink["queued"] == 50)
    log.open()
    daemon.wait_written(100)
    daemon.wait_said("sink syslog: connected to ", times=2)
    assert daemon.stop(sent=100) == EXIT_FINE
    wait_until(lambda: len(log.got) == 100, "all of it")
    Tally(log.lines(), "line").check_complete({0: 100})


def test_a_socket_file_that_nobody_made_is_waited_for(start, client, tmp_path):
    """At boot the syslog daemon may come later; if it never does, the losses are counted."""
    daemon = start(sinks=[{"name": "syslog", "type": "unix-dgram", "address": f"{tmp_path}/none"}],
                   drain_timeout="500ms")
    assert f"cannot connect to '{tmp_path}/none': No such file or directory" in daemon.said
    client(daemon.address).send(*(numbered_json(0, i) for i in range(10)))
    daemon.wait_ledger(lambda look: look.sink["queued"] == 10)
    assert daemon.stop() == EXIT_LOSSES
    assert daemon.final.sink["reasons"] == {"shutdown": 10}


def test_udp_sends_what_its_receiver_can_take(start, client, datagrams):
    """On loopback, and at a pace that the receiver keeps, nothing is lost."""
    log = datagrams()
    daemon = start(sinks=[{"name": "central", "format": "line", **log.sink}])
    one = client(daemon.address)
    for first in range(0, 5000, 100):
        one.send(*(numbered_json(0, first + i) for i in range(100)))
        wait_until(lambda n=first + 100: len(log.got) == n, "this round")
    assert daemon.stop(sent=5000) == EXIT_FINE
    Tally(log.lines(), "line").check_complete({0: 5000})


def test_udp_waits_for_a_receiver_that_is_restarted_but_not_for_ever(start, client, datagrams):
    """Nobody listens: entries are held back, but for one now and then that finds out. A receiver that
    comes back gets them. One that does not come within `timeout` is no longer waited for: clients
    go on, and the log says that what is sent is lost."""
    log = datagrams()
    daemon = start(sinks=[{"name": "central", "format": "line", "timeout": "2s", **log.sink}])
    one = client(daemon.address)
    one.send(numbered_json(0, 0))
    wait_until(lambda: len(log.got) == 1, "the first")
    log.end()
    one.send(numbered_json(0, 1))
    daemon.wait_said("sink central: nobody listens at '127.0.0.1:")
    one.send(*(numbered_json(0, i) for i in range(2, 200)))
    daemon.wait_ledger(lambda look: look.sink["offered"] == 200 and look.sink["queued"] > 150)
    log.open()
    daemon.wait_written(200)
    daemon.wait_said("sink central: connected to ")
    wait_until(lambda: Tally(log.lines(), "line").numbers[0][-1] == 199, "the last")
    tally = Tally(log.lines(), "line")
    assert tally.torn == 0 and tally.faults(0, 200).keys() <= {"lost"} and tally.total > 180
    log.end()
    one.send(numbered_json(0, 200))
    daemon.wait_said("sink central: nobody listens at '127.0.0.1:", times=2)
    one.send(*(numbered_json(0, i) for i in range(201, 1000)))
    daemon.wait_written(1000)
    daemon.wait_said("sink central: nobody has listened at '127.0.0.1:")
    assert daemon.stop(sent=1000) == EXIT_FINE


def test_what_is_too_long_is_cut_and_counted(start, client, datagrams):
    """UDP carries 65,507 bytes; the end of a longer entry is missing, and nothing else is."""
    log = datagrams()
    daemon = start(endpoint={"max_entry": "128KiB"},
                   sinks=[{"name": "central", "format": "{message}", **log.sink}])
    client(daemon.address).send("x" * 65507, "é" * 40000, "short")
    daemon.wait_written(3)
    wait_until(lambda: len(log.got) == 3, "all")
    assert log.got == [b"x" * 65507, b"\xc3\xa9" * 32753, b"short"]
    assert daemon.ledger().sink["cut"] == 1


@pytest.mark.parametrize("way", ["udp", "unix-dgram"])
def test_rsyslog_takes_datagrams(start, client, program, tmp_path, way):
    """imudp, and imuxsock, which is what listens behind /dev/log. Over UDP they are sent no faster
    than rsyslog has them in its file, since a datagram too many is lost there."""
    port, path, out = free_port(), tmp_path / "log.sock", tmp_path / "rsyslog.out"
    inputs = {"udp": f'module(load="imudp")\ninput(type="imudp" address="127.0.0.1" port="{port}")\n',
              "unix-dgram": f'module(load="imuxsock" SysSock.Use="off")\ninput(type="imuxsock" socket="{path}" '
                            'RateLimit.Interval="0" usePIDFromSystem="off")\n'}
    (tmp_path / "rsyslog.conf").write_text(
        inputs[way] + 'template(name="only" type="string" string="%syslogtag%%msg%\\n")\n'
        f'*.* action(type="omfile" file="{out}" template="only")\n')
    program("rsyslogd", "-n", "-f", tmp_path / "rsyslog.conf", "-i", tmp_path / "rsyslog.pid")
    if way == "udp":
        wait_until(lambda: f"0100007F:{port:04X}" in open("/proc/net/udp").read(), "rsyslog's socket")
    else:
        wait_until(path.exists, "rsyslog's socket")
    address = f"127.0.0.1:{port}" if way == "udp" else str(path)
    daemon = start(sinks=[{"name": "central", "type": way, "address": address, "format": "rfc3164"}])
    one = client(daemon.address)
    for first in range(0, 300, 30):
        one.send(*(numbered_json(7, first + i) for i in range(30)))
        wait_until(lambda n=first + 30: out.exists() and out.read_bytes().count(b"client07") >= n, "rsyslog's file")
    assert daemon.stop(sent=300) == EXIT_FINE
    ours = re.findall(rb"client07: (c07 .*)\n", out.read_bytes())
    Tally(b"".join(b"[2026-11-23T03:34:12.000000Z] info: %s\n" % one for one in ours),
          "line").check_complete({7: 300})
