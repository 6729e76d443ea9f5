"""Every kind of ZeroMQ socket that an endpoint can be, bound and connected: entries come out
once, in order and unharmed, and the ledger says so."""

import os
import pathlib
import signal

import pytest
import zmq
from logboom_story import (
    EXIT_CONFIGURATION,
    EXIT_FINE,
    PATIENCE_S,
    SANITIZED,
    Tally,
    config_text,
    new_context,
    numbered_json,
    run_logboomd,
    wait_until,
)

CLIENT_OF = {"pull": zmq.PUSH, "sub": zmq.XPUB, "router": zmq.DEALER, "rep": zmq.REQ, "pair": zmq.PAIR}
WHO_WAIT = ["pull", "router", "rep", "pair"]
MANY = 500 if SANITIZED else 3000


class Sender:
    """A client of an endpoint of this kind. `send` returns when the client is done with it: a
    request when it is answered."""

    def __init__(self, kind, connect=None, bind=None, **options):
        self.kind = kind
        self.socket = new_context().socket(CLIENT_OF[kind])
        self.socket.sndtimeo = self.socket.rcvtimeo = PATIENCE_S * 1000
        self.socket.linger = 0
        if kind == "sub":
            self.socket.sndhwm = 0
        for name, value in options.items():
            setattr(self.socket, name, value)
        if connect:
            self.socket.connect(connect)
        else:
            self.port = self.socket.bind_to_random_port("tcp://127.0.0.1") if bind is None else None
            if bind:
                wait_until(lambda: self._bind(bind), "the address is free")
        self.subscribed = kind != "sub"

    def _bind(self, address):
        try:
            self.socket.bind(address)
            return True
        except zmq.ZMQError as error:
            assert error.errno == zmq.EADDRINUSE
            return False

    def send(self, *frames):
        if not self.subscribed:
            assert self.socket.recv() == b"\x01"
            self.subscribed = True
        self.socket.send_multipart(frames)
        if self.kind == "rep":
            assert self.socket.recv_multipart() == [b"OK"]

    def send_numbered(self, client, count, first=0):
        for number in range(first, first + count):
            self.send(numbered_json(client, number))

    def close(self, linger_s=0):
        self.socket.close(linger=linger_s * 1000)


def endpoint(kind, **settings):
    return {"name": kind, "socket": kind, "bind": "tcp://127.0.0.1:0", **settings}


def check_all_written(daemon, counts, lines="all.log", how="line"):
    total = sum(counts.values())
    look = daemon.wait_written(total)
    assert daemon.stop() == EXIT_FINE
    assert look.received == total
    Tally((daemon.folder / lines).read_bytes(), how).check_complete(counts)


# ---- all kinds ---------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["bind", "connect"])
@pytest.mark.parametrize("kind", CLIENT_OF)
def test_what_is_sent_comes_out(start, kind, how):
    """A client of each kind, on either side of the connection, sends numbered entries."""
    count = MANY // 10 if kind == "rep" else MANY
    if how == "connect":
        one = Sender(kind)
        daemon = start(ingest=[{"name": "in", "socket": kind, "connect": f"tcp://127.0.0.1:{one.port}"}],
                       sink={"format": "line"})
    else:
        daemon = start(ingest=[endpoint(kind)], sink={"format": "line"})
        one = Sender(kind, daemon.address)
    one.send_numbered(0, count)
    check_all_written(daemon, {0: count})
    assert daemon.final.endpoint["messages"] == count
    assert daemon.final.gate["charged"] == 0


@pytest.mark.parametrize("kind", ["pull", "sub", "router", "rep"])
def test_many_clients_over_two_addresses(start, tmp_path, kind):
    """Clients over tcp and ipc at once, to one endpoint."""
    daemon = start(ingest=[endpoint(kind, bind=["tcp://127.0.0.1:0", f"ipc://{tmp_path}/in.sock"])],
                   sink={"format": "line"})
    senders = [Sender(kind, daemon.addresses[i % 2]) for i in range(6)]
    for first in range(0, 60, 20):
        for client, one in enumerate(senders):
            one.send_numbered(client, 20, first)
    check_all_written(daemon, {client: 60 for client in range(6)})


