"""Peers that break the rules of ZMTP, or follow them to the letter and never come to an end.
They cost themselves their connection; honest clients notice nothing."""

import contextlib
import re
import time

import pytest
from cap_story import (
    MIB,
    MIXED_SIZES,
    Honest,
    check_charged,
    check_peak,
    check_quiet,
    cut,
    keep_flooding,
    verify_file,
    wait_all_written,
)
from logboom_story import EXIT_FINE, PATIENCE_S, SANITIZED, wait_until
from zmtp_peer import (
    OLD_GREETINGS,
    Crowd,
    Peer,
    allow_descriptors,
    frame,
    greeting,
    half_frame,
    ready,
)

PART = 8 if SANITIZED else 1


def address(transport, folder):
    return {"tcp": "tcp://127.0.0.1:0", "ipc": f"ipc://{folder}/in.sock"}[transport]


@pytest.fixture
def honest_client(tools):
    """Starts the client that is served whatever others do."""
    made = []

    def make(daemon):
        made.append(Honest(daemon, tools))
        return made[-1]

    yield make
    for one in made:
        one.end()


@pytest.mark.parametrize("transport", ["tcp", "ipc"])
@pytest.mark.parametrize("size", [0, 33, 200, 60_000])
def test_a_message_without_end(start, honest_client, tmp_path, size, transport):
    """A peer sends frame after frame with the flag that says "more of this message comes", and
    whenever it is cut it comes again. libzmq would store all of it: no message is complete, so
    nothing counts it. The peer is cut, memory stays, and the honest client keeps its rate."""
    daemon = start(endpoint={"bind": address(transport, tmp_path)}, sink={"format": "line"})
    honest = honest_client(daemon)
    sent, cuts = keep_flooding(daemon, frame(b"m" * size, more=True), seconds=1.2)
    check_peak(daemon)
    assert sent > 0 and cuts > 0, (sent, cuts)
    look = check_charged(daemon, 64 * 64 if size < 60_000 else 240_000)
    assert look.gate["cut"]["message" if size == 60_000 else "frames"] >= cuts
    honest.check_served()
    honest.finish()


def test_a_frame_larger_than_any_message_may_be(start, honest_client):
    """A peer announces a frame of 1 GiB and sends it: cut at its head, before memory is taken."""
    daemon = start(sink={"format": "line"})
    honest = honest_client(daemon)
    with Peer(daemon.address) as peer:
        peer.shake_hands().send(half_frame(1 << 30))
        peer.flood(b"x" * 65536, 64 * MIB)
        assert peer.wait_cut()
    check_peak(daemon)
    daemon.wait_ledger(lambda look: cut(look) == 1, "one is cut")
    honest.check_served()
    honest.finish()


@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_handshakes_that_stop_halfway(start, honest_client, tmp_path, transport):
    """Sixty peers connect; some say nothing, some half a greeting, some no READY. All are closed
    some seconds later; until then the honest client is served as ever."""
    daemon = start(endpoint={"bind": address(transport, tmp_path)}, sink={"format": "line"})
    honest = honest_client(daemon)
    with contextlib.ExitStack() as crowds:
        halves = {said: crowds.enter_context(Crowd(daemon.address, said)) for said in
                  (b"", greeting()[:10], greeting()[:40], greeting(), greeting() + ready()[:9])}
        for crowd in halves.values():
            assert crowd.connect(12) == 12
            crowd.turn()
        for said, crowd in halves.items():
            crowd.run_until(lambda: crowd.cut == 12, f"closed after {said!r}")
    check_peak(daemon)
    honest.check_served()
    honest.finish()


@pytest.mark.parametrize("kind", OLD_GREETINGS)
def test_peers_older_than_zmtp_3(start, honest_client, kind):
    """What a ZeroMQ of 2012 says first: it is cut at once, and counted."""
    daemon = start(sink={"format": "line"})
    honest = honest_client(daemon)
    with Peer(daemon.address) as peer:
        peer.send(OLD_GREETINGS[kind])
        assert peer.wait_cut(PATIENCE_S / 3)
    daemon.wait_ledger(lambda look: look.gate["cut"]["old"] == 1, "counted")
    honest.check_served()
    honest.finish()


def test_each_peer_that_is_cut_is_told(start):
    """A peer is cut, and the log says so. Four more are cut within a moment, and then nothing
    happens any more. A second later the log names one of them and counts the others."""
    daemon = start()
    for turn in range(5):
        with Peer(daemon.address) as peer:
            peer.send(OLD_GREETINGS["ZMTP 1.0"])
            assert peer.wait_cut(PATIENCE_S / 3)
        if turn == 0:
            daemon.wait_said("was cut off")

    def told():
        lines = re.findall(r"was cut off: it does not speak .*?(?:so were (\d+) others)?$", daemon.said, re.M)
        return len(lines) + sum(int(others or 0) for others in lines)

    wait_until(lambda: told() == 5, lambda: f"5 are told: {daemon.said}")


