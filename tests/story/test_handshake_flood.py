"""Handshakes in vain are dear for the daemon and cheap for who makes them: each address has some, and
all that were never let in have some together. Whoever makes more is closed before any of it."""

import contextlib
import socket
import time

import pytest
from curve_peer import CurvePeer
from curve_story import Keys, refusal_of
from logboom_story import EXIT_FINE, PATIENCE_S

OF_UNKNOWN, SHARED = 32, 64
A_SECOND, A_SECOND_SHARED = 5, 25  # come back
TOLD_EVERY_S = 10
FLOOD = 200


class Clock:
    """How many tries have come back, and how often the log may have told, on a machine however slow."""

    def __init__(self):
        self.begun = time.monotonic()

    def times(self, a_second):
        return 1 + a_second * (time.monotonic() - self.begun)


@pytest.fixture
def daemon(start, tmp_path):
    keys = Keys(tmp_path)
    daemon = start(endpoint=keys.endpoint("web1", "web2", max_clients=512))
    daemon.keys = keys
    return daemon


def knock(daemon, source):
    """A connection from this address that says nothing; None: it was closed at once."""
    host, _, port = daemon.address.removeprefix("tcp://").rpartition(":")
    try:
        return socket.create_connection((host, int(port)), PATIENCE_S, (source, 0))
    except ConnectionError:
        return None


def is_greeted(connection):
    """Whether it was let try."""
    try:
        return connection.recv(1) == b"\xff"
    except ConnectionError:
        return False


def count_greeted(stack, daemon, source, count=FLOOD):
    crowd = [stack.enter_context(it) for it in (knock(daemon, source) for _ in range(count)) if it]
    return sum(map(is_greeted, crowd))


def honest(client, daemon, name, source="127.0.0.1"):
    port = daemon.address.rpartition(":")[2]
    return client(f"tcp://{source}:0;127.0.0.1:{port}", reconnect_ivl=20, **daemon.keys.client_options(name))


def test_one_address_has_no_more_than_its_tries(daemon, client):
    """127.0.0.2 floods. Who is connected goes on, others get in, and even those behind the same
    address do when tries come back. The log says it once, the ledger counts."""
    settled = honest(client, daemon, "web1")
    settled.send("before")
    daemon.wait_written(1)
    clock = Clock()
    with contextlib.ExitStack() as stack:
        greeted = count_greeted(stack, daemon, "127.0.0.2")
        assert OF_UNKNOWN <= greeted <= OF_UNKNOWN + clock.times(A_SECOND)
        settled.send("during")
        new = honest(client, daemon, "web2", "127.0.0.3")
        new.send("from another address")
        daemon.wait_written(3)
    behind = honest(client, daemon, "web2", "127.0.0.2")
    behind.send("from behind the flood")
    daemon.wait_written(4)
    for one in (settled, new, behind):
        one.finish()
    daemon.wait_said("127.0.0.2 was turned away: too many handshakes with wrong keys")
    assert daemon.stop(sent=4) == EXIT_FINE
    assert daemon.final.gate["turned_away"] >= FLOOD - greeted
    assert 1 <= daemon.said.count("was turned away") <= clock.times(1 / TOLD_EVERY_S)


def test_many_addresses_have_no_more_together(daemon, client):
    """Whoever comes from where somebody was let in is not kept waiting by any number of others."""
    known = honest(client, daemon, "web1", "127.0.0.9")
    known.send("one")
    daemon.wait_written(1)
    clock = Clock()
    with contextlib.ExitStack() as stack:
        greeted = sum(count_greeted(stack, daemon, f"127.0.1.{i}", 10) for i in range(1, 31))
        assert SHARED <= greeted <= SHARED + clock.times(A_SECOND_SHARED)
        assert count_greeted(stack, daemon, "127.0.0.9", 20) == 20
        again = honest(client, daemon, "web2", "127.0.0.9")
        again.send("two")
        daemon.wait_written(2)
    for one in (known, again):
        one.finish()
    assert daemon.stop(sent=2) == EXIT_FINE


def test_a_wrong_key_spends_a_try_and_a_right_one_does_not(daemon, client):
    """A hundred connections of one key, each new; then some of a wrong one."""
    for i in range(100):
        one = honest(client, daemon, "web1")
        one.send(f"{i}")
        one.finish()
    daemon.wait_written(100)
    assert daemon.ledger().gate["turned_away"] == 0
    for _ in range(3):
        assert refusal_of(daemon.address, **daemon.keys.client_options("stranger"))
    with CurvePeer(daemon.address, daemon.keys.pair("web1"), daemon.keys.pair("server")[0]) as peer:
        assert peer.say_hello() and peer.initiate()
    assert daemon.stop(sent=100) == EXIT_FINE