@pytest.mark.parametrize("kind", CLIENT_OF)
def test_a_client_that_binds_late_and_comes_back(start, kind):
    """The daemon connects to where nobody listens yet. Each time somebody does, what he sends is
    taken; then he goes away."""
    with_port = Sender("pull")
    address = f"tcp://127.0.0.1:{with_port.port}"
    with_port.close()
    daemon = start(ingest=[{"name": "in", "socket": kind, "connect": address}], sink={"format": "line"})
    for life in range(3):
        one = Sender(kind, bind=address)
        one.send_numbered(0, 50, first=50 * life)
        daemon.wait_written(50 * (life + 1))
        one.close()
    check_all_written(daemon, {0: 150})


@pytest.mark.parametrize("kind", WHO_WAIT)
def test_a_sink_that_stands_still_and_goes_on(start, fifo, kind):
    """Clients who can wait do so behind a full sink, and everything comes out once it is read.
    A request is answered only when it is taken."""
    daemon = start(ingest=[endpoint(kind, max_entry="4KiB", max_clients=16)],
                   sink={"format": "line", "queue": "256KiB"}, memory={"cap": "24MiB"})
    one = Sender(kind, daemon.address, sndhwm=10)
    sent = 0

    def next_batch():
        return b"\n".join(numbered_json(0, number) for number in range(sent, sent + 200))

    def stands_still():
        return "nothing more is received" in daemon.said

    if kind == "rep":
        answered = True
        while answered:
            one.socket.send(next_batch())
            sent += 200
            wait_until(lambda: one.socket.poll(20, zmq.POLLIN) or stands_still(), "an answer, or none")
            answered = one.socket.poll(0, zmq.POLLIN)
            assert not answered or one.socket.recv() == b"OK"
    while kind != "rep" and not stands_still():
        if one.socket.poll(20, zmq.POLLOUT):
            one.socket.send(next_batch())
            sent += 200
    look = daemon.ledger()
    assert look.received < sent
    fifo.begin()
    if kind == "rep":
        assert one.socket.recv() == b"OK"
    daemon.wait_ledger(lambda look: look.received == sent, "all received")
    assert daemon.stop() == EXIT_FINE
    Tally(fifo.end(), "line").check_complete({0: sent})


# ---- rep ---------------------------------------------------------------------------------------


def test_a_request_is_told_ok_whatever_was_in_it(start):
    """Bad documents, bytes that are no text, nothing at all, a topic without a payload."""
    daemon = start(ingest=[endpoint("rep"), {**endpoint("rep"), "name": "topics", "frames": "topic"}])
    one, two = Sender("rep", daemon.addresses[0]), Sender("rep", daemon.addresses[1])
    for request in [b'{"message":"no end', b"\xff\xfe\x00", b"", b"x" * 100_000, b'{"a":1}\n{"a":\n{"a":2}']:
        one.send(request)
    two.send(b"no topic")
    two.send(b"topic", b"payload")
    look = daemon.wait_written(8)
    assert look.endpoints["rep"]["received"] == 7 and look.endpoints["rep"]["refused"] == 0
    assert look.endpoints["topics"]["reasons"] == {"frames": 1}
    assert daemon.stop() == EXIT_FINE


def test_an_ok_is_of_an_entry_that_is_written_or_told_lost(start, tmp_path):
    """The daemon is stopped while clients ask. All that was answered is in the file."""
    daemon = start(ingest=[endpoint("rep")], sink={"format": "line"})
    senders = [Sender("rep", daemon.address) for _ in range(4)]
    answered = [0] * 4
    for turn in range(40):
        for client, one in enumerate(senders):
            one.socket.send(numbered_json(client, turn))
        if turn == 39:
            daemon.send_signal(signal.SIGTERM)
        for client, one in enumerate(senders):
            if one.socket.poll(1000 if turn == 39 else PATIENCE_S * 1000):
                assert one.socket.recv() == b"OK"
                answered[client] += 1
    assert daemon.wait_exit() == EXIT_FINE
    tally = Tally(daemon.log.read_bytes(), "line")
    tally.check_prefixes()
    assert all(len(tally.numbers[client]) >= answered[client] for client in range(4))