def test_half_sent_messages_do_not_starve_others(start, honest_client):
    """A hundred peers announce 250 KB each, more together than may be received at once, send
    most of it and stop. For a second they are waited for, the honest client with them; then they
    are cut, and it goes on. That they come again and again does not change that."""
    daemon = start(sink={"format": "line"})
    honest = honest_client(daemon)
    with Crowd(daemon.address, greeting() + ready(), lambda _: half_frame(250_000, b"h" * 240_000)) as crowd:

        def come_again():
            crowd.connect(100 + crowd.cut - crowd.begun)

        def was_felt():
            come_again()
            gate = daemon.ledger().gate
            return gate["peak"] >= 0.9 * gate["limit"] and gate["cut"]["stuck"] > 0

        crowd.connect(100)
        crowd.run_until(lambda: crowd.ready + crowd.cut >= 100, "their handshakes")
        for turn in range(3):
            crowd.run_for(1.2)
            come_again()
        crowd.run_until(was_felt, "as much as may be was charged, and somebody cut")
        check_peak(daemon)
        honest.check_served(silence_s=2.5)
    honest.finish()


def test_newcomers_cannot_begin_a_message_beyond_the_budget(start):
    """A hundred peers say, in one piece, all of their handshake and the head of a message of
    250 KB, and fill it. However many come, no more is begun than the budget has room for, but
    for one frame."""
    daemon = start(sink={"format": "line"})
    head = half_frame(250_000, b"h" * 100)
    with Crowd(daemon.address, greeting() + ready() + head, lambda _: b"h" * 240_000) as crowd:
        crowd.connect(100)
        crowd.run_until(lambda: crowd.ready + crowd.cut >= 100, "their handshakes")
        crowd.run_for(0.5)
        look = check_charged(daemon, 30 * 250_000)
        assert look.gate["peak"] <= look.gate["limit"] + 250_000 + 8192
        check_peak(daemon)


def test_half_sent_messages_do_not_hold_their_place_for_ever(start, tools):
    """Eight peers take all eight places, send half a message each, and stop. An honest client
    knocks: it waits at the door, at no cost, but not longer than 35 s. Then the eight are
    closed, as they never sent an entry, and it is served."""
    daemon = start(endpoint={"max_clients": 8}, sink={"format": "line"})
    with Crowd(daemon.address, greeting() + ready(), lambda _: half_frame(100_000, b"h" * 50_000)) as crowd:
        crowd.connect(8)
        crowd.run_until(lambda: crowd.ready == 8, "their handshakes")
        check_charged(daemon, 8 * 50_000)
        began = time.monotonic()
        one = tools.push(daemon, entries=10)
        check_quiet(daemon, turn=crowd.turn)
        assert daemon.ledger().sink["written"] == 0
        crowd.run_until(lambda: one.says("left"), "the honest client is served", 40)
        daemon.wait_written(10)
        assert time.monotonic() - began <= 35
        crowd.run_until(lambda: crowd.cut >= 1, "a place was made")
    check_peak(daemon)
    assert cut(daemon.ledger()) >= 1
    assert daemon.stop(sent=10) == EXIT_FINE
    verify_file(daemon.log).check_complete(tools.sent())


def test_silent_connections_and_one_honest_client_behind_them(start, tools):
    """Five hundred connections are opened and never used. The honest client that comes last
    is served within 35 s, and the daemon has little to do meanwhile."""
    allow_descriptors(4096)
    daemon = start(sink={"format": "line"})
    with Crowd(daemon.address) as crowd:
        crowd.connect(500)
        began = time.monotonic()
        one = tools.push(daemon, entries=10)
        check_quiet(daemon, turn=crowd.turn)
        crowd.run_until(lambda: one.says("left"), "the honest client is served", 35)
        daemon.wait_written(10)
        assert time.monotonic() - began <= 35
    check_peak(daemon)
    assert daemon.ledger().gate["cut"]["handshake"] > 0
    assert daemon.stop(sent=10) == EXIT_FINE
    verify_file(daemon.log).check_complete(tools.sent())


def test_a_hundred_greedy_clients(start, tools):
    """A hundred clients send messages of 0 bytes to 64 KiB, all at once and as fast as they can.
    Nothing is lost, nobody stalls, each client's entries stay in order."""
    daemon = start(sink={"format": "line"})
    for first in (0, 50):
        tools.push(daemon, clients=50, first=first, entries=200 // PART, sizes=MIXED_SIZES)
    check_charged(daemon, 256 * 1024)
    sent = tools.sent()
    wait_all_written(daemon, sent.all)
    check_peak(daemon)
    assert "sink all: full" not in daemon.said
    assert daemon.stop(sent=sent.all) == EXIT_FINE
    verify_file(daemon.log).check_complete(sent)
