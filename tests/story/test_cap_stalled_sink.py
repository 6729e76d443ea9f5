"""Nobody reads the output, and clients send without mercy: memory stays below its cap, and
nothing is lost but what is counted."""

import pytest
from cap_story import (
    MIB,
    MIXED_SIZES,
    check_books,
    check_charged,
    check_peak,
    check_quiet,
    wait_all_written,
)
from logboom_story import EXIT_FINE, PATIENCE_S, SANITIZED
from zmtp_peer import allow_descriptors

LONG_S = 2 * PATIENCE_S  # hundreds of megabytes go through a pipe
PART = 8 if SANITIZED else 1  # of what is sent

def address(transport, folder):
    return {"tcp": "tcp://127.0.0.1:0", "ipc": f"ipc://{folder}/in.sock"}[transport]


def stall(daemon, tools, **options):
    """Somebody sends until the sink is full; from then on nothing is received."""
    tools.push(daemon, first=90000, entries=40 * 256, sizes=4096, **options)
    daemon.wait_said("sink all: full for 1.")


def finish(daemon, tools, unread, ordered=True):
    """Somebody reads after all: every entry comes out, once and whole, and the sums agree."""
    unread.begin()
    sent = tools.sent()
    wait_all_written(daemon, sent.all)
    check_peak(daemon)
    assert daemon.stop(sent=sent.all) == EXIT_FINE
    verified = unread.end()
    verified.check_complete(sent, ordered)
    check_books(sent, verified, daemon.final)


MIXED = {"clients": 100, "entries": 370 // PART, "sizes": MIXED_SIZES}
SMALL = {"clients": 100, "entries": 15000 // PART, "sizes": 200}


@pytest.mark.parametrize("transport, load", [
    pytest.param("tcp", MIXED, id="tcp-mixed"), pytest.param("ipc", MIXED, id="ipc-mixed"),
    pytest.param("ipc", SMALL, id="ipc-200"),
])
def test_300_megabytes_into_an_output_that_is_not_read(start, tools, unread, tmp_path, transport, load):
    """Many clients send as fast as they can, 300 MB together, and the program behind the FIFO
    hangs. The daemon takes what its memory allows; then the clients wait. Later the program
    reads on: all entries come out, each client's in order, by number and checksum."""
    daemon = start(endpoint={"bind": address(transport, tmp_path)}, sink={"format": "line"})
    tools.push(daemon, **load)
    daemon.wait_said("sink all: full for 1.", patience_s=LONG_S)
    check_charged(daemon, 2 * MIB)
    check_quiet(daemon, seconds=2)
    check_peak(daemon)
    finish(daemon, tools, unread)


@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_newcomers_while_all_memory_is_taken(start, tools, unread, tmp_path, transport):
    """Clients have filled what there is for messages, and wait. Others come only now: some send
    and leave at once, some stay. They wait, too; nobody is turned away in the middle of the
    handshake, where ZeroMQ would lose what it has sent already; all entries come out."""
    daemon = start(endpoint={"bind": address(transport, tmp_path)}, sink={"format": "line"})
    tools.push(daemon, **MIXED)
    daemon.wait_ledger(lambda look: look.gate["held"] >= 50, "all is taken", LONG_S)
    tools.push(daemon, first=1000, clients=20, entries=100, hold=1)
    tools.churn(daemon, client=2000, cycles=50, messages=20)
    check_quiet(daemon, seconds=3)
    tools.started[1].tell_to_leave()
    check_peak(daemon)
    finish(daemon, tools, unread, ordered=False)


@pytest.mark.parametrize("policy", ["drop_newest", "drop_oldest"])
def test_300_megabytes_past_an_output_that_is_not_read(start, tools, unread, policy):
    """The same load, but the sink may drop: the clients are never held back, and the program
    that reads in the end finds what was kept, and notices whose sum is what is missing."""
    daemon = start(sink={"format": "line", "when_full": policy})
    tools.push(daemon, **MIXED)
    sent = tools.sent()
    look = daemon.wait_ledger(lambda look: look.endpoint["received"] == sent.all, "all received", LONG_S)
    assert look.sink["dropped"] > 0 and look.gate["peak"] > 0
    unread.begin()
    daemon.wait_ledger(lambda look: not look.sink["queued"] + look.sink["in_flight"], "all written", LONG_S)
    check_peak(daemon)
    daemon.stop()
    verified = unread.end()
    verified.check_whole()
    check_books(sent, verified, daemon.final)


def test_a_hundred_slow_loggers_while_the_output_is_not_read(start, tools, unread):
    """A hundred programs log a small line now and then, each in a segment of its own, while
    somebody else has filled the queue of a sink that is not read. Small messages must not
    cost libzmq large buffers; all of them come out in the end."""
    daemon = start(sink={"format": "line"})
    stall(daemon, tools)
    tools.push(daemon, clients=100, entries=40, rate=20, sizes="26,33,120")
    slow = tools.started[-1].wait_says("queued")
    check_charged(daemon, 1)
    check_quiet(daemon)
    check_peak(daemon)
    assert slow.says("queued")
    finish(daemon, tools, unread)


def test_2000_short_connections_while_the_output_is_not_read(start, tools, unread):
    """Two thousand times a program connects, sends 20 KB and is gone, while the output is not
    read. Who has left costs as little as who stays, and all that they sent comes out."""
    allow_descriptors(8192)
    daemon = start(sink={"format": "line"})
    stall(daemon, tools)
    tools.churn(daemon, cycles=2000 // PART, messages=20, sizes=1000, pending=2200).wait_says("closed")
    check_charged(daemon, 64 * 1024)
    check_quiet(daemon)
    check_peak(daemon)
    finish(daemon, tools, unread, ordered=False)


@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_a_client_that_leaves_1300_entries_behind_an_output_that_is_not_read(
        start, tools, unread, tmp_path, transport):
    """The queue of a `block` sink is full. A short-lived program hands over 1,300 entries and
    exits. Nothing reads them for a while; then all of them arrive."""
    daemon = start(endpoint={"bind": address(transport, tmp_path)}, sink={"format": "line"})
    stall(daemon, tools)
    leaver = tools.push(daemon, entries=1300)
    leaver.wait()
    check_charged(daemon, 1)
    check_peak(daemon)
    finish(daemon, tools, unread)
