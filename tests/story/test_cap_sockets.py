"""What pull endpoints bear, the other kinds bear as well: messages without end, clients that
never read what they asked for, clients under one name. Memory stays, and others are served."""

import struct
import time

import pytest
import zmq
from cap_story import check_charged, check_peak, over_cap
from logboom_story import EXIT_FINE, PATIENCE_S, SANITIZED, new_context, numbered_json
from zmtp_peer import Peer, command, frame, greeting

TYPE_OF = {"sub": b"PUB", "router": b"DEALER", "rep": b"DEALER", "pair": b"PAIR"}
SECONDS = 1.2
MESSAGES_MAX = 100 if SANITIZED else 1 << 30  # of 31 entries, each 2 ms of the sanitizer's malloc


def endpoint(kind, **settings):
    return {"name": "in", "socket": kind, "bind": "tcp://127.0.0.1:0", **settings}


def flood(daemon, kind, head, unit, seconds=SECONDS):
    """An attacker that comes back as soon as it is cut. (bytes sent, how often it was cut)"""
    sent, cuts, end = 0, 0, time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not over_cap(daemon):
        with Peer(daemon.address) as peer:
            peer.shake_hands(TYPE_OF[kind])
            peer.send(head)
            sent += peer.flood(unit, 1 << 40, seconds=left, watch=lambda: over_cap(daemon))
            cuts += peer.wait_cut(0 if time.monotonic() > end else 1)
    return sent, cuts


@pytest.mark.parametrize("size", [0, 200, 60_000])
@pytest.mark.parametrize("kind", TYPE_OF)
def test_a_message_without_end(start, kind, size):
    """Frame after frame with the flag that says "more of this message comes"."""
    daemon = start(ingest=[endpoint(kind)])
    sent, cuts = flood(daemon, kind, b"", frame(b"m" * size, more=True))
    check_peak(daemon)
    assert sent > 0 and cuts > 0, (sent, cuts)
    look = check_charged(daemon, 64 * 64 if size < 60_000 else 240_000)
    assert look.gate["cut"]["message" if size == 60_000 else "frames"] >= cuts
    assert look.received == 0
    assert daemon.stop() == EXIT_FINE


@pytest.mark.parametrize("kind", TYPE_OF)
def test_whole_messages_without_pause(start, kind):
    """Messages as fast as they go, of all the frames that are allowed. None costs the connection;
    what was charged is given back to the last byte."""
    daemon = start(ingest=[endpoint(kind)], sink={"when_full": "drop_newest"})
    frames = 30
    unit = (frame(b"", more=True) if kind == "rep" else b"") + frame(b"t", more=True) + \
        frame(b"x" * 100, more=True) * frames + frame(b"end")
    with Peer(daemon.address) as peer:
        peer.shake_hands(TYPE_OF[kind])
        if kind == "rep":
            end = time.monotonic() + SECONDS
            count = 0
            while time.monotonic() < end and count < MESSAGES_MAX:
                assert peer.send(unit * 20)
                count += 20
                peer.listen()
                peer.heard.clear()
        else:
            count = 0
            end = time.monotonic() + SECONDS
            while time.monotonic() < end and count < MESSAGES_MAX:
                assert peer.send(unit * 20)
                count += 20
                peer.listen()
        look = daemon.wait_ledger(lambda look: look.endpoint["messages"] == count, f"{count} messages")
        assert look.received == count * (frames + 1)
    check_peak(daemon)
    daemon.wait_ledger(lambda look: look.gate["charged"] == 0, "all given back")
    assert daemon.stop() == EXIT_FINE


# ---- rep ---------------------------------------------------------------------------------------


def test_a_client_that_asks_and_never_reads(start):
    """Its answers fill the kernel's buffers, and then ZeroMQ's queue. It is waited for, for half a
    second, and cut; memory stays, and the others get their answers all the time."""
    daemon = start(ingest=[endpoint("rep")], sink={"when_full": "drop_newest"})
    honest = new_context().socket(zmq.REQ)
    honest.sndtimeo = honest.rcvtimeo = PATIENCE_S * 1000
    honest.connect(daemon.address)
    hops = frame(b"h" * 60, more=True) * 7 + frame(b"", more=True) + frame(b"x")
    longest, rounds, cuts, end = 0, 0, 0, time.monotonic() + 4 * SECONDS
    deaf, unsent = None, b""
    while time.monotonic() < end or not cuts:
        assert time.monotonic() < end + PATIENCE_S, daemon.ledger().gate
        if not deaf or deaf.cut:
            cuts += deaf is not None
            deaf, unsent = Peer(daemon.address), b""
            deaf.shake_hands(b"DEALER")
        for _ in range(200):
            unsent = unsent or hops * 100
            unsent = unsent[deaf.send_some(unsent):]
        began = time.monotonic()
        honest.send(numbered_json(0, rounds))
        assert honest.recv() == b"OK"
        longest = max(longest, time.monotonic() - began)
        rounds += 1
    deaf.close()
    check_peak(daemon)
    assert longest < PATIENCE_S / 3, longest
    look = daemon.wait_ledger(lambda look: look.gate["charged"] == 0, "all is received")
    assert look.endpoint["unanswered"] >= look.gate["cut"]["deaf"] >= 1
    daemon.wait_said("was cut off: it took nothing of what it is sent")
    assert daemon.stop() == EXIT_FINE


def named_ready(name):
    """A DEALER's READY with an id of its own choice."""
    def prop(key, value):
        return bytes([len(key)]) + key + struct.pack(">I", len(value)) + value

    return command(b"READY", prop(b"Socket-Type", b"DEALER") + prop(b"Identity", name))


@pytest.mark.parametrize("kind", ["rep", "router"])
def test_clients_under_one_name(start, kind):
    """Many connections, all with one id. ZeroMQ would keep what a second one sends, unread, for
    ever, and the gate would believe that it is gone."""
    daemon = start(ingest=[endpoint(kind)], sink={"when_full": "drop_newest"})
    unit = (frame(b"", more=True) if kind == "rep" else b"") + frame(b"x" * 20_000)
    for _ in range(20 if SANITIZED else 150):
        if over_cap(daemon):
            break
        with Peer(daemon.address) as one, Peer(daemon.address) as other:
            for peer in (one, other):
                peer.send(greeting() + named_ready(b"app"))
                peer.wait_ready()
            for peer in (one, other):
                peer.flood(unit, 1 << 20, blocked_s=0.02, watch=lambda: over_cap(daemon))
    check_peak(daemon)
    daemon.wait_ledger(lambda look: look.gate["charged"] < 1 << 20, "charges are given back")
    assert daemon.stop() == EXIT_FINE
