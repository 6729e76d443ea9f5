"""Sinks that are ZeroMQ sockets: push and pub, for another logboomd and for any client."""

import contextlib
import json
import re
import signal
import threading

import pytest
import zmq
from logboom_story import (
    EXIT_FINE,
    EXIT_LOSSES,
    PATIENCE_S,
    SANITIZED,
    Output,
    Tally,
    new_context,
    numbered_batches,
    numbered_json,
    wait_until,
)
from receivers import free_port
from zmtp_peer import Peer, command, frame, ready

MIB = 1 << 20


class Listener:
    """A PULL or SUB that gathers what it receives, until it is told to end."""

    def __init__(self, kind, connect=None, bind=None, topics=(b"",), **options):
        self.socket = new_context().socket(kind)
        self.socket.rcvtimeo = 50
        for name, value in options.items():
            setattr(self.socket, name, value)
        if kind == zmq.SUB:
            for topic in topics:
                self.socket.subscribe(topic)
        if connect:
            self.socket.connect(connect)
        if bind:
            self.socket.bind(bind)
        self.got, self.ending = [], False
        self.thread = threading.Thread(target=self._receive, daemon=True)
        self.thread.start()

    def _receive(self):
        while not self.ending:
            with contextlib.suppress(zmq.Again):
                self.got.append(self.socket.recv_multipart())

    def wait(self, count):
        wait_until(lambda: len(self.got) >= count, lambda: f"{count} messages, got {len(self.got)}")
        return self

    def lines(self):
        return b"".join(frames[-1] + b"\n" for frames in list(self.got))

    def end(self):
        self.ending = True
        self.thread.join()
        self.socket.close(linger=0)


@pytest.fixture
def listener():
    made = []

    def make(*arguments, **options):
        made.append(Listener(*arguments, **options))
        return made[-1]

    yield make
    for one in made:
        if not one.ending:
            one.end()


def listens_on(daemon, sink="out"):
    """Where a sink that binds listens."""
    return re.search(rf"sink {sink}: listens on (\S+)\n", daemon.said)[1]


def push_sink(**settings):
    return {"name": "out", "type": "zmq", "format": "json", **settings}


def pub_sink(**settings):
    return push_sink(socket="pub", **settings)


def subscribe(one, daemon, client, probe=b'{"app":"probe","level":"info","message":"-"}'):
    """A subscriber hears nothing until its subscription has come: sends until it does."""
    sent = 0
    while not one.got:
        client.send(probe)
        sent += 1
        daemon.wait_ledger(lambda look, n=sent: look.endpoint["received"] >= n)
    return sent


def send_in_rounds(client, count, arrived):
    """A pipe holds a thousand: whoever takes that, however slowly, misses nothing."""
    for first in range(0, count, 1000):
        client.send(*numbered_batches(0, 1000, first=first))
        wait_until(lambda n=first + 1000: arrived() == n, lambda: f"this round, {arrived()} arrived")


# ---- push -------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["bind", "connect"])
@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_a_pull_gets_each_entry_as_a_message(start, client, listener, tmp_path, side, transport):
    """Either side may listen; each entry is a message without a newline, in order, none lost."""
    place = {"tcp": f"tcp://127.0.0.1:{free_port()}", "ipc": f"ipc://{tmp_path}/out.sock"}[transport]
    daemon = start(sinks=[push_sink(**{side: place})])
    pull = listener(zmq.PULL, **{"connect" if side == "bind" else "bind": place})
    client(daemon.address).send(*numbered_batches(0, 20_000))
    pull.wait(20_000)
    assert daemon.stop(sent=20_000) == EXIT_FINE
    assert all(len(frames) == 1 for frames in pull.got)
    assert not any(b"\n" in frames[0] for frames in pull.got)
    Tally(pull.lines(), "json").check_complete({0: 20_000})