def test_requests_that_are_not_waited_for(start):
    """A DEALER talks as REQ does, and sends the next request before the last is answered. Each
    is answered, in order: the way back says which it was."""
    daemon = start(ingest=[endpoint("rep")], sink={"format": "line"})
    socket = new_context().socket(zmq.DEALER)
    socket.rcvtimeo = PATIENCE_S * 1000
    socket.connect(daemon.address)
    for number in range(MANY):
        socket.send_multipart([b"%d" % number, b"", numbered_json(0, number)])
    for number in range(MANY):
        assert socket.recv_multipart() == [b"%d" % number, b"", b"OK"]
    check_all_written(daemon, {0: MANY})
    assert "unanswered" not in daemon.final.endpoint


def test_requests_through_a_proxy(start):
    """Many REQs, one ROUTER-DEALER proxy, one connection to us."""
    daemon = start(ingest=[endpoint("rep")], sink={"format": "line"})
    context = new_context()
    front, back = context.socket(zmq.ROUTER), context.socket(zmq.DEALER)
    port = front.bind_to_random_port("tcp://127.0.0.1")
    back.connect(daemon.address)
    senders = [Sender("rep", f"tcp://127.0.0.1:{port}") for _ in range(5)]
    for number in range(20):
        for client, one in enumerate(senders):
            one.socket.send(numbered_json(client, number))
            back.send_multipart(front.recv_multipart())
        for _ in senders:
            front.send_multipart(back.recv_multipart())
        for one in senders:
            assert one.socket.recv() == b"OK"
    check_all_written(daemon, {client: 20 for client in range(5)})


# ---- router, pair, sub ---------------------------------------------------------------------------


def test_a_router_takes_a_client_that_comes_back_under_its_name(start, fifo):
    """Behind a sink that stands still a client sends, leaves and comes back with the same id. To
    ZeroMQ's ROUTER one of the two would be nobody; here both are read to the end."""
    daemon = start(ingest=[endpoint("router", max_entry="4KiB", max_clients=16)],
                   sink={"format": "line", "queue": "256KiB"}, memory={"cap": "24MiB"})
    for life in range(3):
        one = Sender("router", daemon.address, routing_id=b"app")
        one.send_numbered(life, 3000)
        one.close(linger_s=PATIENCE_S)
        one.socket.context.term()
    fifo.begin()
    daemon.wait_ledger(lambda look: look.received == 9000, "all received")
    assert daemon.stop() == EXIT_FINE
    Tally(fifo.end(), "line").check_complete({life: 3000 for life in range(3)})


def test_a_pair_serves_one_peer_after_the_other(start):
    """A second peer waits, without a handshake, until the first one has left; also when that is
    ten times in a row, and it is there at once."""
    daemon = start(ingest=[endpoint("pair")], sink={"format": "line"})
    peers = [Sender("pair", daemon.address)]
    peers[0].send_numbered(0, 10)
    daemon.wait_written(10)
    for client in range(1, 10):
        peers.append(Sender("pair", daemon.address))
        peers[-1].send_numbered(client, 10)
    daemon.wait_ledger(lambda look: look.gate["doors_closed"] == 1, "the others wait")
    assert daemon.ledger().received == 10
    for peer in range(10):
        daemon.wait_written(10 * (peer + 1))
        took = Tally(daemon.log.read_bytes(), "line")
        for client, one in enumerate(peers):
            if one and took.numbers[client]:
                one.close()
                peers[client] = None
    check_all_written(daemon, {client: 10 for client in range(10)})


def test_a_subscription_is_kept_on_our_side(start):
    """What is not wanted is counted, and its memory is free again: far more of it than the budget
    holds comes and goes, and what is wanted still comes."""
    daemon = start(ingest=[endpoint("sub", subscribe=["orders", "INFO"], max_clients=16)],
                   sink={"format": "{topic} {message}"}, memory={"cap": "24MiB"})
    one = Sender("sub", daemon.address)
    one.send(b"debug", b"first")
    for _ in range(300):
        one.send(b"debug." + b"x" * 10, b"x" * 100_000)
    one.send(b"orders.eu", b"two", b"three")
    one.send(b"INFOrmation")
    look = daemon.wait_written(3)
    assert look.endpoint["unwanted"] == 301 and look.endpoint["received"] == 3
    assert look.endpoint["messages"] == 303
    assert daemon.stop() == EXIT_FINE
    assert daemon.final.gate["charged"] == 0
    assert daemon.lines() == [b"orders.eu two", b"orders.eu three", b"- INFOrmation"]


# ---- frames --------------------------------------------------------------------------------------


