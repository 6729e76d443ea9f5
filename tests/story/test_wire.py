"""Every client that is known to log over ZeroMQ is understood as it is: tests/wire/ has what each
of them sends, byte for byte, and what must become of it."""

import datetime
import fnmatch
import json
import pathlib

import pytest
import zmq
from logboom_story import EXIT_FINE, PATIENCE_S, new_context, run_logboomd

WIRE = pathlib.Path(__file__).parent.parent / "wire"
FIXTURES = {path.stem: json.loads(path.read_text()) for path in sorted(WIRE.glob("*.json"))}
ZONE = "XXX-05:45"

# What our end of a client's socket is.
ENDPOINTS = {"PUSH": "pull", "PUB": "sub", "REQ": "rep", "DEALER": "router", "PAIR": "pair"}


def frame_bytes(frame):
    return frame.encode() if isinstance(frame, str) else bytes.fromhex(frame["hex"])


class WireClient:
    """One way of one client to send its messages."""

    def __init__(self, context, name, fixture, way):
        self.kind, self.side = way.split()
        self.name = f"{name}-{self.kind}-{self.side}"
        self.messages = fixture["messages"]
        # An XPUB is a PUB that hears of subscriptions, so it can wait for ours.
        self.socket = context.socket(zmq.XPUB if self.kind == "PUB" else getattr(zmq, self.kind))
        self.socket.rcvtimeo = self.socket.sndtimeo = PATIENCE_S * 1000
        self.endpoint = {"name": self.name, "socket": ENDPOINTS[self.kind], "max_clients": 2,
                         **fixture.get("endpoint", {})}
        if self.side == "bind":
            self.socket.bind("tcp://127.0.0.1:*")
            self.endpoint["connect"] = self.socket.last_endpoint.decode()
        else:
            self.endpoint["bind"] = "tcp://127.0.0.1:0"

    def begin(self, address):
        if self.side == "connect":
            self.socket.connect(address)
        if self.kind == "PUB":
            assert self.socket.recv() == b"\1"  # to everything

    def send(self, message):
        self.socket.send_multipart([frame_bytes(frame) for frame in message["frames"]])
        if self.kind == "REQ":
            assert self.socket.recv() == b"OK"


def known_sockets():
    """The words of an endpoint's `socket:` in this build."""
    lines = run_logboomd("--help-config").stdout.splitlines()
    row = next(line for line in lines if line.split()[:1] == ["socket:"])
    return row.replace(",", " ").replace(";", " ").split()


def is_as_expected(shown, expected, began):
    """Everything is the same, and so is the order of keys; see tests/wire/README.md."""
    shown, expected = dict(shown), dict(expected)
    time, pattern = shown.pop("time"), expected.pop("time")
    if pattern == "received":
        now = datetime.datetime.now(datetime.timezone.utc)
        slack = datetime.timedelta(seconds=2)  # the clock may be set
        if not began - slack <= datetime.datetime.fromisoformat(time.replace("Z", "+00:00")) <= now + slack:
            return False
    elif not fnmatch.fnmatchcase(time, pattern):
        return False
    marks = {key: value for key, value in shown.pop("_logboom", {}).items() if key in ("malformed", "cut")}
    return marks == expected.pop("_logboom", {}) and list(shown.items()) == list(expected.items())


def check_client(daemon, one, began, lines_before):
    """Sends what it has to say. What came of it: complaints, and the lines that are there now."""
    complaints, count = [], lines_before
    for message in one.messages:
        one.send(message)
        count += len(message["entries"])
        lines = daemon.wait_lines(count)[count - len(message["entries"]):]
        for line, expected in zip(lines, message["entries"], strict=True):
            if not is_as_expected(json.loads(line), expected, began):
                complaints.append(f"{one.name}: {message['frames']}\n  wanted {json.dumps(expected)}\n"
                                  f"  became {line.decode()}")
    return complaints, count


@pytest.mark.parametrize("kind", ENDPOINTS)
def test_what_clients_send_is_understood(start, kind):
    """Every client of this kind of socket sends its messages, one client after the other, to an
    endpoint that knows nothing of it but the address. Each entry is what the fixture says; what
    must be refused is refused; nothing else comes."""
    if ENDPOINTS[kind] not in known_sockets():
        pytest.skip(f"no {ENDPOINTS[kind]} sockets yet")
    context = new_context()
    clients = [WireClient(context, name, fixture, way) for name, fixture in FIXTURES.items()
               for way in fixture["sockets"] if way.split()[0] == kind]
    if not clients:
        pytest.skip("no such client")
    began = datetime.datetime.now(datetime.timezone.utc)
    daemon = start(ingest=[one.endpoint for one in clients], sink={"format": "json"},
                   memory={"cap": "512MiB"}, env={"TZ": ZONE})
    addresses = iter(daemon.addresses)
    complaints, count = [], 0
    for one, address in zip(clients, addresses, strict=True):
        one.begin(address)
        new_complaints, count = check_client(daemon, one, began, count)
        complaints += new_complaints
    refused = sum(not message["entries"] for one in clients for message in one.messages)
    daemon.wait_ledger(lambda look: sum(it["refused"] for it in look.endpoints.values()) == refused)
    assert not complaints, "\n".join(complaints)
    assert daemon.stop() == EXIT_FINE
    assert len(daemon.lines()) == count