def test_nobody_is_there_at_first(start, client, listener):
    """Entries wait in the sink's queue, where they are counted, and the log says why, once; when
    somebody comes they all go out."""
    port = free_port()
    daemon = start(sinks=[push_sink(connect=f"tcp://127.0.0.1:{port}")])
    client(daemon.address).send(*(numbered_json(0, i) for i in range(50)))
    daemon.wait_said(f"sink out: nobody is connected to 'tcp://127.0.0.1:{port}'; ")
    daemon.wait_ledger(lambda look: look.sink["queued"] == 50)
    pull = listener(zmq.PULL, bind=f"tcp://127.0.0.1:{port}").wait(50)
    daemon.wait_said("sink out: somebody is connected to")
    assert daemon.stop(sent=50) == EXIT_FINE
    assert daemon.said.count("nobody is connected") == 1
    Tally(pull.lines(), "json").check_complete({0: 50})


def test_nobody_ever_comes(start, client):
    """At the stop what waited is dropped, counted, and admitted by the exit status."""
    daemon = start(sinks=[push_sink(connect=f"tcp://127.0.0.1:{free_port()}")], drain_timeout="500ms")
    client(daemon.address).send(*(numbered_json(0, i) for i in range(10)))
    daemon.wait_ledger(lambda look: look.sink["queued"] == 10)
    assert daemon.stop() == EXIT_LOSSES
    assert daemon.final.sink["reasons"] == {"shutdown": 10}


# ---- pub --------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["bind", "connect"])
def test_a_sub_gets_what_is_published_while_it_listens(start, client, listener, side):
    place = f"tcp://127.0.0.1:{free_port()}"
    daemon = start(sinks=[pub_sink(**{side: place})])
    sub = listener(zmq.SUB, rcvhwm=0, **{"connect" if side == "bind" else "bind": place})
    one = client(daemon.address)
    probes = subscribe(sub, daemon, one)
    send_in_rounds(one, 20_000, lambda: sub.lines().count(b"client00"))
    assert daemon.stop(sent=20_000 + probes) == EXIT_FINE
    lines = [line for line in sub.lines().splitlines(keepends=True) if b"client00" in line]
    Tally(b"".join(lines), "json").check_complete({0: 20_000})


def test_topics_are_made_of_entries_and_chosen_by_prefix(start, client, listener):
    """'{app}.{level}' in a frame in front: a subscriber names the beginning of what it wants."""
    place = f"tcp://127.0.0.1:{free_port()}"
    daemon = start(sinks=[pub_sink(bind=place, topic="{app}.{level}", format="line")])
    everything = listener(zmq.SUB, connect=place)
    errors = listener(zmq.SUB, connect=place, topics=[b"shop.err"])
    one = client(daemon.address)
    probe = b'{"app":"shop","level":"error","message":"probe"}'
    subscribe(errors, daemon, one, probe)
    subscribe(everything, daemon, one, probe)
    one.send(b'{"app":"shop","level":"info","message":"sold"}',
             b'{"app":"web 1","level":"error","message":"a\\nb"}',
             b'{"message":"nobody said who"}',
             b'{"app":"shop","level":"error","message":"out of stock"}')
    wait_until(lambda: errors.got[-1][1].endswith(b"out of stock"), "the last")
    wait_until(lambda: everything.got[-1][1].endswith(b"out of stock"), "the last")
    assert [f[0] for f in everything.got[-4:]] == [b"shop.info", b"web\\x201.error", b"-.-", b"shop.error"]
    assert [f[1].split(b"] ")[1] for f in everything.got[-4:]] == [
        b"info: sold", b"error: a\\nb", b"-: nobody said who", b"error: out of stock"]
    assert {f[0] for f in errors.got} == {b"shop.error"}


# ---- chains -----------------------------------------------------------------------------------


FULL = {"time": "2026-11-23T03:34:12.500001Z", "level": "warning", "host": "web-01", "app": "shop",
        "message": "paid late:\n17 \u00e4", "user": "u-4821", "n": 17, "deep": {"a": [1, None]}}


