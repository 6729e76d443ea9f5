"""The attacks on the memory cap once more, by peers that speak CURVE: with a key that is let in,
with another one, and with none. Beside them an honest client on loopback, which notices nothing."""

import contextlib
import time

import pytest
from cap_story import Honest, check_peak, over_cap
from curve_peer import HIDDEN_COMMAND, HIDDEN_MORE, CurvePeer
from curve_story import Keys
from logboom_story import PATIENCE_S, Client
from zmtp_peer import CUT, half_frame


@pytest.fixture
def keys(tmp_path):
    return Keys(tmp_path)


@pytest.fixture
def daemon(start, keys):
    return start(ingest=[{"name": "near", "bind": "tcp://127.0.0.1:0"},
                         {"name": "far", "bind": "tcp://127.0.0.1:0", **keys.endpoint("web1")}],
                 sink={"format": "line"})


@pytest.fixture
def honest(daemon, tools):
    one = Honest(daemon, tools)
    yield one
    one.end()


class Attack:
    def __init__(self, daemon, keys):
        self.daemon, self.keys = daemon, keys
        self.peers = []

    def peer(self, name="web1"):
        self.peers.append(CurvePeer(self.daemon.addresses[1], self.keys.pair(name), self.keys.pair("server")[0]))
        return self.peers[-1]

    def end(self):
        for one in self.peers:
            one.close()


@pytest.fixture
def attack(daemon, keys):
    one = Attack(daemon, keys)
    yield one
    one.end()


def test_raw_peers_are_understood(daemon, attack):
    """Else all that follows would prove nothing: what such a peer sends properly is written."""
    peer = attack.peer().shake_hands()
    for i in range(10):
        peer.send(peer.message(b"topic", hidden=HIDDEN_MORE) + peer.message(b"entry %d" % i))
    daemon.wait_written(10)
    look = daemon.wait_ledger(lambda look: look.gate["charged"] == 0, "all given back")
    assert look.gate["voided"] == 0
    daemon.stop()
    assert [line.rpartition(b": ")[2] for line in daemon.lines()] == [b"entry %d" % i for i in range(10)]


OUTSIDE = {"unmarked": {}, "marked as a command": {"command": True}, "marked as more": {"more": True}}


@pytest.mark.parametrize("outside", OUTSIDE)
@pytest.mark.parametrize("size", [0, 33, 200, 20_000])
def test_a_message_without_end(daemon, honest, attack, size, outside):
    """A client with the right key sends frame after frame of a message that never ends. From
    outside each looks whole, so it cannot be cut for what it says; but nothing of it can be
    received. It comes back whenever it is cut."""
    body, cuts, sent, end = b"m" * size, 0, 0, time.monotonic() + 3
    while time.monotonic() < end and not over_cap(daemon):
        peer = attack.peer().shake_hands()
        sent += peer.flood_frames(lambda: peer.message(body, hidden=HIDDEN_MORE, **OUTSIDE[outside]),
                                  1 << 40, blocked_s=3, seconds=max(0.5, end - time.monotonic()))
        cuts += peer.wait_cut(5)
        peer.close()
    check_peak(daemon)
    assert sent > 0 and cuts > 0, (sent, cuts)
    look = daemon.ledger()
    assert look.gate["cut"]["message"] + look.gate["cut"]["stuck"] + look.gate["cut"]["frames"] >= cuts
    assert look.gate["peak"] <= look.gate["limit"] + 300_000
    honest.check_served(silence_s=2.5)
    honest.finish()


def test_many_that_stay_below_the_limit(daemon, honest, attack):
    """Sixty of them each send less than one message may have, more together than the budget, and
    then nothing. Whoever is in the way is cut after a second; nobody is kept from sending."""
    peers = [attack.peer().shake_hands() for _ in range(60)]
    for peer in peers:
        part = b"".join(peer.message(b"m" * 10_000, hidden=HIDDEN_MORE) for _ in range(24))
        with contextlib.suppress(*CUT, AssertionError):
            while part and not peer.cut:
                went = peer.send_some(part)
                part = part[went:]
                if not went:
                    break
    end = time.monotonic() + 4
    while time.monotonic() < end and not over_cap(daemon):
        time.sleep(0.02)
        for peer in peers:
            peer.listen()
    check_peak(daemon)
    look = daemon.ledger()
    assert look.gate["peak"] <= look.gate["limit"] + 300_000
    honest.check_served(silence_s=3)
    honest.finish()


def test_commands_without_end(daemon, honest, attack):
    """What is marked as a command inside is libzmq's, and never ours to receive."""
    peer = attack.peer().shake_hands()
    sent = peer.flood_frames(lambda: peer.message(b"\4PING" + bytes(60), hidden=HIDDEN_COMMAND), 64 << 20,
                             blocked_s=3, seconds=3)
    assert sent > 0 and peer.wait_cut(5)
    check_peak(daemon)
    honest.check_served(silence_s=2.5)
    honest.finish()


def test_heartbeats_cost_a_client_nothing_that_sends(daemon, keys):
    """A client of ZeroMQ that sends a heartbeat every 50 ms and an entry now and then: what the gate
    was charged for its heartbeats is given up with each entry."""
    one = Client(daemon.addresses[1], heartbeat_ivl=50, heartbeat_timeout=PATIENCE_S * 1000,
                 **keys.client_options("web1"))
    given_up = 0
    for number in range(3):
        daemon.wait_ledger(lambda look: look.gate["charged"] > 2000, "heartbeats are charged")
        one.send(f"entry {number}")
        given_up = daemon.wait_ledger(lambda look: look.gate["voided"] > given_up, "given up").gate["voided"]
    look = daemon.ledger()
    assert sum(look.gate["cut"].values()) == 0
    one.close()


def test_a_key_that_is_not_let_in(daemon, honest, attack):
    """Handshakes with another key, one after the other and as fast as they can, each with data
    right behind it."""
    end, turns = time.monotonic() + 3, 0
    while time.monotonic() < end and not over_cap(daemon):
        peer = attack.peer("stranger")
        with contextlib.suppress(*CUT):
            assert not (peer.say_hello() and peer.initiate())
        peer.close()
        turns += 1
    check_peak(daemon)
    assert turns > 10
    assert {name: it["received"] for name, it in daemon.ledger().endpoints.items()}["far"] == 0
    honest.check_served()
    honest.finish()


@pytest.mark.parametrize("said", ["after the greeting", "after HELLO"])
def test_no_key_at_all(daemon, honest, attack, said):
    """A hundred peers stop halfway, or announce far more than a handshake ever has; most of them are
    turned away before."""
    answered = 0
    for turn in range(100):
        peer = attack.peer("stranger")
        if said == "after HELLO":
            answered += peer.say_hello()
            peer.send(half_frame(1 << 30, b"\x08INITIATE" + bytes(1000)))
        else:
            peer.send(b"\xff" + bytes(8) + b"\x7f\x03\x00CURVE" + bytes(47) + half_frame(200_000, bytes(1000)))
    for peer in attack.peers:
        assert peer.wait_cut(PATIENCE_S / 3)
    assert answered >= 30 or said != "after HELLO"
    check_peak(daemon)
    assert daemon.ledger().gate["charged"] < 1 << 20
    honest.check_served()
    honest.finish()