def test_logstash_sends_many_events_behind_one_topic(start):
    """A message of up to 64 frames, each of which is an event; one of 65 costs the connection."""
    daemon = start(ingest=[endpoint("pull")], sink={"format": "{topic} {message}"})
    one = Sender("pull", daemon.address)
    one.send(b"logstash", *(numbered_json(0, number) for number in range(63)))
    daemon.wait_written(63)
    one.send(b"", b"a", b"b", b"c")
    daemon.wait_written(66)
    one.send(*[b"x"] * 65)
    daemon.wait_said("was cut off: a message had more than 64 frames")
    assert daemon.stop() == EXIT_FINE
    assert daemon.final.endpoint["messages"] == 2
    assert [line.split()[0] for line in daemon.lines()] == [b"logstash"] * 63 + [b"-"] * 3


@pytest.mark.parametrize("kind", WHO_WAIT)
def test_many_payloads_of_one_message_wait_in_the_middle(start, fifo, kind):
    """Messages whose payloads are together larger than the sink's queue, behind a sink that
    stands still: nothing is lost or taken twice when it goes on."""
    daemon = start(ingest=[endpoint(kind, max_entry="8KiB", max_clients=16)], memory={"cap": "24MiB"},
                   sink={"format": "{topic} {message}", "queue": "256KiB"})
    one = Sender(kind, daemon.address)
    payloads = [b"%03d " % number + b"x" * 4000 for number in range(240)]
    for first in range(0, 240, 60):
        if kind == "rep" and first > 0:
            break  # it is not answered
        one.socket.send_multipart([b"t", *payloads[first : first + 60]])
    sent = 60 if kind == "rep" else 240
    if kind != "rep":
        daemon.wait_said("nothing more is received")
        assert 0 < daemon.ledger().received < sent
    fifo.begin()
    daemon.wait_ledger(lambda look: look.received == sent, "all received")
    assert daemon.stop() == EXIT_FINE
    assert fifo.end().splitlines() == [b"t " + payload for payload in payloads[:sent]]


# ---- addresses -----------------------------------------------------------------------------------


def timers(here=None, there=None):
    """Of the established connections with these ports: which timer runs (02 is keepalive's)."""
    rows = [line.split() for name in ("tcp", "tcp6")
            for line in pathlib.Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    found = [(int(row[1].rpartition(":")[2], 16), int(row[2].rpartition(":")[2], 16), row[5][:2])
             for row in rows if row[3] == "01"]
    return [timer for ours, theirs, timer in found if here in (None, ours) and there in (None, theirs)]


def test_connections_are_kept_alive(start):
    """A peer whose machine has vanished is found out by the kernel, be it one that we accepted or
    one that we connected to."""
    far = Sender("pull")
    daemon = start(ingest=[endpoint("pull", connect=f"tcp://127.0.0.1:{far.port}")])
    near = Sender("pull", daemon.address)
    for one in (far, near):
        one.send(b"entry")
    daemon.wait_written(2)
    port = int(daemon.address.rpartition(":")[2])
    wait_until(lambda: timers(here=port) == ["02"], "the timer of the accepted one")
    wait_until(lambda: timers(there=far.port) == ["02"], "the timer of the other one")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_ipc_files_have_the_owner_group_and_mode_of_the_configuration(start, tmp_path):
    path = tmp_path / "in.sock"
    daemon = start(ingest=[endpoint("rep", bind=f"ipc://{path}",
                                    ipc={"mode": "0620", "owner": "root", "group": "adm"})])
    assert path.stat().st_mode & 0o7777 == 0o620
    assert path.owner() == "root" and path.group() == "adm"
    Sender("rep", daemon.address).send(b"entry")
    daemon.wait_written(1)


def test_check_names_users_that_there_are_not(tmp_path):
    config = tmp_path / "logboom.yaml"
    ipc = {"owner": "nobody-such", "group": "none-such"}
    config.write_text(config_text([endpoint("pull", bind=f"ipc://{tmp_path}/in.sock", ipc=ipc)],
                                  [{"name": "all", "type": "stdout"}]))
    told = run_logboomd("--check", "--config", config)
    assert told.returncode == EXIT_CONFIGURATION
    assert "there is no user 'nobody-such' to own the socket file" in told.stderr
    assert "there is no group 'none-such' for the socket file" in told.stderr