@pytest.mark.parametrize("socket, endpoint", [("push", "pull"), ("pub", "sub")])
def test_two_daemons_in_a_row(start, client, tmp_path, socket, endpoint):
    """What the second writes is what the first would have written: time, host, app, level and
    fields survive; every entry arrives, in order, with the right checksum."""
    place = f"ipc://{tmp_path}/chain.sock"
    last = start("last", endpoint={"socket": endpoint, "bind": place}, sink={"format": "json"})
    first = start("first", sinks=[push_sink(socket=socket, connect=place),
                                  {"name": "own", "type": "file", "path": "own.log", "format": "json"}])
    one = client(first.address)
    sent = 0
    while not last.log.read_bytes():  # a sub is there when the first of what is published arrives
        one.send(b'{"message":"probe","time":"2026-11-23T03:34:12Z"}')
        sent += 1
        first.wait_written(sent)
        wait_until(lambda: last.ledger().received or socket == "pub", "the probe")
    one.send(json.dumps(FULL), b"plain text")
    send_in_rounds(one, 10_000, lambda: last.log.read_bytes().count(b"client00"))
    first.wait_written(sent + 10_002)
    assert first.stop(sent=sent + 10_002) == EXIT_FINE
    assert last.stop() == EXIT_FINE
    mine, other = ([line for line in daemon.lines(name) if b"probe" not in line]
                   for daemon, name in ((first, "own.log"), (last, "all.log")))
    assert other == mine
    assert json.loads(other[0]) == FULL
    Tally(b"".join(line + b"\n" for line in other[2:]), "json").check_complete({0: 10_000})


def test_a_notice_goes_through_a_chain(start, client, listener, tmp_path):
    """What was dropped in the first daemon is told by the second, too."""
    place = f"ipc://{tmp_path}/chain.sock"
    first = start("first", sinks=[push_sink(connect=place, queue="512KiB", when_full="drop_oldest")])
    client(first.address).send(*numbered_batches(0, 20_000))
    first.wait_ledger(lambda look: look.sink["offered"] == 20_000 and look.sink["dropped"] > 0)
    last = start("last", endpoint={"bind": place}, sink={"format": "json"})
    first.wait_ledger(lambda look: look.sink["queued"] == 0 and look.sink["notices"] > 0)
    assert first.stop(sent=20_000) == EXIT_FINE
    dropped = first.final.sink["dropped"]
    last.wait_ledger(lambda look: look.received == 20_000 - dropped + first.final.sink["notices"])
    assert last.stop() == EXIT_FINE
    told = [json.loads(line)["_logboom.2"] for line in last.lines() if b"_logboom.2" in line]
    assert sum(one["dropped"] for one in told) == dropped
    assert {one["sink"] for one in told} == {"out"}


UNDER_LOAD = 20_000 if SANITIZED else 200_000
IN_HAND = 8192 // 150 + 1  # what ZeroMQ has taken from a pipe and not given to the kernel


