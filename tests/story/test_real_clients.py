"""Clients as others wrote them, not as we read them: pyzmq's own handler, a record of Python's
logging as JSON, rsyslog's omczmq, and czmq. What is not installed is skipped; tests/wire has what
each of them sends."""

import ctypes
import ctypes.util
import json
import logging
import pathlib
import shutil
import socket
import subprocess
import sys

import pytest
import zmq
from logboom_story import EXIT_FINE, new_context, numbered_text, wait_until
from receivers import free_port, wait_listening
from zmq.log.handlers import PUBHandler

COUNT = 500
OMCZMQ = next(iter(pathlib.Path("/usr/lib").glob("*/rsyslog/omczmq.so")), None)
CZMQ = ctypes.util.find_library("czmq")


def numbered(number):
    return numbered_text(1, number).decode()


def documents(daemon, count):
    daemon.wait_written(count)
    assert daemon.stop() == EXIT_FINE
    return [json.loads(line) for line in daemon.log.read_text().splitlines()]


@pytest.fixture
def logger():
    """One of Python's, alone."""
    logger = logging.Logger("shop", logging.DEBUG)
    yield logger
    for handler in list(logger.handlers):
        handler.close()


def subscribed(publisher):
    """Waits for the daemon's subscription, which an XPUB hears of."""
    publisher.rcvtimeo = 60000
    assert publisher.recv() == b"\1"


@pytest.mark.parametrize("side", ["bind", "connect"])
def test_pyzmq_handler(start, logger, side):
    """Python's logging through pyzmq's PUBHandler, whichever side binds: each record is there, in
    order, with its level, and the traceback stays within its entry."""
    publisher = new_context().socket(zmq.XPUB)
    publisher.sndhwm = 0
    if side == "bind":
        publisher.bind("tcp://127.0.0.1:*")
        daemon = start(endpoint={"socket": "sub", "connect": publisher.last_endpoint.decode(), "bind": []},
                       sink={"format": "json"})
    else:
        daemon = start(endpoint={"socket": "sub"}, sink={"format": "json"})
        publisher.connect(daemon.address)
    subscribed(publisher)
    handler = PUBHandler(publisher)
    handler.root_topic = "shop"
    logger.addHandler(handler)
    for i in range(COUNT):
        logger.info(numbered(i))
    logger.warning("db::slow")
    try:
        raise ValueError("no stock")
    except ValueError:
        logger.exception("failed")
    entries = documents(daemon, COUNT + 2)
    assert [entry["message"] for entry in entries[:COUNT]] == [numbered(i) for i in range(COUNT)]
    assert {(entry["level"], entry["topic"]) for entry in entries[:COUNT]} == {("info", "shop.INFO")}
    assert (entries[COUNT]["level"], entries[COUNT]["topic"]) == ("warning", "shop.WARNING.db")
    assert entries[COUNT + 1]["level"] == "error"
    assert "\nValueError: no stock" in entries[COUNT + 1]["message"]


class RecordHandler(logging.Handler):
    """As Python's logging cookbook sends records over ZeroMQ."""

    def __init__(self, socket):
        super().__init__()
        self.socket = socket

    def emit(self, record):
        record.getMessage()
        self.socket.send_json(record.__dict__)


def test_records_of_python(start, logger, client):
    """The dictionary of a record as JSON: time, level and logger are found in it."""
    daemon = start(sink={"format": "json"})
    logger.addHandler(RecordHandler(client(daemon.address).socket))
    for i in range(COUNT):
        logger.error(numbered(i))
    entries = documents(daemon, COUNT)
    assert [entry["message"] for entry in entries] == [numbered(i) for i in range(COUNT)]
    assert {(entry["level"], entry["app"]) for entry in entries} == {("error", "shop")}
    assert daemon.final.endpoint["malformed"] == 0


@pytest.mark.skipif(not shutil.which("rsyslogd") or not OMCZMQ, reason="rsyslog-czmq is not installed")
@pytest.mark.parametrize("kind", ["PUSH", "DEALER"])
def test_rsyslog_omczmq(start, program, client, tmp_path, kind):
    """rsyslog sends on what it gets on a port, as RFC 5424: each message once, in order."""
    daemon = start(endpoint={"socket": "pull" if kind == "PUSH" else "router"}, sink={"format": "json"})
    port = free_port()
    (tmp_path / "rsyslog.conf").write_text(
        'module(load="imtcp")\nmodule(load="omczmq")\n'
        f'input(type="imtcp" port="{port}" address="127.0.0.1")\n'
        f'action(type="omczmq" socktype="{kind}" endpoints="{daemon.address}" '
        'template="RSYSLOG_SyslogProtocol23Format")\n')
    rsyslog = program("rsyslogd", "-n", "-f", tmp_path / "rsyslog.conf", "-i", tmp_path / "rsyslog.pid")
    wait_listening(("127.0.0.1", port))
    with socket.create_connection(("127.0.0.1", port)) as sender:
        for i in range(COUNT):
            sender.sendall(f"<11>1 2026-11-23T03:34:12.5Z web shop 17 - - {numbered(i)}\n".encode())
    entries = documents(daemon, COUNT)
    rsyslog.end()
    assert [entry["message"] for entry in entries] == [numbered(i) for i in range(COUNT)]
    assert {(entry["level"], entry["host"], entry["app"]) for entry in entries} == {("error", "web", "shop")}
    assert {entry["time"] for entry in entries} == {"2026-11-23T03:34:12.500000Z"}


CZMQ_PROGRAM = """
import ctypes, sys
czmq = ctypes.CDLL(sys.argv[1])
czmq.zsys_set_logstream(None)  # which is stdout otherwise
czmq.zsys_set_logident(b"shop")
czmq.zsys_set_logsender(sys.argv[2].encode())
print("ready", flush=True)
while True:
    line = sys.stdin.readline().rstrip("\\n")
    if not line:
        break
    czmq.zsys_warning(b"%s", line.encode())
"""


@pytest.mark.skipif(not CZMQ, reason="libczmq4 is not installed")
def test_czmq(start, tmp_path):
    """zsys_warning and its like, from a process of czmq's own, whose publisher binds. What it says
    before the daemon has subscribed nobody hears; from the first line heard on, each is there."""
    address = f"ipc://{tmp_path}/czmq.sock"
    daemon = start(endpoint={"socket": "sub", "connect": address, "bind": []}, sink={"format": "json"})
    program = subprocess.Popen([sys.executable, "-c", CZMQ_PROGRAM, CZMQ, "@" + address], text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert program.stdout.readline() == "ready\n"

        def is_heard():
            program.stdin.write("hello\n")
            program.stdin.flush()
            return "hello" in daemon.log.read_text()

        wait_until(is_heard, "czmq's publisher")
        for i in range(COUNT):
            program.stdin.write(numbered(i) + "\n")
        program.stdin.flush()
        wait_until(lambda: numbered(COUNT - 1) in daemon.log.read_text(), "the last of czmq's lines")
    finally:
        program.kill()
        program.communicate()
    assert daemon.stop() == EXIT_FINE
    entries = [json.loads(line) for line in daemon.log.read_text().splitlines()]
    entries = [entry for entry in entries if entry["message"] != "hello"]
    assert [entry["message"] for entry in entries] == [numbered(i) for i in range(COUNT)]
    assert {(entry["level"], entry["app"]) for entry in entries} == {("warning", "shop")}