def test_the_next_daemon_is_restarted_under_load(start, client, tmp_path):
    """It stops in the orderly way and comes back, again and again, while entries flow. The first
    lets its clients wait meanwhile. What a pipe holds is sent to the next one; all that is lost is
    what ZeroMQ had in its hands at that moment, 8 KiB at most. Nothing comes twice."""
    place = f"ipc://{tmp_path}/chain.sock"
    first = start("first", sinks=[push_sink(connect=place)])
    one = client(first.address)
    thread = threading.Thread(target=lambda: one.send(*numbered_batches(0, UNDER_LOAD)), daemon=True)
    thread.start()
    received, restarts = 0, 0
    while received < UNDER_LOAD // 2:
        last = start("last", endpoint={"bind": place}, sink={"format": "json"})
        last.wait_ledger(lambda look: look.received >= UNDER_LOAD // 10)
        assert last.stop() == EXIT_FINE
        received += last.final.received
        restarts += 1
    last = start("last", endpoint={"bind": place}, sink={"format": "json"})
    thread.join()
    first.wait_written(UNDER_LOAD)
    assert first.stop(sent=UNDER_LOAD) == EXIT_FINE
    assert last.stop() == EXIT_FINE
    tally = Tally(last.log.read_bytes(), "json")
    faults = tally.faults(0, UNDER_LOAD)
    assert tally.torn == 0 and faults.keys() <= {"lost"}
    assert faults.get("lost", 0) <= restarts * IN_HAND


# ---- bad company -------------------------------------------------------------------------------


def check_peak(daemon):
    cap = int(re.search(r"\(cap (\d+) MiB", daemon.said)[1]) * MIB
    assert SANITIZED or daemon.peak_bytes() <= cap, (daemon.peak_bytes() / MIB, cap / MIB)


def stand_still(address, kind, count, after=b""):
    """Peers that shake hands, say what they want, and then read nothing."""
    peers = []
    for _ in range(count):
        peers.append(Peer(address).shake_hands(kind))
        peers[-1].send(after)
    return peers


ALL = frame(b"\x01")  # the subscription to everything, as a message


def other_sink():
    return {"name": "other", "type": "file", "path": "other.log", "format": "json"}


def long_entries(count, size):
    for number in range(count):
        yield json.dumps({"app": "long", "message": f"{number:06d} " + "y" * (size - 100)})


@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_a_hundred_subscribers_that_never_read(start, client, listener, tmp_path, transport):
    """Their kernels fill, and then all of the sink's memory is with them: they are cut off, which is
    told. One subscriber that reads misses nothing, nor does the other sink; memory stays below its
    cap."""
    bind = {"tcp": "tcp://127.0.0.1:0", "ipc": f"ipc://{tmp_path}/pub.sock"}[transport]
    daemon = start(memory={"cap": "128MiB"}, sinks=[
        pub_sink(bind=bind, max_clients=110, timeout="3s"), other_sink()])
    place = listens_on(daemon)
    good = listener(zmq.SUB, connect=place, rcvhwm=0)
    one = client(daemon.address)
    probes = subscribe(good, daemon, one)
    still = stand_still(place, b"SUB", 100, ALL)
    count = 4000
    one.send(*long_entries(count, 30_000))
    daemon.wait_written(count + probes, patience_s=2 * PATIENCE_S)
    check_peak(daemon)
    daemon.wait_said("was cut off: it took nothing")
    wait_until(lambda: all(peer.wait_cut(0.01) for peer in still), "all are cut off")
    check_peak(daemon)
    assert daemon.stop(sent=count + probes) == EXIT_FINE
    good.wait(count + 1)
    assert len([f[0] for f in good.got if b'"long"' in f[0]]) == count
    assert len(daemon.lines("other.log")) == count + probes
    for peer in still:
        peer.close()


@pytest.mark.parametrize("policy", ["drop_newest", "drop_oldest"])
def test_a_pull_that_never_reads(start, client, listener, policy):
    """The sink drops by its policy, and counts; the other one gets everything."""
    daemon = start(sinks=[push_sink(bind="tcp://127.0.0.1:0", when_full=policy, queue="1MiB"),
                          other_sink()])
    still = stand_still(listens_on(daemon), b"PULL", 1)
    client(daemon.address).send(*long_entries(3000, 20_000))
    daemon.wait_written(3000, sink="other")
    look = daemon.wait_ledger(lambda look: look.sinks["out"]["offered"] == 3000)
    assert look.sinks["out"]["dropped"] > 1000 and look.sinks["out"]["queued"] > 0
    assert look.sinks["other"]["dropped"] == 0
    check_peak(daemon)
    still[0].close()
    pull = listener(zmq.PULL, connect=listens_on(daemon))
    daemon.wait_ledger(lambda look: look.sinks["out"]["queued"] == 0)
    assert daemon.stop(sent=3000) == EXIT_FINE
    sink = daemon.final.sinks["out"]
    output = Output(pull.lines(), "json")
    assert sum(sink["reasons"].values()) == sink["dropped"]
    if len(output.notices) == sink["notices"]:
        assert output.told == sink["reasons"]
    else:  # one was queued for the peer that never read
        assert output.told < sink["reasons"]


@pytest.mark.parametrize("how", ["message", "command"])
def test_a_flood_of_subscriptions(start, client, listener, how):
    """ZeroMQ keeps each subscription: a peer that makes more than a hundred is cut off, and told.
    Memory stays below its cap, and others are served."""
    daemon = start(memory={"cap": "48MiB"}, sinks=[pub_sink(bind="tcp://127.0.0.1:0")])
    good = listener(zmq.SUB, connect=listens_on(daemon))
    one = client(daemon.address)
    probes = subscribe(good, daemon, one)

    def subscription(number):
        topic = bytes((number >> bit & 1) * 255 for bit in range(24)) + b"%08d" % number
        return frame(b"\x01" + topic) if how == "message" else command(b"SUBSCRIBE", topic)

    for turn in range(30):
        with Peer(listens_on(daemon)).shake_hands(b"SUB") as peer:
            peer.send(b"".join(subscription(turn * 500 + i) for i in range(500)))
            assert peer.wait_cut()
    daemon.wait_said("sink out: 127.0.0.1:")
    daemon.wait_said("was cut off: it said more than receivers do")
    one.send(b'{"message":"still here"}')
    wait_until(lambda: b"still here" in good.got[-1][0], "the last")
    check_peak(daemon)
    assert daemon.stop(sent=probes + 1) == EXIT_FINE


def test_receivers_that_send_junk(start, client, listener):
    """A PULL has nothing to say: frames without end, and what is no ZeroMQ, are cut off."""
    daemon = start(sinks=[push_sink(bind="tcp://127.0.0.1:0")])
    place = listens_on(daemon)
    with Peer(place).shake_hands(b"PULL") as peer:
        assert peer.flood(frame(b"x" * 200, more=True), 64 * MIB) < 32 * MIB  # kernels buffer some
        assert peer.wait_cut()
    with Peer(place) as peer:
        peer.send(b"GET / HTTP/1.1\r\n\r\n")
        assert peer.wait_cut()
    pull = listener(zmq.PULL, connect=place)
    client(daemon.address).send(numbered_json(0, 0))
    pull.wait(1)
    check_peak(daemon)
    assert daemon.stop(sent=1) == EXIT_FINE


# ---- the stop -----------------------------------------------------------------------------------


def test_a_stop_waits_for_what_zeromq_still_has(start, client, listener):
    """The receiver is slow: entries are in ZeroMQ's pipe when the daemon is told to stop, and it
    stays until they are sent."""
    daemon = start(sinks=[push_sink(bind="tcp://127.0.0.1:0")])
    pull = Listener(zmq.PULL, connect=listens_on(daemon), rcvhwm=1, rcvbuf=65536)
    pull.ending = True  # it does not read yet
    pull.thread.join()
    client(daemon.address).send(*long_entries(70, 50_000))
    daemon.wait_written(70)
    daemon.send_signal(signal.SIGTERM)
    daemon.wait_said("stopping: ")
    pull.ending = False
    pull.thread = threading.Thread(target=pull._receive, daemon=True)
    pull.thread.start()
    assert daemon.wait_exit(sent=70) == EXIT_FINE
    pull.wait(len(range(70)))
    pull.end()


def test_a_stop_tells_what_zeromq_could_not_send(start, client):
    """The receiver never reads: what ZeroMQ had taken is told by number, and admitted."""
    daemon = start(sinks=[push_sink(bind="tcp://127.0.0.1:0")], drain_timeout="1s")
    still = stand_still(listens_on(daemon), b"PULL", 1)
    client(daemon.address).send(*long_entries(200, 60_000))
    daemon.wait_ledger(lambda look: look.endpoint["received"] >= 100)
    daemon.send_signal(signal.SIGTERM)
    assert daemon.process.wait(timeout=PATIENCE_S) == EXIT_LOSSES
    unsent = int(re.search(r"sink out: (\d+) messages that ZeroMQ had taken were not sent", daemon.said)[1])
    assert 0 < unsent <= 100
    still[0].close()
